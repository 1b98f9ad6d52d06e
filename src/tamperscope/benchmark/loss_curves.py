"""The losses that a training of Mammo-CGAN writes, read back for a picture."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from tamperscope.errors import TamperscopeError

NETWORKS = ("cgan1", "cgan2")


def read_losses(folder: Path) -> dict[str, dict[str, Any]]:
    """The curves of a run, as far as it has come.

    Args:
        folder: of the run, with ``cgan1.csv`` and perhaps ``cgan2.csv`` (``train/mammo_cgan.py``).

    Returns:
        For each network, float64 arrays by the CSV's columns, and ``rested``: in how many steps its discriminator did.

    Raises:
        TamperscopeError: there are no losses.
    """
    curves: dict[str, dict[str, Any]] = {}
    for name in NETWORKS:
        path = folder / f"{name}.csv"
        if not path.is_file():
            continue
        try:
            with path.open(newline="", encoding="utf-8") as lines:
                rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(lines)]
        except (TypeError, ValueError) as error:
            raise TamperscopeError(f"{path} holds no losses: {error}.") from error
        if not rows:
            continue
        curve: dict[str, Any] = {key: np.array([row[key] for row in rows]) for key in rows[0]}
        steps = np.diff(curve["step"], prepend=0)
        curve["rested"] = float((steps * curve.get("discriminator_rested", np.zeros_like(steps))).sum())
        curves[name] = curve
    if not curves:
        raise TamperscopeError(f"{folder} holds no losses: it is the folder of no training of Mammo-CGAN.")
    return curves
