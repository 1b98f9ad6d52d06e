"""An Obuchowski-Rockette analysis as text for people and as a dictionary for machines."""

from __future__ import annotations

import math

from tamperscope.judge.mrmc import Estimate, MrmcAnalysis, MrmcResult
from tamperscope.judge.reader_study import ReaderStudy


def _analyses(result: MrmcResult) -> list[MrmcAnalysis]:
    found = (
        result.random_readers_random_cases,
        result.fixed_readers_random_cases,
        result.random_readers_fixed_cases,
    )
    return [analysis for analysis in found if analysis is not None]


def _name(study: ReaderStudy, estimate: Estimate) -> str:
    name = str(study.modalities[estimate.modality])
    if estimate.against is not None:
        name += f" - {study.modalities[estimate.against]}"
    if estimate.reader is not None:
        name += f", reader {study.readers[estimate.reader]}"
    return name


def as_dict(study: ReaderStudy, result: MrmcResult) -> dict[str, object]:
    """A JSON-ready form, with names instead of indices and None for what does not apply.

    Args:
        study: Whose names to use.
        result: Its analysis.
    """

    def plain(value: float) -> float | None:
        return value if math.isfinite(value) else None

    def one(estimate: Estimate) -> dict[str, object]:
        return {
            "name": _name(study, estimate),
            "value": estimate.value,
            "standard_error": estimate.standard_error,
            "df": plain(estimate.df),
            "interval": [estimate.interval.low, estimate.interval.high],
            "level": estimate.interval.level,
            "p_value": plain(estimate.p_value),
        }

    components = result.components
    return {
        "readers": [str(name) for name in study.readers],
        "modalities": [str(name) for name in study.modalities],
        "cases": {"positive": int(study.truth.sum()), "negative": int((~study.truth).sum())},
        "figures": result.figures.tolist(),
        "covariance_method": result.covariance.method,
        "components": None
        if components is None
        else {
            "reader": components.reader,
            "modality_reader": components.modality_reader,
            "error": components.error,
            "cov1": components.cov1,
            "cov2": components.cov2,
            "cov3": components.cov3,
        },
        "analyses": [
            {
                "name": analysis.name,
                "test": analysis.test.as_dict() if analysis.test else None,
                "differences": [one(estimate) for estimate in analysis.differences],
                "modalities": [one(estimate) for estimate in analysis.modalities],
                "by_reader": [one(estimate) for estimate in analysis.by_reader],
            }
            for analysis in _analyses(result)
        ],
    }


def to_text(study: ReaderStudy, result: MrmcResult) -> str:
    """A report for a terminal.

    Args:
        study: Whose names to use.
        result: Its analysis.
    """
    positive, negative = int(study.truth.sum()), int((~study.truth).sum())
    lines = [
        f"{len(study.modalities)} modalities, {len(study.readers)} readers, {positive + negative} cases "
        f"({positive} positive, {negative} negative); covariances by {result.covariance.method}",
        "",
        "area under the ROC curve",
        f"{'reader':<16}" + "".join(f"{name!s:>14}" for name in study.modalities),
    ]
    for j, reader in enumerate(study.readers):
        lines.append(f"{reader!s:<16}" + "".join(f"{value:14.8f}" for value in result.figures[:, j]))
    lines.append(f"{'mean':<16}" + "".join(f"{value:14.8f}" for value in result.figures.mean(axis=1)))
    if result.components:
        components = result.components
        lines += ["", "variance components (estimates, which may be negative)"]
        for name in ("reader", "modality_reader", "error", "cov1", "cov2", "cov3"):
            lines.append(f"{name:<16}{getattr(components, name):14.8f}")
    for analysis in _analyses(result):
        lines += ["", analysis.name]
        if analysis.test:
            df = ", ".join(f"{value:.2f}" for value in analysis.test.df)
            lines.append(
                f"  equal modalities: {analysis.test.statistic:.4f} with {df} degrees of freedom, "
                f"p = {analysis.test.p_value:.4f}"
            )
        for estimate in (*analysis.differences, *analysis.modalities, *analysis.by_reader):
            p = "" if math.isnan(estimate.p_value) else f", p = {estimate.p_value:.4f}"
            df = "normal" if math.isinf(estimate.df) else f"{estimate.df:.2f} df"
            lines.append(
                f"  {_name(study, estimate)}: {estimate.value:.5f}, standard error {estimate.standard_error:.5f} "
                f"({df}), {100 * estimate.interval.level:g} % {estimate.interval.low:.5f} to "
                f"{estimate.interval.high:.5f}{p}"
            )
    return "\n".join(lines)
