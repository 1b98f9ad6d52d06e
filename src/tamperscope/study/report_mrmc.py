"""Readers and cases together: areas under the ROC curve by Obuchowski and Rockette's analysis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tamperscope.judge.delong import auc_interval
from tamperscope.judge.mrmc import mrmc_auc
from tamperscope.judge.mrmc_report import as_dict
from tamperscope.judge.reader_study import ReaderStudy
from tamperscope.study.config import Question
from tamperscope.study.outcome import Judged
from tamperscope.study.report_text import area, table

MEANINGS = {
    "random readers, random cases": "holds for other readers and other cases",
    "fixed readers, random cases": "holds for these readers, other cases",
    "random readers, fixed cases": "holds for other readers, these cases",
}


def mrmc_section(
    words: str,
    own: Sequence[Judged],
    positive: Callable[[Judged], bool],
    question: Question,
    called: str,
    scale: Question | None,
) -> tuple[list[str], Any]:
    """Area under the ROC curve over readers and cases.

    The rating of a case is the confidence, and its negative where the reader did not call it positive.

    Args:
        words: What is told from what.
        own: The readings to take.
        positive: Whether an image is of the positive class.
        question: The choice.
        called: Its positive answer.
        scale: The confidence, 0 to 100; without it the choice alone counts.
    """
    rows = []
    for one in own:
        sure = float(one.reading.answers.get(scale.id) or 0) if scale else 0.0
        rating = (1 + sure) * (1 if one.reading.answers[question.id] == called else -1)
        rows.append((one.reader.id, one.image_id, words, int(positive(one)), rating))
    lines = [f"#### ROC: {words}", ""]
    try:
        study = ReaderStudy.from_rows(rows)
        result = mrmc_auc(study.truth, study.ratings)
    except ValueError as error:
        return [*lines, f"Not to be had: {error}.", ""], None
    shown = {one.reader.id: one.reader.shown for one in own}
    truth, ratings = study.truth, study.ratings[0]
    lines += table(
        ("reader", "AUC [95 %, DeLong]", "cases"),
        [
            (shown[str(reader)], area(figure, *auc_interval(truth, ratings[number])[:2]), len(truth))
            for number, (reader, figure) in enumerate(zip(study.readers, result.figures[0], strict=True))
        ],
    )
    analyses = (
        result.random_readers_random_cases,
        result.fixed_readers_random_cases,
        result.random_readers_fixed_cases,
    )
    lines += table(
        ("mean of the readers (Obuchowski-Rockette)", "AUC [95 %, cut at 1]", "standard error", "this interval"),
        [
            (one.name, area(found.value, *found.interval[:2]), f"{found.standard_error:.3f}", MEANINGS[one.name])
            for one in analyses
            if one is not None
            for found in one.modalities[:1]
        ],
    )
    return lines, as_dict(study, result)
