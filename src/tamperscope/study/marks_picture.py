"""All readers' marks over the images of a part, beside what is truly there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from tamperscope.study.images import pixels_path
from tamperscope.study.outcome import Judged

TILE_WIDTH, TILE_HEIGHT, GAP, LINE = 270, 360, 10, 26
"""Pixels of a tile's picture, between tiles, and of a line of words."""
COLUMNS, MOST = 6, 60
COLOURS = ((80, 160, 255), (90, 220, 120), (255, 170, 80), (220, 110, 230), (80, 220, 230), (200, 200, 90))
"""By reader, as blue, green, red."""
LESION = WORDS = (255, 255, 255)


def marks_picture(folder: Path, judged: Sequence[Judged], size: tuple[int, int], path: Path, label: str) -> None:
    """Write a contact sheet of the marked images: a colour a reader, lesions as white boxes.

    Args:
        folder: The study.
        judged: One part's readings, with a mark in one of them at least.
        size: Width and height of the part's pictures.
        path: The PNG to write.
        label: Written on top; says it where readers are simulated.
    """
    by_image: dict[str, list[Judged]] = {}
    for one in judged:
        by_image.setdefault(one.image_id, []).append(one)
    readers = {one.reader.id: one.reader.shown for one in judged}
    colours = {reader: COLOURS[number % len(COLOURS)] for number, reader in enumerate(readers)}
    marked = [image for image, all_of in by_image.items() if any(one.reading.marks for one in all_of)]
    tiles = [_tile(folder, by_image[image], size, colours) for image in marked[:MOST]]
    columns = min(COLUMNS, len(tiles))
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    left = f"{len(marked)} images with marks" + (f", the first {MOST} of them" if len(marked) > MOST else "")
    legend = [(label, (80, 200, 255))] if label else []
    legend += [(left, WORDS), ("white box: lesion", LESION), *((readers[name], colours[name]) for name in readers)]
    _write(np.vstack([_legend(legend, rows[0].shape[1]), *rows]), path)


def _legend(words: Sequence[tuple[str, tuple[int, int, int]]], width: int) -> np.ndarray:
    """Coloured words, in as many lines as they need."""
    lines = [np.zeros((LINE, width, 3), np.uint8)]
    across = GAP
    for text, colour in words:
        length = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 1)[0][0]
        if across + length > width and across > GAP:
            lines.append(np.zeros((LINE, width, 3), np.uint8))
            across = GAP
        cv2.putText(lines[-1], text, (across, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, 1, cv2.LINE_AA)
        across += length + 26
    return np.vstack([*lines, np.zeros((GAP, width, 3), np.uint8)])


def _tile(
    folder: Path, own: Sequence[Judged], size: tuple[int, int], colours: dict[str, tuple[int, int, int]]
) -> np.ndarray:
    """One image with all marks in it, and what it is."""
    truth = own[0].truth
    picture, scale = _thumbnail(folder, own[0].image_id, size, truth["width"], truth["height"])
    for x, y, width, height in truth["lesions"]:
        cv2.rectangle(picture, _at(x, y, scale), _at(x + width, y + height, scale), LESION, 1, cv2.LINE_AA)
    for one in own:
        for mark in one.reading.marks.values():
            _draw(picture, mark, scale, colours[one.reader.id])
    tile = np.zeros((TILE_HEIGHT + LINE + GAP, TILE_WIDTH + GAP, 3), np.uint8)
    tile[: picture.shape[0], : picture.shape[1]] = picture
    words = f"SYNTHETIC, {truth['forger']}" if truth["forged"] else truth["group"]
    place = (2, picture.shape[0] + 18)
    cv2.putText(tile, words, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, WORDS, 1, cv2.LINE_AA)
    return tile


def _thumbnail(folder: Path, image: str, size: tuple[int, int], width: int, height: int) -> tuple[np.ndarray, float]:
    """The image without its padding, 8 bits in three channels; and its scale."""
    pixels = np.fromfile(pixels_path(folder, image), dtype="<u2").reshape(size[1], size[0])[:height, :width]
    scale = min(TILE_WIDTH / width, TILE_HEIGHT / height)
    small = cv2.resize(pixels.astype(np.float32), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    breast = small[small > 0]
    low, high = np.percentile(breast, (1, 99.5)) if breast.size else (0, 1)
    grey = (255 * (small - low) / max(high - low, 1)).clip(0, 255).astype(np.uint8)
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)[:TILE_HEIGHT, :TILE_WIDTH], scale


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


def _write(picture: np.ndarray, path: Path) -> None:
    encoded, content = cv2.imencode(".png", picture)
    assert encoded  # 8-bit, three channels: always
    path.write_bytes(content.tobytes())
