"""A plan of many injections: one row each, from a CSV or JSON file."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square
from tamperscope.forge.injector import NoiseModel

NUMBERS = ("threshold", "smoothing", "power", "contrast", "spiculation", "noise")
COLUMNS = ("image", "square", "size_mm", *NUMBERS, "noise_model", "lift", "seed")
"""What a row may say. Only ``image`` and ``square`` must be there."""


@dataclass(frozen=True)
class Row:
    """One injection to make.

    Attributes:
        number: of the row in its plan, from 1.
        image: the file to forge.
        square: where; None for a place at random, where masses are likely.
        anywhere: whether a place at random may be anywhere in the tissue.
        size_mm: side of a square at random; by default the injector's.
        parameters: of ``Injector.inject``, without the seed; what is not there has the injector's defaults.
        seed: of the square at random and of the injection.
    """

    number: int
    image: Path
    square: Square | None
    size_mm: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    anywhere: bool = False

    def request(self) -> dict[str, Any]:
        """The row as JSON, by which its result is known again; of the image only the name, for it goes into a file."""
        square = None if self.square is None else [self.square.x, self.square.y, self.square.side]
        return {
            "row": self.number,
            "image": self.image.name,
            "square": square or ("anywhere" if self.anywhere else "random"),
            "size_mm": self.size_mm,
            **dict(self.parameters),
            "seed": self.seed,
        }


@dataclass(frozen=True)
class BadRow:
    """A row that can't be read, and why."""

    number: int
    image: str
    reason: str


def read_plan(path: str | Path) -> list[Row | BadRow]:
    """Read a plan.

    A CSV file has a header; a JSON file is a list of objects. Both have the columns of ``COLUMNS``: ``image`` is
    relative to the plan's folder, ``square`` is ``x,y,side`` in pixels (in JSON also a list), ``random`` or
    ``anywhere``, ``lift`` is true or false, a seed that is not given is the row's number.

    Raises:
        TamperscopeError: the file is no plan at all: not readable, no rows, or unknown columns.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise TamperscopeError(f"the plan {path.name} can't be read: {reason}.") from error
    rows = _json_rows(text, path.name) if path.suffix.lower() == ".json" else _csv_rows(text, path.name)
    if not rows:
        raise TamperscopeError(f"the plan {path.name} has no rows.")
    return [_row(number, entries, path.parent) for number, entries in enumerate(rows, 1)]


def _json_rows(text: str, name: str) -> list[Any]:
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise TamperscopeError(f"the plan {name} is no JSON: {error}.") from error
    if not isinstance(rows, list):
        raise TamperscopeError(f"the plan {name} must be a list of objects, one for each injection.")
    return rows


def _csv_rows(text: str, name: str) -> list[Any]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = [column.strip() for column in reader.fieldnames or []]
    unknown, missing = [c for c in header if c not in COLUMNS], [c for c in ("image", "square") if c not in header]
    if unknown or missing:
        what = f"no column '{missing[0]}'" if missing else f"an unknown column '{unknown[0]}'"
        raise TamperscopeError(f"the plan {name} has {what}; columns are {', '.join(COLUMNS)}.")
    reader.fieldnames = header
    # Cells beyond the header come under None, which makes the row a bad one below.
    return [{key: value for key, value in row.items() if value not in (None, "")} for row in reader]


def _row(number: int, entries: Any, folder: Path) -> Row | BadRow:
    image = entries.get("image") if isinstance(entries, dict) else None
    try:
        if not isinstance(entries, dict):
            raise ValueError("it is no object")
        unknown = [key for key in entries if key not in COLUMNS]
        if unknown:
            raise ValueError("it has more cells than the header" if None in unknown else f"'{unknown[0]}' is unknown")
        if not isinstance(image, str):
            raise ValueError("it names no image")
        entries = {key: value for key, value in entries.items() if value is not None}
        square = _square(entries.get("square"))
        size_mm = _number("size_mm", entries["size_mm"]) if "size_mm" in entries else None
        if size_mm is not None and square is not None:
            raise ValueError("size_mm is for a square at random")
        if size_mm is not None and size_mm <= 0:
            raise ValueError("size_mm must be more than 0")
        parameters: dict[str, Any] = {key: _number(key, entries[key]) for key in NUMBERS if key in entries}
        if "noise_model" in entries:
            if entries["noise_model"] not in get_args(NoiseModel):
                raise ValueError(f"noise_model must be {' or '.join(get_args(NoiseModel))}")
            parameters["noise_model"] = entries["noise_model"]
        if "lift" in entries:
            parameters["lift"] = _truth("lift", entries["lift"])
        seed = _whole("seed", entries.get("seed", number))
        anywhere = entries.get("square") == "anywhere"
        return Row(number, folder / image, square, size_mm, parameters, seed, anywhere)
    except ValueError as error:
        return BadRow(number, str(image or ""), f"{error}.")


def _square(value: Any) -> Square | None:
    if value in ("random", "anywhere"):
        return None
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or len(parts) != 3:
        raise ValueError("square must be x,y,side in pixels, random or anywhere")
    x, y, side = (_whole("square", part) for part in parts)
    return Square(x, y, side)


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or isinstance(value, bool):
        raise ValueError(f"{name} must be a number, not '{value}'")
    return number


def _truth(name: str, value: Any) -> bool:
    text = str(value).lower()
    if text not in ("true", "false"):
        raise ValueError(f"{name} must be true or false, not '{value}'")
    return text == "true"


def _whole(name: str, value: Any) -> int:
    number = _number(name, value)
    if not number.is_integer() or number < 0 or number >= 2**53:
        raise ValueError(f"{name} must be whole and not negative, not '{value}'")
    return int(number)
