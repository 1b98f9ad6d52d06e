"""The stored values of a single-frame monochrome DICOM image, by the fastest exact decoder of each transfer syntax.

Decoders are called with as little in between as possible, since a 4,700 x 2,900 image has 27 MB: pylibjpeg-rle for RLE,
CharLS (pyjpegls) for JPEG-LS, OpenJPEG (pylibjpeg-openjpeg) for JPEG 2000 and HTJ2K, GDCM for lossless and 12-bit JPEG,
OpenCV for 8-bit JPEG.
"""

from __future__ import annotations

from typing import Any

import cv2
import jpeg_ls
import numpy as np
import openjpeg
from pydicom import uid
from pydicom.encaps import generate_frames
from rle.rle import decode_frame as decode_rle_frame

from tamperscope.errors import UnscorableImageError
from tamperscope.io.codestream import FrameHeader, jpeg2000_header, jpeg_header
from tamperscope.io.gdcm_jpeg import decode_12_bit, decode_lossless

_NATIVE = {
    uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian
}  # fmt: skip
_JPEG = {uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLossless, uid.JPEGLosslessSV1}
_DCT_MARKERS = (0xC0, 0xC1, 0xC2)
_LOSSLESS_MARKER = 0xC3
_JPEG_LS = {uid.JPEGLSLossless, uid.JPEGLSNearLossless}
_JPEG_2000 = {
    uid.JPEG2000Lossless, uid.JPEG2000, uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K
}  # fmt: skip


