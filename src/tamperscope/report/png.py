"""PNG of a large picture in some hundredths of a second: ISA-L's deflate is many times faster than zlib's."""

from __future__ import annotations

import struct
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from isal import isal_zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FILTER_UP = 2
_PALETTE_COLOUR = 3
_ZLIB_HEADER = b"\x78\x01"
_PARTS = 2
"""Halves of the picture that are packed at once; each ends at a whole byte, so that they can be put together."""


def encode_palette_png(indices: np.ndarray, palette: np.ndarray) -> bytes:
    """A PNG file (ISO/IEC 15948) of 8 bits a pixel with a palette.

    Args:
        indices: uint8, H x W.
        palette: uint8, N x 3 RGB or N x 4 RGBA, N up to 256.
    """
    if indices.dtype != np.uint8 or indices.ndim != 2 or not indices.size:
        raise ValueError(f"indices are uint8 H x W, not {indices.dtype} {indices.shape}")
    if palette.dtype != np.uint8 or palette.ndim != 2 or palette.shape[1] not in (3, 4) or len(palette) > 256:
        raise ValueError(f"a palette is uint8 N x 3 or N x 4, not {palette.dtype} {palette.shape}")
    height, width = indices.shape
    # Each row is stored as its difference to the row above, which packs better.
    filtered = np.empty((height, width + 1), np.uint8)
    filtered[:, 0] = _FILTER_UP
    filtered[0, 1:] = indices[0]
    np.subtract(indices[1:], indices[:-1], out=filtered[1:, 1:])
    chunks = [
        _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, _PALETTE_COLOUR, 0, 0, 0)),
        _chunk(b"PLTE", palette[:, :3].tobytes()),
        *(_chunk(b"IDAT", packed) for packed in _packed(filtered)),
        _chunk(b"IEND", b""),
    ]
    if palette.shape[1] == 4:
        chunks.insert(2, _chunk(b"tRNS", palette[:, 3].tobytes()))
    return _SIGNATURE + b"".join(chunks)


def _packed(rows: np.ndarray) -> list[bytes]:
    """One zlib stream (RFC 1950) in parts, which were packed at the same time."""
    with ThreadPoolExecutor(_PARTS) as pool:
        parts = [pool.submit(_deflated, part) for part in np.array_split(rows, _PARTS)]
        check = struct.pack(">I", isal_zlib.adler32(rows))
    # An empty last block ends the stream.
    return [_ZLIB_HEADER, *(part.result() for part in parts), _deflated(b"", isal_zlib.Z_FINISH), check]


def _deflated(content: np.ndarray | bytes, ending: int = isal_zlib.Z_FULL_FLUSH) -> bytes:
    packer = isal_zlib.compressobj(level=1, wbits=-zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush(ending)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(content, zlib.crc32(kind)))
