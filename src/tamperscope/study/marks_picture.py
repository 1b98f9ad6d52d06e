"""All readers' marks over the images of a part, beside what is truly there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tamperscope.study.images import pixels_path
from tamperscope.study.outcome import Judged

THUMBNAIL = 360
"""Pixels of a thumbnail's longer side."""
COLUMNS, MOST = 6, 60
COLOURS = ((80, 160, 255), (90, 220, 120), (255, 170, 80), (220, 110, 230), (80, 220, 230), (200, 200, 90))
"""By reader, as blue, green, red."""
LESION = (255, 255, 255)


def marks_picture(folder: Path, judged: Sequence[Judged], size: tuple[int, int], path: Path, label: str) -> None:
    """Write a contact sheet of the marked images: a colour a reader, lesions as white boxes.

    Args:
        folder: The study.
        judged: One part's readings.
        size: Width and height of the part's pictures.
        path: The PNG to write.
        label: Written on top; says it where readers are simulated.
    """
    scale = THUMBNAIL / max(size)
    by_image: dict[str, list[Judged]] = {}
    for one in judged:
        by_image.setdefault(one.image_id, []).append(one)
    readers = list(dict.fromkeys(one.reader.id for one in judged))
    marked = [image for image, all_of in by_image.items() if any(one.reading.marks for one in all_of)][:MOST]
    tiles = []
    for image in marked:
        tile = _thumbnail(folder, image, size, scale)
        for x, y, width, height in by_image[image][0].truth["lesions"]:
            cv2.rectangle(tile, _at(x, y, scale), _at(x + width, y + height, scale), LESION, 1, cv2.LINE_AA)
        for one in by_image[image]:
            colour = COLOURS[readers.index(one.reader.id) % len(COLOURS)]
            for mark in one.reading.marks.values():
                _draw(tile, mark, scale, colour)
        truth = by_image[image][0].truth
        words = f"{truth['group']} {truth['forger']}".strip() + (" SYNTHETIC" if truth["forged"] else "")
        cv2.putText(tile, words, (6, tile.shape[0] - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.4, LESION, 1, cv2.LINE_AA)
        tiles.append(tile)
    blank = np.zeros_like(tiles[0])
    columns = min(COLUMNS, len(tiles))
    tiles += [blank] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    top = np.zeros((24, rows[0].shape[1], 3), np.uint8)
    cv2.putText(top, label or "white: lesions", (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.4, LESION, 1, cv2.LINE_AA)
    encoded, content = cv2.imencode(".png", np.vstack([top, *rows]))
    assert encoded  # 8-bit, three channels: always
    path.write_bytes(content.tobytes())


def _thumbnail(folder: Path, image: str, size: tuple[int, int], scale: float) -> np.ndarray:
    width, height = size
    pixels = np.fromfile(pixels_path(folder, image), dtype="<u2").reshape(height, width).astype(np.float32)
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    breast = small[small > 0]
    low, high = np.percentile(breast, (1, 99.5)) if breast.size else (0, 1)
    grey = (255 * (small - low) / max(high - low, 1)).clip(0, 255).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)


def _at(x: float, y: float, scale: float) -> tuple[int, int]:
    return round(x * scale), round(y * scale)


def _draw(tile: np.ndarray, mark: dict, scale: float, colour: tuple[int, int, int]) -> None:
    shape = mark["shape"]
    start = _at(shape["x"], shape["y"], scale)
    end = _at(shape["x"] + shape["width"], shape["y"] + shape["height"], scale)
    if mark["kind"] == "point":
        cv2.drawMarker(tile, start, colour, cv2.MARKER_CROSS, 10, 1, cv2.LINE_AA)
    elif mark["kind"] == "box":
        cv2.rectangle(tile, start, end, colour, 1, cv2.LINE_AA)
    else:
        middle = ((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
        axes = ((end[0] - start[0]) // 2, (end[1] - start[1]) // 2)
        cv2.ellipse(tile, middle, axes, 0, 0, 360, colour, 1, cv2.LINE_AA)
