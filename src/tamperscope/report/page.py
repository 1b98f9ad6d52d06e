"""``report.html``: one self-contained page for all scanned images."""

from __future__ import annotations

import base64
import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader

from tamperscope import __version__
from tamperscope.io.files import write_atomically
from tamperscope.report.outcome import Outcome
from tamperscope.report.overlay import COLD, OPACITY, STEPS, step_colours
from tamperscope.report.visible import visible

_ORDER = {"fake": 0, "not-scored": 1, "real": 2}


def write_report(
    outcomes: Sequence[Outcome],
    path: Path,
    *,
    skipped: Sequence[tuple[Path, str]],
    model: dict[str, Any],
    missing: int = 0,
) -> Path:
    """Write the page: what needs a look first, then the rest; names are escaped, nothing is loaded from elsewhere.

    Args:
        outcomes: of all images.
        path: of the page.
        skipped: files that were not tried, with the reason.
        model: name, version and hash of the detector.
        missing: images that a scan stopped early did not come to.
    """
    # Everything is escaped: names of files come from anywhere.
    environment = Environment(loader=PackageLoader("tamperscope", "report"), autoescape=True, trim_blocks=True)
    environment.filters["visible"] = visible
    ordered = sorted(outcomes, key=lambda outcome: (_ORDER[outcome.verdict], -(outcome.facts["score"] or 0)))
    text = environment.get_template("page.html.j2").render(
        rows=[_row(outcome, path.parent) for outcome in ordered],
        counts=Counter(outcome.verdict for outcome in outcomes),
        skipped=[(str(file), reason) for file, reason in skipped],
        steps=_legend(),
        model=model,
        missing=missing,
        version=__version__,
        written=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )
    write_atomically(path, text.encode("utf-8", "replace"))
    return path


def _row(outcome: Outcome, folder: Path) -> dict[str, Any]:
    thumbnail = outcome.thumbnail
    return {
        **outcome.facts,
        "name": Path(outcome.facts["path"]).name or outcome.facts["path"],
        "picture": _data_uri("jpeg", thumbnail.picture) if thumbnail else None,
        "heat": _data_uri("png", thumbnail.heat) if thumbnail else None,
        "size": (thumbnail.width, thumbnail.height) if thumbnail else None,
        "heatmap_link": _link(outcome.heatmap_path, folder),
        "json_link": _link(outcome.json_path, folder),
    }


def _legend() -> list[dict[str, Any]]:
    """The steps of heat: range, colour, opacity."""
    width = (1 - COLD) / STEPS
    low, high = OPACITY
    return [
        {
            "from": COLD + step * width,
            "colour": f"rgb({red} {green} {blue})",
            "opacity": low + (high - low) * step / (STEPS - 1),
        }
        for step, (red, green, blue) in enumerate(step_colours().tolist())
    ]


def _link(target: Path, folder: Path) -> str:
    # "./" keeps a name with a colon from being taken for a scheme such as javascript:.
    return "./" + quote(os.fsencode(os.path.relpath(target, folder).replace(os.sep, "/")))


def _data_uri(kind: str, packed: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(packed).decode()}"
