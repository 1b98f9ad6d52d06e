"""12-bit JPEG (Extended, processes 2 and 4), which Pillow and OpenCV lack: through GDCM.

pydicom does not use GDCM here; on conformant streams it gives what libjpeg-turbo 3 gives, pixel by pixel.
"""

from __future__ import annotations

import gdcm
import numpy as np


def decode_jpeg12(frame: bytes, rows: int, columns: int) -> np.ndarray:
    """Decode one monochrome 12-bit frame.

    Args:
        frame: the JPEG stream.
        rows: pixels, as in the stream's header.
        columns: pixels, as in the stream's header.

    Returns:
        uint16, rows x columns.

    Raises:
        ValueError: the stream can't be decoded.
    """
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(frame)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    image = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(element)
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGExtendedProcess2_4))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, 0))
    # GDCM hands bytes over as a string of Python.
    data = image.GetBuffer().encode("utf-8", "surrogateescape")
    if len(data) != 2 * rows * columns:
        raise ValueError(f"decoded {len(data)} bytes instead of {2 * rows * columns}")
    return np.frombuffer(data, "<u2").reshape(rows, columns)
