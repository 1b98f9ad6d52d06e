"""Pseudo-forgeries: what the trace network learns from, drawn afresh for every crop.

They are not the package's forgers but what forgers do in general: replace, smooth, resample, re-noise, splice, inject,
re-compress, joined in several ways. No method of the benchmark is among them except Mammo-CGAN's injection, so that
the others stay unseen. Crops only exist in memory, and only in training.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from tamperscope.forge.forgery import Square
from tamperscope.forge.grain import low_pass, random_phase_grain
from tamperscope.forge.harmonic import fill_harmonic
from tamperscope.forge.injector import SCALE, Injector, generated_part
from tamperscope.forge.kept_texture import kept_texture
from tamperscope.forge.matched_noise import matched_noise, through_merge
from tamperscope.forge.merge import merge, weight_matrix
from tamperscope.forge.random_region import blob_outline
from tamperscope.mammogram import CANONICAL_PITCH_MM, Mammogram, Spacing
from tamperscope.train.picture_history import jpeg_trip

SIDES = (24, 200)
"""Smallest and largest side of a forged region, pixels."""
_TRIES = 20


@dataclass(frozen=True, eq=False)
class Window:
    """The surroundings of a region that is to be forged."""

    pixels: np.ndarray
    hole: np.ndarray
    donor: np.ndarray
    """A crop of another patient's image, at least as large."""


def forge_crop(
    pixels: np.ndarray,
    donor: np.ndarray,
    rng: np.random.Generator,
    *,
    injector: Injector,
    kinds: dict[str, float],
    regions: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Forge some regions of a crop.

    Args:
        pixels: float32, H x W, reference intensity, 0 off the breast.
        donor: float32, at least 300 x 300, of another patient.
        rng: draws everything.
        injector: Mammo-CGAN, for injections.
        kinds: weight of each kind of ``KINDS``.
        regions: how many are wanted; fewer where they don't fit.

    Returns:
        pixels: float32, H x W.
        share: float32, H x W, part of each pixel that is new, 0 to 1.
    """
    pixels, share = pixels.copy(), np.zeros(pixels.shape, np.float32)
    names = list(kinds)
    odds = np.array([kinds[name] for name in names]) / sum(kinds.values())
    for _ in range(regions):
        kind = names[int(rng.choice(len(names), p=odds))]
        where = _place(pixels, share, rng)
        if where is None:
            continue
        box, hole = where
        window = Window(pixels[box], hole, _donor_window(donor, hole.shape, rng))
        if kind == "injection":
            forged, alpha = _inject(window, rng, injector)
        else:
            content = KINDS[kind](window, rng).astype(np.float32)
            forged, alpha = _join(window, content, kind, rng)
        lit = window.pixels > 0
        pixels[box] = np.where(lit, np.maximum(forged, 1), window.pixels)
        share[box] = np.maximum(share[box], np.where(lit, alpha, 0))
    return pixels, share


def _place(
    pixels: np.ndarray, share: np.ndarray, rng: np.random.Generator
) -> tuple[tuple[slice, slice], np.ndarray] | None:
    """A box with margins and the hole in it, on tissue, away from regions already forged."""
    height, width = pixels.shape
    for _ in range(_TRIES):
        side = np.exp(rng.uniform(*np.log(SIDES)))
        a, b = (int(side * rng.uniform(0.7, 1.0)) for _ in range(2))
        margin = max(24, int(0.35 * side))
        if a + 2 * margin >= height or b + 2 * margin >= width:
            continue
        y, x = int(rng.integers(0, height - a - 2 * margin)), int(rng.integers(0, width - b - 2 * margin))
        box = slice(y, y + a + 2 * margin), slice(x, x + b + 2 * margin)
        if share[box].any() or (pixels[box] > 0).mean() < 0.8:
            continue
        hole = np.zeros((a + 2 * margin, b + 2 * margin), np.uint8)
        if rng.random() < 0.2:
            hole[margin : margin + a, margin : margin + b] = 1
        else:
            cv2.fillPoly(hole, [(blob_outline(b, a, rng) + margin).astype(np.int32)], (1,))
        if (pixels[box][hole > 0] > 0).mean() > 0.97:
            return box, hole.view(np.bool_)
    return None


def _donor_window(donor: np.ndarray, shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The brightest of a few places of the donor, somewhat turned and scaled, of a shape."""
    height, width = shape
    best: np.ndarray | None = None
    for _ in range(6):
        y = int(rng.integers(0, max(1, donor.shape[0] - height + 1)))
        x = int(rng.integers(0, max(1, donor.shape[1] - width + 1)))
        cut = donor[y : y + height, x : x + width]
        if best is None or (cut > 0).mean() > (best > 0).mean():
            best = cut
    assert best is not None
    pad = ((0, height - best.shape[0]), (0, width - best.shape[1]))
    window = np.pad(best, pad, mode="reflect") if any(p[1] for p in pad) else best
    if rng.random() < 0.5:
        window = _warp(window, rng, scale=(0.75, 1.35))
    return window[:, ::-1] if rng.random() < 0.3 else window


# What is put into the hole: window to content.


def _fill(window: Window, rng: np.random.Generator) -> np.ndarray:
    """Smooth, from the surroundings; sometimes with grain."""
    known = ~window.hole & (window.pixels > 0)
    content: np.ndarray = np.zeros(window.pixels.shape)
    done = np.zeros(window.hole.shape, np.bool_)
    sigma = rng.uniform(2, 5)
    while not done.all() and sigma < 400:
        near = cv2.GaussianBlur(known.astype(np.float32), (0, 0), sigma) > 0.05
        new = near & ~done
        content[new] = low_pass(window.pixels, known, sigma)[new]
        done |= near
        sigma *= 1.8
    content = cv2.GaussianBlur(content, (0, 0), rng.uniform(1, 6))
    draw = rng.random()
    if draw < 0.35:
        return content
    if draw < 0.55:
        return content + _own_noise(window) * rng.uniform(0.15, 1.3) * rng.standard_normal(content.shape)
    return content + _grain(window, rng) * rng.uniform(0.4, 1.1)


def _filtered(window: Window, rng: np.random.Generator) -> np.ndarray:
    """Blurred, denoised or sharpened in place."""
    pixels = window.pixels
    draw = rng.random()
    if draw < 0.35:
        return cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.5, 3))
    if draw < 0.5:
        return cv2.medianBlur(pixels, int(rng.choice([3, 5])))
    if draw < 0.65:
        noise = _own_noise(window)
        return cv2.bilateralFilter(pixels, 7, noise * rng.uniform(1.5, 5), rng.uniform(1, 3))
    if draw < 0.75:
        return cv2.blur(pixels, (int(rng.integers(2, 6)),) * 2)
    blurred = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.7, 3))
    return pixels + rng.uniform(0.3, 1.5) * (pixels - blurred)


