"""``report.html``: one self-contained page for all scanned images."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader

from tamperscope import __version__
from tamperscope.report.outcome import Outcome, write_atomically
from tamperscope.report.overlay import heat_colour

_ORDER = {"fake": 0, "not-scored": 1, "real": 2}


def write_report(
    outcomes: Sequence[Outcome], path: Path, *, skipped: Sequence[tuple[Path, str]], model: dict[str, Any]
) -> Path:
    """Write the page: what needs a look first, then the rest; names are escaped, nothing is loaded from elsewhere.

    Args:
        outcomes: of all images.
        path: of the page.
        skipped: files that were not tried, with the reason.
        model: name, version and hash of the detector.
    """
    environment = Environment(loader=PackageLoader("tamperscope", "report"), autoescape=True, trim_blocks=True)
    ordered = sorted(outcomes, key=lambda outcome: (_ORDER[outcome.verdict], -(outcome.facts["score"] or 0)))
    text = environment.get_template("page.html.j2").render(
        rows=[{**outcome.facts, "thumbnail": _data_uri(outcome.thumbnail)} for outcome in ordered],
        counts=Counter(outcome.verdict for outcome in outcomes),
        skipped=[(str(file), reason) for file, reason in skipped],
        legend=_data_uri(heat_colour(np.linspace(0, 1, 256))[None].repeat(12, axis=0)),
        model=model,
        version=__version__,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    write_atomically(path, text.encode("utf-8", "replace"))
    return path


def _data_uri(picture: np.ndarray | None) -> str | None:
    if picture is None:
        return None
    packed = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return "data:image/jpeg;base64," + base64.b64encode(packed.tobytes()).decode()
