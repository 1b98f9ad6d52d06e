"""One lesion in two views of a breast: the same tumour, as far behind the nipple in one as in the other.

A breast is pressed in another direction for each view, so that of a lesion's place only its depth is common to both:
how far it lies behind the nipple, towards the chest wall. Across, CC shows medial against lateral and MLO upper
against lower, which are free of each other. Radiologists match findings by that distance, within about a centimetre.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import cv2
import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.injector import Injector
from tamperscope.forge.mass_places import Draw
from tamperscope.mammogram import Mammogram

PECTORAL_DEGREES = 25.0
"""Assumed turn of the chest wall in oblique views, from upright: the muscle runs from the armpit down to the edge."""
OBLIQUE = ("MLO", "LMO", "SIO")
TOLERANCE_MM = 10.0
_STEP_PIXELS = 512
_LEAST_TISSUE = 0.9
_TRIES = 50
_ACROSS = 1  # of the random numbers: those of the tumour have the seed alone
Point = tuple[float, float]


@dataclass(frozen=True)
class NippleFrame:
    """Where depth is counted from: the nipple, and the direction from it to the chest wall, in pixels.

    Attributes:
        x: column of the nipple.
        y: row of the nipple.
        inward: unit vector (columns, rows) towards the chest wall.
        mm: side of a pixel.
    """

    x: float
    y: float
    inward: Point
    mm: float

    def depth_mm(self, point: Point) -> float:
        """How far behind the nipple a point lies."""
        return ((point[0] - self.x) * self.inward[0] + (point[1] - self.y) * self.inward[1]) * self.mm

    def across_mm(self, point: Point) -> float:
        """How far beside the line from the nipple to the chest wall a point lies; positive is upwards."""
        up = self._up()
        return ((point[0] - self.x) * up[0] + (point[1] - self.y) * up[1]) * self.mm

    def point(self, depth_mm: float, across_mm: float) -> Point:
        """The pixel at a depth and beside the line."""
        up = self._up()
        depth, across = depth_mm / self.mm, across_mm / self.mm
        return self.x + depth * self.inward[0] + across * up[0], self.y + depth * self.inward[1] + across * up[1]

    def _up(self) -> Point:
        x, y = self.inward
        return (y, -x) if x > 0 else (-y, x)


def nipple_frame(mammogram: Mammogram, nipple: Point | None = None) -> NippleFrame:
    """Find the nipple as the tissue point farthest from the chest wall.

    The chest wall is taken to be the image's left or right edge, whichever has more tissue, and turned by 25 degrees in
    oblique views. Heads are up, as hospitals hang images.

    Args:
        mammogram: one view.
        nipple: column and row, where they are known.

    Raises:
        TamperscopeError: there is no tissue, or the nipple given is not in the image.
    """
    step = max(1, max(mammogram.shape) // _STEP_PIXELS)
    tissue = mammogram.tissue[::step, ::step]
    if not tissue.any():
        raise TamperscopeError("there is no breast tissue in the image.")
    wall_on_left = tissue[:, :3].sum() >= tissue[:, -3:].sum()
    turn = np.deg2rad(PECTORAL_DEGREES) if mammogram.view in OBLIQUE else 0.0
    inward = (float(-np.cos(turn) if wall_on_left else np.cos(turn)), float(-np.sin(turn)))
    if nipple is None:
        rows, columns = np.nonzero(tissue)
        outward = -(columns * inward[0] + rows * inward[1])
        # The mean of the outermost few: one pixel of a ragged outline is no nipple.
        outermost = outward >= outward.max() - 1
        nipple = float(columns[outermost].mean() * step), float(rows[outermost].mean() * step)
    height, width = mammogram.shape
    if not (0 <= nipple[0] < width and 0 <= nipple[1] < height):
        raise TamperscopeError(f"the nipple {nipple[0]:g},{nipple[1]:g} is not inside the image.")
    return NippleFrame(*nipple, inward, mammogram.spacing.mm)


def matching_square(
    square: Square,
    first: Mammogram,
    second: Mammogram,
    frames: tuple[NippleFrame, NippleFrame],
    rng: np.random.Generator | None = None,
) -> Square:
    """The square of the same lesion in the other view: as large in mm and as deep.

    Args:
        square: in the first view.
        first: the view that the square is in.
        second: the other view.
        frames: of both.
        rng: draws how far beside the nipple's line, which depth leaves free; without it as near as the square fits.

    Raises:
        TamperscopeError: at that depth, within 10 mm, the other view has no tissue that the square fits into.
    """
    frame, other = frames
    depth = frame.depth_mm((square.x + square.side / 2, square.y + square.side / 2))
    side = round(square.side * first.spacing.mm / second.spacing.mm)
    height, width = second.shape
    total = cv2.integral(second.tissue.view(np.uint8))
    reach = int(max(second.shape) * second.spacing.mm)
    beside = sorted(range(-reach, reach + 1, 2), key=abs)
    if rng is not None:
        beside = [beside[number] for number in rng.permutation(len(beside))]
    for off in sorted(range(-int(TOLERANCE_MM), int(TOLERANCE_MM) + 1), key=abs):
        for across in beside:
            x, y = (round(value - side / 2) for value in other.point(depth + off, across))
            if x < 0 or y < 0 or x + side > width or y + side > height:
                continue
            inside = total[y + side, x + side] - total[y, x + side] - total[y + side, x] + total[y, x]
            if inside >= _LEAST_TISSUE * side**2:
                return Square(x, y, side)
    raise TamperscopeError(
        f"the other view has no room for the lesion {depth:.0f} mm behind the nipple, within {TOLERANCE_MM:.0f} mm."
    )


def draw_square(
    first: Mammogram,
    second: Mammogram,
    frames: tuple[NippleFrame, NippleFrame],
    draw: Draw,
    rng: np.random.Generator,
) -> Square:
    """A square at random in the first view whose lesion has room in the second as well.

    Args:
        first: the view that the square is drawn in.
        second: the other view.
        frames: of both.
        draw: one of ``mass_places.PLACES``.
        rng: draws the square.

    Raises:
        TamperscopeError: none of some dozens has room.
    """
    reason = TamperscopeError("no square was drawn")
    for _ in range(_TRIES):
        square = draw(first, rng)
        try:
            matching_square(square, first, second, frames)
        except TamperscopeError as error:
            reason = error
        else:
            return square
    raise reason


def inject_two_views(
    first: Mammogram,
    second: Mammogram,
    square: Square,
    injector: Injector,
    *,
    nipples: tuple[Point | None, Point | None] = (None, None),
    **parameters: Any,
) -> tuple[Forgery, Forgery]:
    """Inject one lesion into two views of a breast.

    The tumour, its size in mm and all parameters are the same in both: it is drawn for the first view's surroundings,
    and laid on the tissue of each. How far beside the nipple's line it lies in the second is drawn.

    Args:
        first: usually CC.
        second: usually MLO, of the same breast.
        square: in the first view.
        injector: Mammo-CGAN.
        nipples: column and row in each view, where they are known.
        parameters: of ``Injector.inject``.

    Raises:
        TamperscopeError: the views are of two breasts or the same view, or the lesion does not fit.
    """
    _check_pair(first, second)
    frames = nipple_frame(first, nipples[0]), nipple_frame(second, nipples[1])
    rng = np.random.default_rng([int(parameters.get("seed", 0)), _ACROSS])
    squares = square, matching_square(square, first, second, frames, rng)
    forgeries = []
    for mammogram, place, frame in zip((first, second), squares, frames, strict=True):
        like = None if mammogram is first else first.pixels[square.slices]
        forgery = injector.inject(mammogram, place, **parameters, like=like)
        centre = place.x + place.side / 2, place.y + place.side / 2
        views = {
            "view": mammogram.view,
            "nipple": {"x": frame.x, "y": frame.y},
            "depth_mm": round(frame.depth_mm(centre), 2),
            "across_mm": round(frame.across_mm(centre), 2),
            "tolerance_mm": TOLERANCE_MM,
            # To make the second again its tumour has to be drawn for this square of the first.
            "drawn_for": {"view": first.view, "square": asdict(square)},
        }
        forgeries.append(replace(forgery, record={**forgery.record, "two_views": views}))
    return forgeries[0], forgeries[1]


def _check_pair(first: Mammogram, second: Mammogram) -> None:
    for what, a, b in (
        ("patients", first.patient, second.patient),
        ("breasts", first.laterality, second.laterality),
    ):
        if a and b and a != b:
            raise TamperscopeError(f"the two images are of different {what}: {a} and {b}.")
    if first.view and first.view == second.view:
        raise TamperscopeError(f"both images are {first.view} views: two different views are needed.")
