"""Contact sheet of forgeries: before, after, difference and mask, a row an example."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Forgery
from tamperscope.mammogram import Mammogram

EXAMPLES = 8
_TILE = 224
_GAP = 4
_HEADER = 22


def draw_contact_sheet(
    examples: Sequence[tuple[Mammogram, Forgery]],
    path: str | Path,
    *,
    title: str,
    context: float = 2.0,
    difference_range: float = 100.0,
) -> Path:
    """Draw examples of one forger, two in a row, each as four tiles.

    The tiles show the forged part with its surroundings. Before and after share one grey scale, taken from before, so
    that a change of brightness shows.

    Args:
        examples: originals with their forgeries; 8 make a full sheet.
        path: of the PNG.
        title: line at the top.
        context: side of the tiles over that of the part that changed.
        difference_range: reference intensity that the difference shows as full black or white; controls want about 10.

    Raises:
        TamperscopeError: there are no examples, or the file can't be written.
    """
    if not examples:
        raise TamperscopeError("a contact sheet needs at least one example.")
    path = Path(path)
    strips = [_strip(original, forgery, context, difference_range) for original, forgery in examples]
    if len(strips) % 2:
        strips.append(np.full_like(strips[0], 255))
    rows = [np.hstack([left, np.full((_TILE, 4 * _GAP), 255, np.uint8), right]) for left, right in _pairs(strips)]
    width = rows[0].shape[1]
    gap = np.full((_GAP, width), 255, np.uint8)
    header = np.full((2 * _HEADER, width), 255, np.uint8)
    _write(header, title, 4, 16)
    for side in (0, width - strips[0].shape[1]):
        for number, caption in enumerate(("before", "after", f"difference +-{difference_range:g}", "mask")):
            _write(header, caption, side + number * (_TILE + _GAP) + 4, 16 + _HEADER)
    sheet = np.vstack([header, *(part for row in rows for part in (row, gap))])
    done, encoded = cv2.imencode(".png", sheet)
    if not done:
        raise TamperscopeError("The contact sheet can't be encoded as PNG.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded.tobytes())
    return path


def _pairs(strips: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    return list(zip(strips[::2], strips[1::2], strict=True))


def _strip(original: Mammogram, forgery: Forgery, context: float, difference_range: float) -> np.ndarray:
    before, after = original.pixels, forgery.mammogram.pixels
    touched = forgery.mask | (before != after)
    where = _view(touched, context)
    low, high = np.percentile(before[where], (0.5, 99.5))
    span = max(float(high - low), 1.0)
    tiles = (
        (before[where] - low + 0.1 * span) / (1.2 * span),
        (after[where] - low + 0.1 * span) / (1.2 * span),
        (after[where] - before[where]) / (2 * difference_range) + 0.5,
        forgery.mask[where].astype(np.float32),
    )
    gap = np.full((_TILE, _GAP), 255, np.uint8)
    parts: list[np.ndarray] = []
    for tile in tiles:
        parts += [_tile(tile), gap]
    return np.hstack(parts[:-1])


def _view(touched: np.ndarray, context: float) -> tuple[slice, slice]:
    """A square around the part that changed, or the whole image where nothing did."""
    height, width = touched.shape
    rows, columns = np.flatnonzero(touched.any(1)), np.flatnonzero(touched.any(0))
    if not rows.size:
        return slice(0, height), slice(0, width)
    extent = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1
    side = int(min(max(extent * context, 32), height, width))
    y = int(np.clip((rows[0] + rows[-1]) // 2 - side // 2, 0, height - side))
    x = int(np.clip((columns[0] + columns[-1]) // 2 - side // 2, 0, width - side))
    return slice(y, y + side), slice(x, x + side)


def _tile(values: np.ndarray) -> np.ndarray:
    """Grey levels 0 to 1 as a square tile."""
    levels = (255 * np.clip(values, 0, 1)).astype(np.uint8)
    scale = _TILE / max(levels.shape)
    size = (max(1, round(levels.shape[1] * scale)), max(1, round(levels.shape[0] * scale)))
    resized = cv2.resize(levels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    tile = np.full((_TILE, _TILE), 255, np.uint8)
    tile[: size[1], : size[0]] = resized
    return tile


def _write(picture: np.ndarray, text: str, x: int, y: int) -> None:
    cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0,), 1, cv2.LINE_AA)
