"""The shipped weights: ONNX files, each with a card of the same name."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tamperscope.errors import TamperscopeError

WEIGHTS = Path(__file__).parent.parent / "weights"


@dataclass(frozen=True)
class Weights:
    """A file of weights: where it is, its version and its hash."""

    name: str
    version: str
    path: Path
    sha256: str


@lru_cache(maxsize=16)
def find_weights(name: str, *, folder: Path = WEIGHTS) -> Weights:
    """Shipped weights by name.

    Raises:
        TamperscopeError: no such weights, or the file is not the one that its card describes.
    """
    path, card = folder / f"{name}.onnx", folder / f"{name}.json"
    if not path.is_file() or not card.is_file():
        raise TamperscopeError(f"there are no weights named {name!r} in {folder}.")
    facts = json.loads(card.read_text(encoding="utf-8"))
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    if facts["sha256"] != sha256:
        raise TamperscopeError(f"{path} is not the file that its card describes (sha256 differs): reinstall it.")
    return Weights(name, facts["version"], path, sha256)
