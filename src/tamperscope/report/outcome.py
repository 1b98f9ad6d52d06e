"""What a scan leaves of one image: JSON, heat map, scores (docs/reference/finding.md)."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tamperscope import __version__
from tamperscope.detect.finding import Finding
from tamperscope.io.files import write_atomically
from tamperscope.mammogram import Mammogram
from tamperscope.report.naming import ENDINGS
from tamperscope.report.overlay import PALETTE, draw_overlay
from tamperscope.report.png import encode_palette_png
from tamperscope.report.thumbnail import Thumbnail, draw_thumbnail

SCHEMA = "tamperscope/finding/1"
_JSON, _HEATMAP, _SCORES = ENDINGS


@dataclass(frozen=True)
class Outcome:
    """One scanned image, ready for the page and the table.

    Attributes:
        facts: the content of ``NAME.json``.
        base: where it was written: ``NAME`` with its folder.
        thumbnail: None if not scored.
    """

    facts: dict[str, Any]
    base: Path
    thumbnail: Thumbnail | None = field(default=None, compare=False)

    @property
    def verdict(self) -> str:
        """``real``, ``fake`` or ``not-scored``."""
        return self.facts["verdict"]

    @property
    def json_path(self) -> Path:
        """``NAME.json``."""
        return _named(self.base, _JSON)

    @property
    def heatmap_path(self) -> Path:
        """``NAME.heatmap.png``, which is there if the image was scored."""
        return _named(self.base, _HEATMAP)


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
        "version": __version__,
        "image": None,
    }
    if mammogram is not None:
        source = mammogram.source
        facts["image"] = {
            "height": mammogram.shape[0],
            "width": mammogram.shape[1],
            "spacing": asdict(mammogram.spacing),
            "laterality": mammogram.laterality,
            "view": mammogram.view,
            "patient": mammogram.patient,
            "kind": source.kind if source else None,
            "intensity": source.intensity_map.describe() if source else None,
            "notes": list(source.notes) if source else [],
        }
    return facts


def write_outcome(base: Path, facts: dict[str, Any], finding: Finding, mammogram: Mammogram | None) -> Outcome:
    """Write ``BASE.json`` and, if the image was scored, ``BASE.heatmap.png`` and ``BASE.scores.npy``.

    The JSON comes last, so that where it is, the others are.
    """
    text = to_json(facts)
    base.parent.mkdir(parents=True, exist_ok=True)
    heatmap, scores = _named(base, _HEATMAP), _named(base, _SCORES)
    thumbnail = None
    if mammogram is not None and finding.score_matrix is not None:
        with ThreadPoolExecutor(1) as second_core:
            drawn = second_core.submit(draw_thumbnail, mammogram, finding)
            write_atomically(heatmap, encode_palette_png(draw_overlay(mammogram, finding), PALETTE))
        packed = io.BytesIO()
        np.save(packed, finding.score_matrix)
        write_atomically(scores, packed.getvalue())
        thumbnail = drawn.result()
    else:
        # An earlier scan's pictures would contradict the JSON.
        heatmap.unlink(missing_ok=True)
        scores.unlink(missing_ok=True)
    write_atomically(_named(base, _JSON), text)
    return Outcome(facts, base, thumbnail)


def to_json(facts: dict[str, Any]) -> bytes:
    """Facts as strict JSON in UTF-8, numbers of numpy included."""
    text = json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False, default=_plain) + "\n"
    # A file's name may hold bytes that are no UTF-8, which Python keeps as surrogates: they become \udcxx escapes.
    return text.encode("utf-8", "backslashreplace")


def _plain(value: object) -> object:
    if isinstance(value, (np.generic, np.ndarray)):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not for JSON")


def _named(base: Path, ending: str) -> Path:
    return base.with_name(base.name + ending)
