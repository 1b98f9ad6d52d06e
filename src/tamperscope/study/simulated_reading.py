"""What a simulated reader says about a case, drawn before it is said, so that it can be compared with what is kept.

The model is the binormal one: how suspicious a forged image looks is normal with mean ``separation``, a real one with
mean 0, standard deviation 1 (area under the ROC curve: Phi(separation / sqrt 2)); the same for how ill it looks. Forged
images look as ill as real lesions with probability ``convincing``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtr

from tamperscope.study.config import Part, Question

REMARKS = (
    "Simulated reader.",
    "Simulated reader: dense breast, nothing else.",
    'Simulated reader: "soft" border, 3 × 4 mm; naïve, -2 < x & y > 1.',
)
FALSE_MARKS, SECOND_THOUGHTS = 0.15, 0.1
"""Shares of cases with a mark beside any lesion, and of choices that are answered otherwise first."""


@dataclass(frozen=True)
class Skill:
    """How simulated readers read.

    Attributes:
        separation: How well forgery is told, in standard deviations.
        convincing: How often a forged image looks ill.
    """

    separation: float = 1.0
    convincing: float = 0.7


@dataclass(frozen=True)
class PlannedMark:
    """A mark: its kind, the middle and the size in pixels (a point has none), and the confidence in it."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    confidence: int | None

    @property
    def shape(self) -> dict[str, float]:
        """As the pages send it: left, top and size."""
        left, top = self.x - self.width / 2, self.y - self.height / 2
        return {"x": left, "y": top, "width": self.width, "height": self.height}


@dataclass(frozen=True)
class PlannedReading:
    """All that one reader is to say about one case.

    Attributes:
        answers: By question; a question that is left out has no answer.
        marks: In the order of drawing; no two are near each other.
        first_thoughts: Choices that are given first and then changed to ``answers``, by question.
    """

    answers: dict[str, Any]
    marks: tuple[PlannedMark, ...] = ()
    first_thoughts: dict[str, Any] = field(default_factory=dict)


def draws_of(seed: int, reader: str, part: str, number: int) -> np.random.Generator:
    """The random numbers of one reading: the same whoever asks, and in whatever order."""
    return np.random.default_rng([seed, *hashlib.sha256(f"{reader} {part} {number}".encode()).digest()[:8]])


def plan_reading(part: Part, truth: dict[str, Any], rng: np.random.Generator, skill: Skill) -> PlannedReading:
    """Draw one reading.

    Args:
        part: What is asked.
        truth: Of the image (``image_list.TrueImage.as_dict``, and its width and height).
        rng: See ``draws_of``.
        skill: How well the reader reads.
    """
    ill = bool(rng.random() < skill.convincing) if truth["forged"] else truth["healthy"] is False
    suspicion = skill.separation * (truth["forged"] - 0.5) + rng.standard_normal()
    illness = 2.0 * ill + rng.standard_normal() - 1.0
    doubts_truth = any(_values(question) == {"real", "fake"} for question in part.questions)
    answers, first_thoughts = {}, {}
    for question in part.questions:
        answer = _answer(question, suspicion, illness, suspicion if doubts_truth else illness, rng)
        if answer is not None:
            answers[question.id] = answer
        if question.kind == "choice" and rng.random() < SECOND_THOUGHTS:
            first_thoughts[question.id] = next(o.value for o in question.options if o.value != answer)
    marks = tuple(_marks(part, truth["lesions"], (truth["width"], truth["height"]), illness, rng)) if part.marks else ()
    return PlannedReading(answers, marks, first_thoughts)


def _values(question: Question) -> set[str]:
    return {option.value for option in question.options}


def _answer(question: Question, suspicion: float, illness: float, sure_of: float, rng: np.random.Generator) -> Any:
    values = [option.value for option in question.options]
    if question.kind == "text":
        return REMARKS[rng.integers(len(REMARKS))] if question.required or rng.random() < 0.5 else None
    if question.kind == "scale":
        return _percent(sure_of)
    if set(values) == {"healthy", "unhealthy"}:
        return "unhealthy" if illness > 0 else "healthy"
    if set(values) == {"real", "fake"}:
        return "fake" if suspicion > 0 else "real"
    return values[min(len(values) - 1, int(ndtr(illness) * len(values)))]


def _marks(
    part: Part, lesions: list[list[float]], size: tuple[int, int], illness: float, rng: np.random.Generator
) -> list[PlannedMark]:
    places = []
    if illness > 0 and lesions:
        x, y, width, height = lesions[0]
        off, larger = 0.2 * rng.standard_normal(2), rng.uniform(0.8, 1.3)
        places.append((x + width * (0.5 + off[0]), y + height * (0.5 + off[1]), larger * width, larger * height))
    if rng.random() < FALSE_MARKS:
        side = 0.05 * size[0]
        across, down = rng.uniform(0.3, 0.7, 2)
        near = any(abs(x - across * size[0]) < width / 2 + 3 * side for x, _, width, _ in places)
        places += [] if near else [(across * size[0], down * size[1], side, side)]
    assert part.marks is not None
    marks = []
    for x, y, width, height in places:
        kind = part.marks.kinds[rng.integers(len(part.marks.kinds))]
        width, height = (0.0, 0.0) if kind == "point" else (_drawable(width, size[0]), _drawable(height, size[1]))
        x, y = _inside(x, width, size[0]), _inside(y, height, size[1])
        confidence = _percent(illness) if part.marks.confidence else None
        marks.append(PlannedMark(kind, x, y, width, height, confidence))
    return marks


def _drawable(length: float, full: int) -> float:
    """Not so small that a mouse can't draw it."""
    return float(min(max(length, 24), full / 2))


def _inside(middle: float, length: float, full: int) -> float:
    return float(min(max(middle, length / 2 + 1), full - length / 2 - 1))


def _percent(value: float) -> int:
    return round(100 * (2 * float(ndtr(abs(value))) - 1))
