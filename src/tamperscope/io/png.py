"""Structure of PNG files: what the header says, whether the file is whole, and text chunks that mark one."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from tamperscope.errors import UnscorableImageError

SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class PngHeader:
    """Size in pixels, bits a sample, colour type (PNG specification, 11.2.1), pixels a metre or None."""

    rows: int
    columns: int
    depth: int
    colour: int
    per_metre: tuple[int, int] | None


def png_header(content: bytes) -> PngHeader:
    """Walk all chunks of a PNG file, checking that none is cut off or damaged.

    Raises:
        UnscorableImageError: the file is truncated, damaged or animated.
    """
    position, header, per_metre = len(SIGNATURE), None, None
    view = memoryview(content)
    while position + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        body = view[position + 8 : position + 8 + length]
        if position + 12 + length > len(content):
            break
        (check,) = struct.unpack_from(">I", content, position + 8 + length)
        if zlib.crc32(body, zlib.crc32(kind)) != check:
            raise UnscorableImageError(f"The PNG file is damaged: its {_name(kind)} chunk has a wrong checksum.")
        if kind == b"IHDR" and length == 13:
            header = struct.unpack(">IIBB", body[:10])
        elif kind == b"pHYs" and length == 9 and body[8] == 1:
            per_metre = struct.unpack(">II", body[:8])
        elif kind == b"acTL":
            raise UnscorableImageError("The PNG file is animated, and one single image is needed.")
        elif kind == b"IEND":
            if header is None:
                raise UnscorableImageError("The PNG file is damaged: it has no header.")
            columns, rows, depth, colour = header
            return PngHeader(rows, columns, depth, colour, per_metre)
        position += 12 + length
    raise UnscorableImageError("The PNG file is truncated: it has no end.")


def with_text(content: bytes, texts: dict[str, str], *, per_metre: int | None = None) -> bytes:
    """A PNG file with text chunks, and pixels a metre where given, put in behind its header.

    Args:
        content: a PNG file.
        texts: keyword (at most 79 characters) -> Latin-1 text.
        per_metre: pixels a metre.
    """
    end = len(SIGNATURE) + 25
    chunks = b"" if per_metre is None else _chunk(b"pHYs", struct.pack(">IIB", per_metre, per_metre, 1))
    for keyword, text in texts.items():
        chunks += _chunk(b"tEXt", keyword.encode("latin-1") + b"\0" + text.encode("latin-1", "replace"))
    return content[:end] + chunks + content[end:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))


def _name(kind: bytes) -> str:
    return kind.decode("ascii", "replace")
