"""What a scan leaves of one image: JSON, heat map, scores."""

from __future__ import annotations

import io
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tamperscope.detect.finding import Finding
from tamperscope.mammogram import Mammogram
from tamperscope.report.overlay import draw_overlay
from tamperscope.report.png import encode_png

SCHEMA = "tamperscope/finding/1"


@dataclass(frozen=True)
class Outcome:
    """One scanned image, ready for the report.

    Attributes:
        path: the file, as it was found.
        facts: the content of ``NAME.json``.
        thumbnail: a small overlay, uint8 RGB; None if not scored.
    """

    path: Path
    facts: dict[str, Any]
    thumbnail: np.ndarray | None = field(default=None, compare=False)

    @property
    def verdict(self) -> str:
        """``real``, ``fake`` or ``not-scored``."""
        return self.facts["verdict"]


def describe(path: Path, finding: Finding, *, sha256: str | None, mammogram: Mammogram | None) -> dict[str, Any]:
    """The content of ``NAME.json``.

    Args:
        path: the file, as it was found.
        finding: what the detector says, or why there is nothing to say.
        sha256: of the file; None where it could not be read.
        mammogram: None where there is none.
    """
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "path": str(path),
        "sha256": sha256,
        "verdict": finding.verdict,
        "score": finding.score,
        "threshold": finding.threshold,
        "reason": finding.reason,
        "regions": [asdict(region) for region in finding.regions],
        "model": finding.model,
        "seconds": round(finding.seconds, 4),
    }
    if mammogram is not None:
        facts["image"] = {
            "height": mammogram.shape[0],
            "width": mammogram.shape[1],
            "spacing": asdict(mammogram.spacing),
            "laterality": mammogram.laterality,
            "view": mammogram.view,
            "patient": mammogram.patient,
            "kind": mammogram.source.kind if mammogram.source else None,
            "intensity": mammogram.source.intensity_map.describe() if mammogram.source else None,
            "notes": list(mammogram.source.notes) if mammogram.source else [],
        }
    return facts


def write_outcome(base: Path, facts: dict[str, Any], finding: Finding, mammogram: Mammogram | None) -> Outcome:
    """Write ``BASE.json`` and, if the image was scored, ``BASE.heatmap.png`` and ``BASE.scores.npy``.

    The JSON comes last, so that where it is, the others are.
    """
    base.parent.mkdir(parents=True, exist_ok=True)
    thumbnail = None
    if mammogram is not None and finding.score_matrix is not None:
        overlay = draw_overlay(mammogram, finding)
        write_atomically(_named(base, ".heatmap.png"), encode_png(overlay))
        scores = io.BytesIO()
        np.save(scores, finding.score_matrix)
        write_atomically(_named(base, ".scores.npy"), scores.getvalue())
        thumbnail = _shrink(overlay)
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    write_atomically(_named(base, ".json"), text.encode("utf-8", "surrogateescape"))
    return Outcome(Path(facts["path"]), facts, thumbnail)


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or not there, whenever the program is stopped."""
    part = path.with_name(path.name + ".part")
    part.write_bytes(content)
    os.replace(part, path)


def _named(base: Path, ending: str) -> Path:
    return base.with_name(base.name + ending)


def _shrink(picture: np.ndarray, height: int = 480) -> np.ndarray:
    import cv2

    scale = height / picture.shape[0]
    width = max(1, round(picture.shape[1] * scale))
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