def decode_pixels(dataset: Any, syntax: uid.UID, rows: int, columns: int) -> np.ndarray:
    """Decode the one frame of a dataset whose size has been checked.

    Args:
        dataset: with Pixel Data, Bits Allocated (8 or 16), Bits Stored, High Bit and Pixel Representation.
        syntax: transfer syntax.
        rows: pixels.
        columns: pixels.

    Returns:
        uint8, int8, uint16 or int16, rows x columns, native byte order, within the range of Bits Stored; read-only
        where it shares memory with the dataset.

    Raises:
        UnscorableImageError: too little data, data of another kind than the transfer syntax says, or of another
            size, or an unsupported transfer syntax.
    """
    data = dataset.PixelData
    bits = int(dataset.BitsAllocated)
    signed = bool(dataset.get("PixelRepresentation", 0))
    if syntax in _NATIVE:
        pixels = _native(data, rows, columns, bits, big_endian=syntax == uid.ExplicitVRBigEndian)
    elif syntax == uid.RLELossless:
        pixels = _rle(_only_frame(data), rows, columns, bits)
    elif syntax in _JPEG:
        pixels = _jpeg(_only_frame(data), rows, columns)
    elif syntax in _JPEG_LS:
        frame = _only_frame(data)
        _agree(jpeg_header(frame), rows, columns, "JPEG-LS")
        decoded, info = jpeg_ls.decode_pixel_data(frame)
        pixels = _shaped(decoded, rows, columns, 1 if int(info["bits_per_sample"]) <= 8 else 2)
    elif syntax in _JPEG_2000:
        frame = _only_frame(data)
        _agree(jpeg2000_header(frame), rows, columns, "JPEG 2000")
        if frame.rfind(b"\xff\xd9", max(0, len(frame) - 8)) < 0:
            raise UnscorableImageError("The file is truncated: its JPEG 2000 stream has no end.")
        planes = bytes(openjpeg.decode_pixel_data(frame, version=2))
        pixels = _shaped(planes, rows, columns, len(planes) // (rows * columns))
    else:
        raise UnscorableImageError(
            f"The transfer syntax {syntax.name} ({syntax!s}) is not one that tamperscope can decode."
        )
    return _stored_bits(pixels, dataset, bits, signed)


def _native(data: bytes, rows: int, columns: int, bits: int, *, big_endian: bool) -> np.ndarray:
    needed = rows * columns * bits // 8
    if len(data) < needed:
        raise UnscorableImageError(
            f"The file is truncated: its Pixel Data (7FE0,0010) has {len(data)} bytes, and {columns} x {rows} pixels "
            f"need {needed}."
        )
    kind = np.dtype(f"{'>' if big_endian else '<'}u{bits // 8}")
    pixels = np.frombuffer(data, kind, count=rows * columns).reshape(rows, columns)
    # In big endian, 8-bit pixels are stored in swapped pairs only where their VR is OW.
    return pixels.astype(kind.newbyteorder("="), copy=False)


def _rle(frame: bytes, rows: int, columns: int, bits: int) -> np.ndarray:
    segments = int.from_bytes(frame[:4], "little") if len(frame) > 64 else 0
    if segments != bits // 8:
        raise UnscorableImageError(
            f"The Pixel Data is no RLE frame of {bits}-bit pixels (PS3.5 annex G): its header names "
            f"{segments} segments."
        )
    # A PackBits pair of bytes makes at most 128.
    if len(frame) * 64 < rows * columns * bits // 8:
        raise UnscorableImageError("The file is truncated: its RLE frame is too short for the image's size.")
    try:
        decoded = decode_rle_frame(frame, rows * columns, bits, "<")
    except BaseException as error:
        # pylibjpeg-rle is written in Rust, whose panics arrive as an exception that is no Exception.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise UnscorableImageError("The file is damaged: its RLE frame can't be decoded.") from error
        raise
    return _shaped(decoded, rows, columns, bits // 8)


def _jpeg(frame: bytes, rows: int, columns: int) -> np.ndarray:
    header = _agree(jpeg_header(frame), rows, columns, "JPEG")
    if not header.scan_start or frame.rfind(b"\xff\xd9", header.scan_start) < 0:
        raise UnscorableImageError("The file is truncated: its JPEG stream has no end.")
    if header.marker == _LOSSLESS_MARKER and 2 <= header.precision <= 16:
        decoded = decode_lossless(frame, rows, columns, header.precision)
        return _shaped(decoded, rows, columns, 1 if header.precision <= 8 else 2)
    if header.marker in _DCT_MARKERS and header.precision == 12:
        return _shaped(decode_12_bit(frame, rows, columns), rows, columns, 2)
    if header.marker in _DCT_MARKERS and header.precision == 8:
        flags = cv2.IMREAD_GRAYSCALE | cv2.IMREAD_IGNORE_ORIENTATION
        pixels = cv2.imdecode(np.frombuffer(frame, np.uint8), flags)
        if pixels is None or pixels.shape != (rows, columns):
            raise UnscorableImageError("The file is damaged: its JPEG stream can't be decoded.")
        return pixels
    raise UnscorableImageError(
        f"The JPEG stream is of a kind that DICOM does not have: {header.precision} bits, marker FF{header.marker:02X}."
    )


def _only_frame(data: bytes) -> bytes:
    """The bytes of the only frame of encapsulated pixel data."""
    try:
        return next(generate_frames(data, number_of_frames=1))
    except Exception as error:  # whatever pydicom's parser meets in broken fragments
        raise UnscorableImageError(
            "The Pixel Data (7FE0,0010) is not encapsulated as its transfer syntax says (PS3.5 annex A.4)."
        ) from error


def _agree(header: FrameHeader | None, rows: int, columns: int, name: str) -> FrameHeader:
    if header is None:
        raise UnscorableImageError(f"The Pixel Data is no {name} stream, though the transfer syntax says so.")
    if (header.rows, header.columns, header.samples) != (rows, columns, 1):
        raise UnscorableImageError(
            f"The {name} stream holds {header.columns} x {header.rows} pixels of {header.samples} samples, and "
            f"Rows and Columns (0028,0010/0011) say {columns} x {rows} of 1."
        )
    return header


def _shaped(data: bytes | bytearray, rows: int, columns: int, width: int) -> np.ndarray:
    if width not in (1, 2) or len(data) != rows * columns * width:
        raise UnscorableImageError(
            f"The file is damaged: decoding gave {len(data)} bytes for {columns} x {rows} pixels."
        )
    return np.frombuffer(data, f"<u{width}").reshape(rows, columns)


def _stored_bits(pixels: np.ndarray, dataset: Any, bits: int, signed: bool) -> np.ndarray:
    """Give pixels the type of Bits Allocated and Pixel Representation; what lies outside Bits Stored is cut off."""
    stored = int(dataset.BitsStored)
    high = int(dataset.get("HighBit", stored - 1))
    unsigned = np.dtype(f"u{bits // 8}")
    pixels = pixels.view(f"u{pixels.dtype.itemsize}")
    if pixels.dtype != unsigned:
        pixels = pixels.astype(unsigned)
    if stored == bits:
        return pixels.view(f"i{bits // 8}") if signed else pixels
    if high != stored - 1:
        pixels = pixels >> unsigned.type(high - stored + 1)
    if not signed:
        mask = (1 << stored) - 1
        return pixels & unsigned.type(mask) if int(pixels.max()) > mask else pixels
    # A shift up and back extends the sign over the unused bits.
    shift = bits - stored
    return (pixels << unsigned.type(shift)).view(f"i{bits // 8}") >> shift
