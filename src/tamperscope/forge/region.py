"""Where to forge: an outline of any shape, in pixels of the image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the image: its bounding box, and which of the box's pixels belong to it.

    Attributes:
        x: left column.
        y: top row.
        mask: bool, h x w, True inside; no row or column of the box's border is empty.
        shape: what the region was made from, ready for JSON; ``from_record`` makes it again.
    """

    x: int
    y: int
    mask: np.ndarray
    shape: Mapping[str, Any]

    def __post_init__(self) -> None:
        if self.mask.ndim != 2 or self.mask.dtype != np.bool_ or not self.mask.any():
            raise TamperscopeError("a region needs at least one pixel.")

    @property
    def height(self) -> int:
        """Rows of the bounding box."""
        return int(self.mask.shape[0])

    @property
    def width(self) -> int:
        """Columns of the bounding box."""
        return int(self.mask.shape[1])

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the bounding box in an H x W array."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)

    @property
    def centre(self) -> tuple[float, float]:
        """Column and row of the middle of the bounding box."""
        return self.x + (self.width - 1) / 2, self.y + (self.height - 1) / 2

    @classmethod
    def box(cls, x: int, y: int, width: int, height: int) -> Region:
        """A rectangle."""
        if width < 1 or height < 1:
            raise TamperscopeError(f"a box needs a width and a height of at least 1 pixel, not {width} x {height}.")
        shape = {"kind": "box", "x": int(x), "y": int(y), "width": int(width), "height": int(height)}
        return cls(int(x), int(y), np.ones((height, width), np.bool_), shape)

    @classmethod
    def of_square(cls, square: Square) -> Region:
        """The square of an injection."""
        return cls.box(square.x, square.y, square.side, square.side)

    @classmethod
    def ellipse(cls, x: float, y: float, radius_x: float, radius_y: float, *, angle: float = 0.0) -> Region:
        """An ellipse.

        Args:
            x: column of the centre.
            y: row of the centre.
            radius_x: half axis along the columns before turning, pixels.
            radius_y: half axis along the rows before turning, pixels.
            angle: of the turn, degrees.
        """
        if not (radius_x > 0 and radius_y > 0):
            raise TamperscopeError("the radii of an ellipse must be more than 0.")
        reach = int(np.ceil(max(radius_x, radius_y))) + 1
        left, top = int(np.floor(x)) - reach, int(np.floor(y)) - reach
        rows, columns = np.mgrid[: 2 * reach + 2, : 2 * reach + 2]
        dx, dy = columns + left - x, rows + top - y
        turn = np.deg2rad(angle)
        along, across = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
        shape = {
            "kind": "ellipse",
            "x": float(x),
            "y": float(y),
            "radius_x": float(radius_x),
            "radius_y": float(radius_y),
            "angle": float(angle),
        }
        return _tight(left, top, (along / radius_x) ** 2 + (across / radius_y) ** 2 <= 1, shape)

    @classmethod
    def polygon(cls, points: Sequence[Sequence[float]] | np.ndarray) -> Region:
        """The inside of a polygon and its outline.

        Args:
            points: at least three corners, (column, row) in pixels; rounded to whole pixels.
        """
        corners = np.rint(np.asarray(points, np.float64)).astype(np.int64)
        if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
            raise TamperscopeError("a polygon needs at least three corners of column and row.")
        low = corners.min(0)
        width, height = (int(side) for side in corners.max(0) - low + 1)
        filled = cv2.fillPoly(np.zeros((height, width), np.uint8), [(corners - low).astype(np.int32)], (1,))
        return _tight(int(low[0]), int(low[1]), filled > 0, {"kind": "polygon", "points": corners.tolist()})

    @classmethod
    def from_record(cls, shape: Mapping[str, Any]) -> Region:
        """The region that a record describes."""
        kind, numbers = shape["kind"], {key: value for key, value in shape.items() if key != "kind"}
        if kind == "box":
            return cls.box(**numbers)
        if kind == "ellipse":
            return cls.ellipse(**numbers)
        if kind == "polygon":
            return cls.polygon(**numbers)
        raise TamperscopeError(f"there is no region of the kind '{kind}': box, ellipse, polygon.")

    def check_inside(self, height: int, width: int) -> None:
        """Raise ``TamperscopeError`` unless the bounding box lies in an image of this size."""
        if self.x < 0 or self.y < 0 or self.x + self.width > width or self.y + self.height > height:
            raise TamperscopeError(
                f"the region of {self.width} x {self.height} pixels at {self.x},{self.y} is not inside the image of "
                f"{width} x {height} pixels."
            )

    def on_image(self, height: int, width: int) -> np.ndarray:
        """The region as a mask of the whole image: bool, H x W."""
        self.check_inside(height, width)
        mask = np.zeros((height, width), np.bool_)
        mask[self.slices] = self.mask
        return mask

    def bounding_square(self, height: int, width: int, *, least: int = 1, context: float = 1.0) -> Square:
        """The square around the region, moved into the image where it would leave it.

        Args:
            height: rows of the image.
            width: columns of the image.
            least: smallest side wanted, pixels.
            context: side over the larger side of the box.

        Returns:
            A square no larger than the image's smaller side.
        """
        side = min(max(int(np.ceil(max(self.width, self.height) * context)), least), height, width)
        x = int(np.clip(round(self.centre[0] - (side - 1) / 2), 0, width - side))
        y = int(np.clip(round(self.centre[1] - (side - 1) / 2), 0, height - side))
        return Square(x, y, side)


def _tight(x: int, y: int, mask: np.ndarray, shape: Mapping[str, Any]) -> Region:
    """A region without empty rows and columns at its sides."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not rows.size:
        raise TamperscopeError("a region needs at least one pixel.")
    cut = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Region(x + int(columns[0]), y + int(rows[0]), np.ascontiguousarray(cut), shape)
