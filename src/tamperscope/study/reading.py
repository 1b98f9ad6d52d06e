"""What a reader thinks of a case, derived from the acts in their order: pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tamperscope.study.config import Question

CHANGES = ("answer", "mark-add", "mark-edit", "mark-delete")


@dataclass
class Reading:
    """One reader's reading of one case.

    Attributes:
        answers: By question.
        marks: By id, in the order of drawing.
        revision: How many acts changed it.
        seconds: At work, by the browser's monotonic clock; clock changes don't touch it.
        opened: How often the case was opened.
        first, last: Server time of the first and the last act, seconds since 1970; None without acts.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    marks: dict[str, dict[str, Any]] = field(default_factory=dict)
    revision: int = 0
    seconds: float = 0.0
    opened: int = 0
    first: float | None = None
    last: float | None = None

    def state(self, questions: Iterable[Question]) -> str:
        """``new``, ``begun`` or ``done``: all required questions answered."""
        if self.first is None:
            return "new"
        return "begun" if self.missing(questions) else "done"

    def missing(self, questions: Iterable[Question]) -> list[str]:
        """The required questions that lack their answer."""
        return [q.id for q in questions if q.required and self.answers.get(q.id) is None]


def derive(acts: Iterable[tuple[str, dict[str, Any], int | None, float]]) -> Reading:
    """The reading after acts, each (kind, data, active_ms, server time), in the order of arrival.

    >>> acts = [("answer", {"question": "q", "value": "a"}, None, 1.0), ("view", {}, 500, 2.0)]
    >>> derive(acts).answers, derive(acts).seconds
    ({'q': 'a'}, 0.5)
    """
    reading = Reading()
    for kind, data, active_ms, at in acts:
        reading.first = at if reading.first is None else reading.first
        reading.last = at
        reading.seconds += (active_ms or 0) / 1000
        reading.opened += kind == "open"
        reading.revision += kind in CHANGES
        if kind == "answer":
            reading.answers[data["question"]] = data["value"]
        elif kind == "mark-delete":
            reading.marks.pop(data["mark"]["id"], None)
        elif kind in ("mark-add", "mark-edit"):
            reading.marks[data["mark"]["id"]] = data["mark"]
    return reading
