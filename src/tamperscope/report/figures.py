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


def draw_sheet(pictures: Sequence[np.ndarray], path: Path, *, columns: int) -> Path:
    """Squares beside each other, row by row; all of one shape, 0 black to 1 white, or RGB."""
    plt = _pyplot()
    rows = -(-len(pictures) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(1.4 * columns, 1.4 * rows), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, picture in zip(axes.flat, pictures, strict=False):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
    figure.tight_layout(pad=0.2)
    return _save(plt, figure, path)


def draw_spectra(ratios: Mapping[str, np.ndarray], path: Path) -> Path:
    """Power inside over outside a forgery against frequency: images x frequencies, for each kind of stage 7."""
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(5, 3.2))
    for name, rows in ratios.items():
        frequency = np.linspace(0, 0.5, rows.shape[1])[1:]
        low, middle, high = np.quantile(rows[:, 1:], (0.25, 0.5, 0.75), axis=0)
        axis.plot(frequency, middle, label=name)
        axis.fill_between(frequency, low, high, alpha=0.2)
    axis.axhline(1, color="black", linewidth=0.6)
    axis.set(xlabel="cycles a pixel", ylabel="power inside / outside", yscale="log")
    axis.legend(frameon=False)
    return _save(plt, figure, path)


def draw_losses(curves: Mapping[str, Mapping[str, Any]], path: Path) -> Path:
    """Losses and the discriminator's accuracy against the step, a row for each network; grey where it rested.

    Args:
        curves: by network, arrays by the names of ``train/mammo_cgan.py``'s columns.
        path: of the picture.
    """
    plt = _pyplot()
    panels = (
        ("discriminator_loss", "discriminator's loss"),
        ("adversarial_loss", "generator's adversarial loss"),
        ("l1", "L1, reference intensity / 1100"),
        ("discriminator_accuracy", "discriminator's accuracy"),
    )
    figure, axes = plt.subplots(len(curves), 4, figsize=(12, 2.4 * len(curves)), squeeze=False)
    for row, (name, curve) in zip(axes, curves.items(), strict=True):
        steps, resting = curve["step"], curve.get("discriminator_rested")
        for axis, (column, label) in zip(row, panels, strict=True):
            axis.plot(steps, curve[column], linewidth=1)
            if resting is not None:
                axis.fill_between(
                    steps, 0, 1, where=resting > 0, transform=axis.get_xaxis_transform(), color="0.85", step="pre"
                )
            axis.set_title(f"{name.upper()}: {label}", fontsize=9)
            axis.set_xlabel("step", fontsize=8)
            axis.tick_params(labelsize=8)
    figure.tight_layout()
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
