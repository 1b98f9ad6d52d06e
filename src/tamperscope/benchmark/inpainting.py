"""How near inpainting comes to the tissue that was there: holes in healthy tissue of patients held out."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.lossless import make_lossless_like
from tamperscope.errors import TamperscopeError
from tamperscope.forge.autoencoder import Autoencoder
from tamperscope.forge.biharmonic import Biharmonic
from tamperscope.forge.blend import HARD
from tamperscope.forge.cv_inpaint import inpaint_16_bit
from tamperscope.forge.harmonic import fill_biharmonic, fill_harmonic
from tamperscope.forge.partial_convolution import PartialConvolution, PartialConvolution512
from tamperscope.forge.random_region import random_region
from tamperscope.forge.region import Region
from tamperscope.forge.region_forger import RegionForger
from tamperscope.forge.smooth_start import smooth_start
from tamperscope.forge.telea import Telea
from tamperscope.forge.texture_fill import TextureFill
from tamperscope.forge.window import Window
from tamperscope.io.read import read_mammogram
from tamperscope.judge.bootstrap import cluster_bootstrap
from tamperscope.mammogram import Mammogram

SIZES_MM = tuple((long, long * share) for long in (3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0) for share in (0.6, 0.8, 1.0))
"""Width and height of the boxes of holes: 30 to 150 pixels of 0.1 mm."""
_DATA_RANGE = 500.0
"""Of PSNR and SSIM: the display window of 300 to 800."""
_MARGIN = 180
REFERENCE = "partial-convolution"
"""What the others are compared with."""
_DIGITS = {"l1": 2, "psnr": 2, "ssim": 3}
"""What is measured, with the decimals of a table."""
_LEAST_GRAIN = 1e-9
"""The classical forgers' low frequencies, without the texture that they put on top."""

Fill = Callable[[Mammogram, Region, int], np.ndarray]
"""Mammogram, hole and seed to the filled picture, H x W or that of a forged mammogram."""


@dataclass(frozen=True)
class Outcome:
    """One hole filled by one method; lengths in pixels, errors in reference intensity, SSIM and PSNR in the hole."""

    image: str
    patient: str
    method: str
    longer_side: int
    l1: float
    psnr: float
    ssim: float