def _resampled(window: Window, rng: np.random.Generator) -> np.ndarray:
    """Made smaller and larger again, or turned and scaled a little."""
    pixels = window.pixels
    if rng.random() < 0.5:
        height, width = pixels.shape
        factor = rng.uniform(0.3, 0.9)
        small = cv2.resize(
            pixels, (max(4, round(width * factor)), max(4, round(height * factor))), interpolation=cv2.INTER_AREA
        )
        return cv2.resize(small, (width, height), interpolation=int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC])))
    return _warp(pixels, rng, scale=(0.85, 1.2))


def _noisy(window: Window, rng: np.random.Generator) -> np.ndarray:
    """With more noise, white or coloured."""
    noise: np.ndarray = rng.standard_normal(window.pixels.shape).astype(np.float32)
    if rng.random() < 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.4, 1.5))
        noise = noise / noise.std()
    return window.pixels + noise * _own_noise(window) * rng.uniform(0.4, 2.5)


def _renoised(window: Window, rng: np.random.Generator) -> np.ndarray:
    """Coarse structure kept or bulged, the fine one redrawn with random phases: noise matched to its surroundings."""
    coarse = low_pass(window.pixels, window.pixels > 0, rng.uniform(2.5, 8))
    if rng.random() < 0.7:
        bump = cv2.GaussianBlur(window.hole.astype(np.float32), (0, 0), max(2.0, 0.1 * min(window.hole.shape)))
        coarse = coarse + bump * rng.uniform(-40, 160)
    return coarse + _grain(window, rng) * rng.uniform(0.8, 1.2)


