"""12-bit JPEG (Extended, processes 2 and 4), which Pillow and OpenCV lack: through GDCM, with a repair."""

from __future__ import annotations

import cv2
import gdcm
import numpy as np

_FULL = 4095


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
    return _unwrap(np.frombuffer(data, "<u2").reshape(rows, columns))


def _unwrap(pixels: np.ndarray) -> np.ndarray:
    """Bring values just below 0, which GDCM 3's 12-bit decoder turns into 4095, back to 0.

    JPEG's ripple around dark pixels is a few levels deep, so a patch of 4095 whose surroundings are dark was meant
    to be 0, while a truly saturated patch has bright surroundings. (pydicom refuses to use GDCM here for this flaw.)
    """
    full = (pixels == _FULL).astype(np.uint8)
    if not full.any():
        return pixels
    count, patches = cv2.connectedComponents(full, connectivity=8)
    around = cv2.dilate(patches.astype(np.float32), np.ones((3, 3), np.uint8))
    ring = (full == 0) & (around > 0)
    owner = around[ring].astype(np.int64)
    total = np.bincount(owner, weights=pixels[ring].astype(np.float64), minlength=count)
    size = np.bincount(owner, minlength=count)
    wrapped = total < (_FULL / 2) * size
    wrapped[0] = False
    return np.where(wrapped[patches], np.uint16(0), pixels)
