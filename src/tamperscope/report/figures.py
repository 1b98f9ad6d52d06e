"""The figures of the report that the package can draw: 3, 4 and 9."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.merge import distance_part, intensity_part
from tamperscope.report.overlay import DISPLAY_WINDOW

STAGES = (
    ("original", "original"),
    ("condition", "condition"),
    ("cgan1", "CGAN1"),
    ("cgan2", "CGAN2"),
    ("merged", "merged"),
)


def draw_stages(examples: Sequence[Mapping[str, np.ndarray]], path: Path) -> Path:
    """Figure 9: the stages of an injection, a column per example.

    Args:
        examples: the ``stages`` of some forgeries.
        path: of the PNG.
    """
    plt = _pyplot()
    rows, columns = len(STAGES), len(examples)
    figure, axes = plt.subplots(rows, columns, figsize=(1.9 * columns + 0.6, 1.9 * rows), squeeze=False)
    for row, (stage, label) in enumerate(STAGES):
        for column, stages in enumerate(examples):
            axis = axes[row, column]
            axis.imshow(stages[stage], cmap="gray", vmin=DISPLAY_WINDOW[0] - 100, vmax=DISPLAY_WINDOW[1] + 100)
            axis.set(xticks=[], yticks=[])
            for spine in axis.spines.values():
                spine.set_visible(False)
        axes[row, 0].set_ylabel(label, fontsize=11)
    figure.tight_layout(pad=0.4)
    return _save(plt, figure, path)


def draw_intensity_part(path: Path, *, threshold: float = 400.0, smoothings: Sequence[float] = (5, 20, 40, 80)) -> Path:
    """Figure 3: part B of W against intensity, for several alphas."""
    plt = _pyplot()
    intensity = np.linspace(0, 1100, 500)
    figure, axis = plt.subplots(figsize=(5, 3.2))
    for smoothing in smoothings:
        axis.plot(intensity, intensity_part(intensity, threshold, smoothing), label=rf"$\alpha$ = {smoothing:g}")
    axis.set(xlabel="reference intensity of G", ylabel="part B", title=f"Th = {threshold:g}")
    axis.legend(frameon=False)
    return _save(plt, figure, path)


def draw_distance_part(path: Path, *, powers: Sequence[float] = (1, 2, 3, 6, 12)) -> Path:
    """Figure 4: part A of W against distance, for several p."""
    plt = _pyplot()
    distance = np.linspace(0, 1, 300)
    figure, axis = plt.subplots(figsize=(5, 3.2))
    for power in powers:
        axis.plot(distance, distance_part(distance, power), label=f"p = {power:g}")
    axis.set(xlabel="distance D from the centre", ylabel="part A")
    axis.legend(frameon=False)
    return _save(plt, figure, path)


def _pyplot() -> Any:
    try:
        import matplotlib as mpl
    except ImportError as error:
        raise TamperscopeError("figures need matplotlib: pip install 'tamperscope[demo]'.") from error
    mpl.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def _save(plt: Any, figure: Any, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, bbox_inches="tight")
    plt.close(figure)
    return path
