"""Which files of a folder are worth scanning.

- A file that is named itself is always tried.
- In a folder and all below it, a file is tried if it begins like an image, whatever its name is (DICOM files often
  have no suffix), or if its name ends like one, whatever it holds: a text named ``.dcm`` is reported as not scored.
- Everything else is listed as skipped, with a reason: other files (a README, a table), hidden files and folders,
  DICOMDIR, and what tamperscope itself wrote beside images (masks, heat maps).
- Links to folders are not followed, so that a walk ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tamperscope.io.files import MASK, PART, RECORD
from tamperscope.io.sniff import HEAD_BYTES, kind_of

IMAGE_SUFFIXES = frozenset({".dcm", ".dicom", ".ima", ".png", ".tif", ".tiff", ".jpg", ".jpeg", ".npy"})


@dataclass(frozen=True)
class FoundImages:
    """Files to try, each with the path (as given) under which it was found, and files skipped with the reason."""

    images: list[tuple[Path, Path]] = field(default_factory=list)
    skipped: list[tuple[Path, str]] = field(default_factory=list)


def find_images(paths: Iterable[str | Path]) -> FoundImages:
    """Walk files and folders in the order given, folders by name.

    Args:
        paths: files and folders. One that does not exist counts as a file: reading it says so.

    Returns:
        Each file once, even if several paths lead to it.
    """
    found, seen = FoundImages(), set()
    for path in map(Path, paths):
        candidates = _walk(path, found) if path.is_dir() else [path]
        for file in candidates:
            key = os.path.realpath(file)
            if key in seen:
                continue
            seen.add(key)
            found.images.append((file, path))
    return found


def looks_like_image(path: str | Path) -> bool:
    """Whether a file begins like an image, or its name ends like one."""
    path = Path(path)
    if path.suffix.lower() in IMAGE_SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return kind_of(file.read(HEAD_BYTES)) is not None
    except OSError:
        # Unreadable and of unknown kind: trying it tells the person why, skipping it would be silent.
        return path.suffix == ""


def _walk(folder: Path, found: FoundImages) -> list[Path]:
    files = []
    for place, folders, names in os.walk(folder):
        here = Path(place)
        for name in sorted(folders):
            if name.startswith("."):
                found.skipped.append((here / name, "hidden folder"))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            reason = _reason_to_skip(here / name)
            if reason:
                found.skipped.append((here / name, reason))
            else:
                files.append(here / name)
    return files


def _reason_to_skip(path: Path) -> str | None:
    name = path.name
    if name.startswith("."):
        return "hidden file"
    if name.endswith(PART):
        return "file whose writing was broken off"
    if name.upper() == "DICOMDIR":
        return "list of a DICOM medium"
    for ending, companion, what in (
        (MASK, RECORD, "mask of a forgery"),
        (".heatmap.png", ".json", "heat map of a scan"),
        (".scores.npy", ".json", "scores of a scan"),
    ):
        if name.endswith(ending) and path.with_name(name.removesuffix(ending) + companion).exists():
            return what
    if path.is_file() and not looks_like_image(path):
        return "no image"
    if not path.is_file() and path.exists():
        return "no regular file"
    return None
