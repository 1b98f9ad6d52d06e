"""Where a scan writes what it says about each image: the folders mirrored, no two images under one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

_LONGEST = 180
"""Bytes of a name: most file systems end at 255, and endings must fit."""


def name_outputs(images: Sequence[tuple[Path, Path]]) -> list[Path]:
    """For each image, the relative path that its outputs begin with.

    A file that was named itself lands in the top folder. A file of a folder keeps its place below it; with several
    arguments, below a folder of that folder's name. The name is the file's without its suffix, or with it where two
    would meet otherwise (``a.dcm`` and ``a.png``); what still meets gets a number.

    Args:
        images: files, each with the argument under which it was found.
    """
    several = len({argument for _, argument in images}) > 1
    placed = [_place(file, argument, several=several) for file, argument in images]
    stems = [path.with_name(_short(path.stem)) for path in placed]
    meeting = Counter(str(stem).casefold() for stem in stems)
    outputs: list[Path] = []
    taken: set[str] = set()
    for path, stem in zip(placed, stems, strict=True):
        output = stem if meeting[str(stem).casefold()] == 1 else path.with_name(_short(path.name))
        number = 2
        free = output
        while str(free).casefold() in taken:
            free, number = output.with_name(f"{output.name}-{number}"), number + 1
        taken.add(str(free).casefold())
        outputs.append(free)
    return outputs


def _place(file: Path, argument: Path, *, several: bool) -> Path:
    if file == argument:
        return Path(file.name or "image")
    below = file.relative_to(argument)
    top = argument.resolve().name
    return Path(top, below) if several and top else below


def _short(name: str) -> str:
    """A name that also leaves room for the endings, control characters made visible."""
    plain = "".join(character if character.isprintable() else "_" for character in name)
    return plain.encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore") or "image"
