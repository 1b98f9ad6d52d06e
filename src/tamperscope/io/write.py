"""Write a forged mammogram, marked as synthetic: there is no way not to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tamperscope.mammogram import Mammogram


def write_marked(path: str | Path, mammogram: Mammogram, *, mask: np.ndarray, record: dict[str, Any]) -> Path:
    """Write the image with ``PATH.mask.png`` and ``PATH.record.json`` beside it."""
    raise NotImplementedError