def _spliced(window: Window, rng: np.random.Generator) -> np.ndarray:
    """Another patient's tissue, its brightness matched at the rim."""
    rim = cv2.dilate(window.hole.view(np.uint8), np.ones((15, 15), np.uint8)).view(np.bool_) & ~window.hole
    rim &= (window.pixels > 0) & (window.donor > 0)
    content = window.donor.astype(np.float64)
    if rim.sum() > 16:
        here, there = window.pixels[rim], window.donor[rim]
        gain = float(np.clip(here.std() / max(there.std(), 1e-3), 0.6, 1.6)) if rng.random() < 0.6 else 1.0
        content = (content - there.mean()) * gain + here.mean()
    return content


def _compressed(window: Window, rng: np.random.Generator) -> np.ndarray:
    """Through JPEG."""
    return jpeg_trip(window.pixels, int(rng.integers(40, 93)))


KINDS: dict[str, Callable[[Window, np.random.Generator], np.ndarray]] = {
    "fill": _fill,
    "filter": _filtered,
    "resample": _resampled,
    "noise": _noisy,
    "renoise": _renoised,
    "splice": _spliced,
    "compress": _compressed,
}
"""All kinds besides ``"injection"``."""


def _join(window: Window, content: np.ndarray, kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Content and window joined; and the share of content in every pixel."""
    if kind in ("splice", "fill", "renoise") and rng.random() < (0.5 if kind == "splice" else 0.2):
        difference = window.pixels.astype(np.float64) - content
        return np.where(window.hole, content + fill_harmonic(difference, window.hole), window.pixels), window.hole * 1.0
    alpha: np.ndarray = window.hole.astype(np.float32)
    if rng.random() < 0.75:
        alpha = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.7, 7))
    return alpha * content + (1 - alpha) * window.pixels, alpha


def _inject(window: Window, rng: np.random.Generator, injector: Injector) -> tuple[np.ndarray, np.ndarray]:
    """Mammo-CGAN's stages 2 to 8 with random parameters and any kind of stage 7."""
    height, width = window.pixels.shape
    side = min(height, width)
    y, x = (height - side) // 2, (width - side) // 2
    box = slice(y, y + side), slice(x, x + side)
    original = window.pixels[box]
    generated = cv2.resize(injector.draw(original, rng)[2], (side, side)) * np.float64(SCALE)
    noise = rng.choice(["white", "grain", "matched", "tissue"], p=[0.35, 0.15, 0.25, 0.25])
    if noise == "white":
        generated += rng.choice([0, 1, 1]) * rng.uniform(2, 15) * rng.standard_normal(generated.shape)
    square = Square(x, y, side)
    around = Mammogram(window.pixels, window.pixels > 0, Spacing(CANONICAL_PITCH_MM, "given"))
    if noise == "tissue":
        generated = generated + kept_texture(around, square, generated, generated_part(square))
    # Th follows the tissue, so that something of the tumour shows wherever it lies.
    threshold = min(rng.uniform(350, 480), float(np.percentile(generated, 40)))
    weight = weight_matrix(
        generated, threshold=threshold, smoothing=rng.uniform(10, 50), power=float(rng.choice([2, 3, 6, 12]))
    )
    if noise == "matched":
        grain = matched_noise(around, square, generated, generated_part(square), rng)
        generated += through_merge(grain, weight) * rng.uniform(0.85, 1.15)
    elif noise == "grain":
        generated += _grain(window, rng)[box] * rng.uniform(0.8, 1.2)
    forged, alpha = window.pixels.copy(), np.zeros(window.pixels.shape, np.float32)
    forged[box], alpha[box] = merge(generated, original, weight), weight
    return forged, alpha


def _grain(window: Window, rng: np.random.Generator) -> np.ndarray:
    """Random-phase noise with the spectrum of the window's fine structure outside the hole."""
    lit = window.pixels > 0
    residual = window.pixels - low_pass(window.pixels, lit, rng.uniform(2.5, 6))
    return random_phase_grain(residual, lit & ~window.hole, rng)


def _own_noise(window: Window) -> float:
    """Spread of the window's fine structure."""
    fine = window.pixels - cv2.GaussianBlur(window.pixels, (0, 0), 1.0)
    return max(0.5, float(np.median(np.abs(fine))) * 1.5)


def _warp(pixels: np.ndarray, rng: np.random.Generator, *, scale: tuple[float, float]) -> np.ndarray:
    """Turned by up to 12 degrees and scaled about the middle, cubic or linear."""
    height, width = pixels.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-12, 12), rng.uniform(*scale))
    method = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
    return cv2.warpAffine(pixels, matrix, (width, height), flags=method, borderMode=cv2.BORDER_REFLECT)
