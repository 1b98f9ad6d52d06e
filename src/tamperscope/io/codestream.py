"""Size and precision of a compressed frame, from its own header, before a decoder allocates anything."""

from __future__ import annotations

import struct
from dataclasses import dataclass

_FRAME_MARKERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
"""SOF0 to SOF15 without DHT, JPG and DAC (ITU-T T.81, table B.1), and JPEG-LS's SOF55 (T.87)."""


@dataclass(frozen=True)
class FrameHeader:
    """What a frame's header says: size in pixels, bits a sample, samples a pixel, JPEG marker (0 for JPEG 2000)."""

    rows: int
    columns: int
    precision: int
    samples: int
    marker: int = 0
    scan_start: int = 0


def jpeg_header(frame: bytes) -> FrameHeader | None:
    """Header of a JPEG or JPEG-LS stream, or None where there is none.

    ``scan_start`` is the offset of its first scan (SOS), 0 where none was found.
    """
    if frame[:2] != b"\xff\xd8":
        return None
    position, found = 2, None
    while position + 4 <= len(frame):
        if frame[position] != 0xFF:
            return found
        marker = frame[position + 1]
        if marker in (0xFF, 0x01) or 0xD0 <= marker <= 0xD8:
            position += 1 if marker == 0xFF else 2
            continue
        if marker == 0xDA:
            if found is None:
                return None
            return FrameHeader(found.rows, found.columns, found.precision, found.samples, found.marker, position)
        length = int.from_bytes(frame[position + 2 : position + 4], "big")
        if marker in _FRAME_MARKERS and length >= 8 and position + 10 <= len(frame):
            precision, rows, columns, samples = struct.unpack_from(">BHHB", frame, position + 4)
            found = FrameHeader(rows, columns, precision, samples, marker)
        position += 2 + max(length, 2)
    return found


def jpeg2000_header(frame: bytes) -> FrameHeader | None:
    """Header of a JPEG 2000 or HTJ2K stream, bare or in its JP2 box, or None where there is none."""
    start = 0 if frame[:2] == b"\xff\x4f" else frame.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start < 0 or frame[start : start + 4] != b"\xff\x4f\xff\x51" or len(frame) < start + 43:
        return None
    right, lower, left, upper = struct.unpack_from(">IIII", frame, start + 8)
    samples, depth = struct.unpack_from(">HB", frame, start + 40)
    return FrameHeader(lower - upper, right - left, (depth & 0x7F) + 1, samples)
