"""Where a scan writes what it says about each image: the folders mirrored, no two images under one name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tamperscope.io.find import IMAGE_SUFFIXES
from tamperscope.report.visible import visible

ENDINGS = (".json", ".heatmap.png", ".scores.npy")
"""What is written for an image, behind its name."""
_LONGEST = 180
"""Bytes of a name: most file systems end at 255, and endings must fit."""
_OURS = (*ENDINGS, ".html", ".csv")


def name_outputs(images: Sequence[tuple[Path, Path]]) -> list[Path]:
    """For each image, the relative path that its outputs begin with.

    A file that was named itself lands in the top folder, or in one of its parent's name where two such files have
    one name. A file of a folder keeps its place below it; with several arguments, below a folder of that folder's
    name. The name is the file's without its suffix (``.dcm``, ``.png``; the last number of a UID is none), or with it
    where two would meet otherwise (``a.dcm`` and ``a.png``); what still meets gets a number (``a-2``).

    Args:
        images: files, each with the argument under which it was found.
    """
    placed = _places(images)
    stems = [path.with_name(_short(_stem(path))) for path in placed]
    meeting = Counter(_key(stem) for stem in stems)
    outputs: list[Path] = []
    taken: set[str] = set()
    for path, stem in zip(placed, stems, strict=True):
        output = stem if meeting[_key(stem)] == 1 else path.with_name(_short(path.name))
        outputs.append(output.with_name(_free(output.name, output.parent, taken)))
    return outputs


def _places(images: Sequence[tuple[Path, Path]]) -> list[Path]:
    """Where each image lies below the folder of results, under its own name."""
    several = len({argument for _, argument in images}) > 1
    named = Counter(file.name.casefold() for file, argument in images if file == argument)
    tops: dict[Path, str] = {}
    taken: set[str] = set()

    def top(folder: Path) -> str:
        folder = folder.resolve()
        if folder not in tops:
            tops[folder] = _free(folder.name or "root", Path(), taken)
        return tops[folder]

    placed = []
    for file, argument in images:
        if file == argument:
            name = file.name or "image"
            place = Path(top(file.parent), name) if named[name.casefold()] > 1 else Path(name)
        else:
            below = file.relative_to(argument)
            place = Path(top(argument), below) if several else below
        placed.append(Path(*map(_folder, place.parts[:-1]), place.name))
    return placed


def _stem(path: Path) -> str:
    return path.stem if path.suffix.lower() in IMAGE_SUFFIXES else path.name


def _folder(name: str) -> str:
    """A folder's name that no output can have: ``a.json`` may be a folder of images, beside ``a.dcm``."""
    return _short(name) + "_" if name.lower().endswith(_OURS) else _short(name)


def _free(name: str, folder: Path, taken: set[str]) -> str:
    """The name, with a number where it is taken already; it is taken then."""
    free, number = name, 2
    while _key(folder / free) in taken:
        free, number = f"{name}-{number}", number + 1
    taken.add(_key(folder / free))
    return free


def _key(path: Path) -> str:
    # Some file systems do not tell A from a.
    return str(path).casefold()


def _short(name: str) -> str:
    """A name that can be seen and typed, and that leaves room for the endings."""
    return visible(name, "_").encode("utf-8", "replace")[:_LONGEST].decode("utf-8", "ignore") or "image"
