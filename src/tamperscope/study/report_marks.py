"""Marks against lesions, real and forged: a hit lies in the ellipse within the box of the lesion nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tamperscope.judge.confusion import percent
from tamperscope.judge.localisation import Lesion, Mark, MarkedImage, jafroc, lesion_sensitivity, match_marks
from tamperscope.study.outcome import Judged
from tamperscope.study.report_text import table

UNSURE = 50.0
"""The confidence of a mark that was given none."""


def marks_section(own: Sequence[Judged]) -> tuple[list[str], dict[str, Any]]:
    """JAFROC figure of merit, lesions marked, and false marks, by reader.

    Images without lesions count where they are healthy; where nobody knows what is in them they are left out.
    """
    rows, figures = [], {}
    for reader in {one.reader.id: one.reader for one in own}.values():
        images = [
            _matched(one)
            for one in own
            if one.reader.id == reader.id and (one.truth["lesions"] or one.truth["group"] == "healthy")
        ]
        try:
            merit, (sensitivity, false) = jafroc(images), lesion_sensitivity(images)
        except ValueError:
            continue
        figures[reader.id] = {"jafroc": merit, "lesion_sensitivity": sensitivity, "false_marks_an_image": false}
        rows.append((reader.shown, len(images), f"{merit:.3f}", percent(sensitivity), f"{false:.2f}"))
    if not rows:
        return [], figures
    header = ("reader", "images", "JAFROC", "lesions marked", "false marks an image")
    rule = "A mark hits the lesion nearest to it if its middle lies in the ellipse within the lesion's box."
    return ["### Marks against lesions", "", *table(header, rows), rule, ""], figures


def _matched(one: Judged) -> MarkedImage:
    marks = [
        Mark(
            mark["shape"]["x"] + mark["shape"]["width"] / 2,
            mark["shape"]["y"] + mark["shape"]["height"] / 2,
            UNSURE if mark["confidence"] is None else mark["confidence"],
        )
        for mark in one.reading.marks.values()
    ]
    return match_marks(marks, [Lesion(*box) for box in one.truth["lesions"]])
