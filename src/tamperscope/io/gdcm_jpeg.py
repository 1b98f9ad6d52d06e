"""Lossless JPEG (processes 14) and 12-bit JPEG (processes 2 and 4), which Pillow and OpenCV lack: through GDCM.

pydicom does not use GDCM for 12 bits; on conformant streams it gives what libjpeg-turbo 3 gives, pixel by pixel. But
where such a stream is damaged, GDCM ends the whole process, which must not happen to a batch of images: 12-bit
streams, which are rare, are decoded in a process of their own. It is this module, run as a program.
"""

from __future__ import annotations

import subprocess
import sys

import gdcm

_SECONDS = 120


def decode_lossless(frame: bytes, rows: int, columns: int, precision: int) -> bytes:
    """Decode one monochrome frame of lossless JPEG.

    Args:
        frame: the JPEG stream, whose header has been checked.
        rows: pixels, as in the stream's header.
        columns: pixels, as in the stream's header.
        precision: bits a pixel, 2 to 16, as in the stream's header.

    Returns:
        Little-endian pixels, of one byte each up to 8 bits, else of two; fewer of them where the stream is damaged.
    """
    return _decode(frame, rows, columns, precision, gdcm.TransferSyntax.JPEGLosslessProcess14)


def decode_12_bit(frame: bytes, rows: int, columns: int) -> bytes:
    """Decode one monochrome frame of 12-bit lossy JPEG.

    Args:
        frame: the JPEG stream, whose header has been checked.
        rows: pixels, as in the stream's header.
        columns: pixels, as in the stream's header.

    Returns:
        Little-endian pixels of two bytes each; nothing where the stream is damaged.
    """
    command = [sys.executable, "-m", __name__, str(rows), str(columns)]
    child = subprocess.run(command, input=frame, capture_output=True, check=False, timeout=_SECONDS)
    return child.stdout if child.returncode == 0 else b""


def _decode(frame: bytes, rows: int, columns: int, precision: int, syntax: int) -> bytes:
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
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    image.SetPixelFormat(gdcm.PixelFormat(1, 8 if precision <= 8 else 16, precision, precision - 1, 0))
    # GDCM hands bytes over as a string of Python, or None where it can't decode.
    return (image.GetBuffer() or "").encode("utf-8", "surrogateescape")


if __name__ == "__main__":
    decoded = _decode(
        sys.stdin.buffer.read(), int(sys.argv[1]), int(sys.argv[2]), 12, gdcm.TransferSyntax.JPEGExtendedProcess2_4
    )
    sys.stdout.buffer.write(decoded)
