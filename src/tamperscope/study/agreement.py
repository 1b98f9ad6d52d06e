"""How far the readers of a part agree, question by question."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tamperscope.judge.agreement import fleiss_kappa, krippendorff_alpha
from tamperscope.study.config import Part, Question
from tamperscope.study.reading import Reading
from tamperscope.study.store import Store


def agreement_of(store: Store, part: Part, readings: Mapping[str, Reading]) -> list[tuple[str, str]]:
    """Words and figure for each choice and scale of a part; empty with fewer than two readers."""
    return [
        (f"{part.title}: {question.words} ({name})", f"{value:.3f}" if math.isfinite(value) else "n/a")
        for question in part.questions
        if question.kind != "text" and len(store.readers) > 1
        for name, value in figures(coded(store, part, question, readings), question)
    ]


def coded(store: Store, part: Part, question: Question, readings: Mapping[str, Reading]) -> np.ndarray:
    """Answers as numbers, shape (readers, images); nan where there is none. A choice is its option's place."""
    places = {option.value: float(i) for i, option in enumerate(question.options)}
    rows = []
    for reader_id in store.readers:
        given = {one.image_id: readings[one.id].answers.get(question.id) for one in store.cases_of(reader_id, part.id)}
        rows.append([_number(given[image], places) for image in sorted(given)])
    return np.array(rows, dtype=float)


def _number(answer: object, places: Mapping[str, float]) -> float:
    if isinstance(answer, str):
        return places.get(answer, math.nan)
    return float(answer) if isinstance(answer, int | float) else math.nan


def figures(values: np.ndarray, question: Question) -> list[tuple[str, float]]:
    """Krippendorff's alpha, and Fleiss' kappa of a choice that everyone answered."""
    try:
        metric = "interval" if question.kind == "scale" else "nominal"
        found = [("Krippendorff's alpha", krippendorff_alpha(values, metric))]  # type: ignore[arg-type]
        if question.kind == "choice" and not np.isnan(values).any():
            counts = np.stack([(values == i).sum(axis=0) for i in range(len(question.options))], axis=1)
            found.insert(0, ("Fleiss' kappa", fleiss_kappa(counts).value))
    except ValueError:
        return [("agreement", math.nan)]
    return found
