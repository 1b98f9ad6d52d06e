"""Files: which belong together, what is in them, and that they are whole or not there."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

MASK, RECORD = ".mask.png", ".record.json"
"""What the names of an image's mask and record end with, after the image's own name."""

PART = ".part"
"""What the name of a file ends with that is being written, or of which the writing was broken off."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or not there, whenever the program is stopped."""
    part = path.with_name(f"{path.name}.{os.getpid()}{PART}")
    try:
        part.write_bytes(content)
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def beside(path: Path) -> tuple[Path, Path]:
    """Paths of the mask and of the record that belong to an image."""
    return path.with_name(path.name + MASK), path.with_name(path.name + RECORD)