def methods() -> dict[str, Fill]:
    """What is compared, by name."""

    def forged(forger: RegionForger | PartialConvolution512) -> Fill:
        return lambda mammogram, region, seed: forger.repeat(mammogram, region, seed=seed).mammogram.pixels

    def in_window(fill: Callable[[Window], np.ndarray]) -> Fill:
        def run(mammogram: Mammogram, region: Region, seed: int) -> np.ndarray:
            window = Window.around(mammogram, region, _MARGIN)
            filled = mammogram.pixels.copy()
            filled[window.slices][window.hole] = fill(window)[window.hole]
            return filled

        return run

    def plain(fill: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Fill:
        return in_window(lambda window: fill(window.pixels, window.hole))

    return {
        REFERENCE: forged(PartialConvolution(blend=HARD, grain=0)),
        "partial-convolution-512": forged(PartialConvolution512(ramp=0, grain=0)),
        "telea": plain(lambda pixels, hole: inpaint_16_bit(pixels, hole, 5.0, cv2.INPAINT_TELEA)),
        "telea, low frequencies": forged(Telea(blend=HARD, grain=_LEAST_GRAIN)),
        "biharmonic": plain(fill_biharmonic),
        "biharmonic, low frequencies": forged(Biharmonic(blend=HARD, grain=_LEAST_GRAIN)),
        "harmonic": plain(fill_harmonic),
        "smooth start": in_window(
            lambda window: smooth_start(window.pixels, window.hole, window.tissue & ~window.hole)
        ),
        "partial-convolution with grain": forged(PartialConvolution(blend=HARD)),
        "telea with grain": forged(Telea(blend=HARD)),
        "biharmonic with grain": forged(Biharmonic(blend=HARD)),
        # No fill: it sees what it replaces.
        "autoencoder round trip": forged(Autoencoder(blend=HARD)),
        "patch-match": forged(TextureFill(blend=HARD)),
    }


def measure_inpainting(
    cases: Sequence[Case], *, holes: int, seed: int, chosen: Mapping[str, Fill] | None = None
) -> Iterator[Outcome]:
    """Fill holes in healthy tissue and compare with what was there.

    Args:
        cases: images of patients that the networks have not seen.
        holes: an image.
        seed: of conversion, holes and grain; each image's draws depend on it and the image's name alone.
        chosen: fills by name; by default all ``methods``.
    """
    chosen = methods() if chosen is None else chosen
    for case in tqdm(cases, desc="images", mininterval=5):
        rng = np.random.default_rng([seed, *case.name.encode()])
        original = read_mammogram(case.path)
        mammogram = make_lossless_like(original, rng=rng)
        scale = mammogram.shape[0] / original.shape[0]
        height, width = mammogram.shape
        avoid = [
            Region.box(x0, y0, min(x1, width) - x0, min(y1, height) - y0)
            for x0, y0, x1, y1 in ((int(side * scale) for side in astuple(box)) for box in case.regions)
        ]
        for number in range(holes):
            try:
                region = random_region(mammogram, rng, SIZES_MM, avoid=avoid)
            except TamperscopeError:
                continue  # a small breast full of annotations has no room
            for name, fill in chosen.items():
                filled = fill(mammogram, region, number)
                yield Outcome(
                    case.name,
                    f"{case.patients[0]}-{case.patients[1]}",
                    name,
                    max(region.width, region.height),
                    *compare(mammogram, filled, region),
                )


def compare(mammogram: Mammogram, filled: np.ndarray, region: Region) -> tuple[float, float, float]:
    """L1, PSNR and SSIM of a filled picture in the hole, against the original."""
    window = Window.around(mammogram, region, 16)
    true, made = (picture[window.slices].astype(np.float64) for picture in (mammogram.pixels, filled))
    error = (made - true)[window.hole]
    psnr = 10 * np.log10(_DATA_RANGE**2 / max(float((error**2).mean()), 1e-12))
    return float(np.abs(error).mean()), float(psnr), float(ssim_map(true, made)[window.hole].mean())


def ssim_map(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Structural similarity at each pixel (Wang et al., 2004): Gaussian window of 11 pixels, sigma 1.5."""

    def mean(picture: np.ndarray) -> np.ndarray:
        return cv2.GaussianBlur(picture, (11, 11), 1.5, borderType=cv2.BORDER_REFLECT_101)

    first, second = (0.01 * _DATA_RANGE) ** 2, (0.03 * _DATA_RANGE) ** 2
    mean_one, mean_other = mean(one), mean(other)
    variances = mean(one**2) - mean_one**2 + mean(other**2) - mean_other**2
    covariance = mean(one * other) - mean_one * mean_other
    luminance = (2 * mean_one * mean_other + first) / (mean_one**2 + mean_other**2 + first)
    return luminance * (2 * covariance + second) / (variances + second)


def write_inpainting(outcomes: Sequence[Outcome], out: Path) -> str:
    """Write ``inpainting.csv`` (a row a hole and method) and ``inpainting.md``; give back the latter."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / "inpainting.csv").open("w", newline="", encoding="utf-8") as lines:
        table = csv.writer(lines)
        table.writerow([one.name for one in fields(Outcome)])
        table.writerows(astuple(outcome) for outcome in outcomes)
    text = summarise(outcomes)
    (out / "inpainting.md").write_text(text + "\n", encoding="utf-8")
    return text


def summarise(outcomes: Sequence[Outcome], *, reference: str = REFERENCE) -> str:
    """A table of the methods with 95 % intervals by patient, and the paired differences from a reference."""
    names = list(dict.fromkeys(outcome.method for outcome in outcomes))
    by_method = {name: [outcome for outcome in outcomes if outcome.method == name] for name in names}
    patients = [outcome.patient for outcome in by_method[reference]]
    rows = [
        f"{len(patients)} holes, {len(set(patients))} patients; 95 % intervals by patient; range {_DATA_RANGE:.0f}",
        "",
        "| method | L1 | PSNR, dB | SSIM |",
        "| --- | --- | --- | --- |",
    ]
    differences = ["", f"| less that of {reference} | L1 | PSNR, dB | SSIM |", "| --- | --- | --- | --- |"]
    measured = {
        name: {key: np.array([getattr(outcome, key) for outcome in by_method[name]]) for key in _DIGITS}
        for name in names
    }
    for name in names:
        cells = [_with_interval(measured[name][key], patients, digits) for key, digits in _DIGITS.items()]
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
        if name != reference:
            cells = [
                _with_interval(measured[name][key] - measured[reference][key], patients, digits)
                for key, digits in _DIGITS.items()
            ]
            differences.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(rows + differences)


def _with_interval(values: np.ndarray, patients: Sequence[str], digits: int) -> str:
    result = cluster_bootstrap(lambda indices: float(values[indices].mean()), patients, draws=1000)
    low, high = result.interval.low, result.interval.high
    return f"{result.estimate:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"
