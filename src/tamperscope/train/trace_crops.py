"""What the trace network is trained on: crops of mammograms with pseudo-forgeries, drawn afresh."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from tamperscope.benchmark.cesm import Case
from tamperscope.detect.cues.trace import cell_means, comparable_cells
from tamperscope.detect.residuals import noise_residuals
from tamperscope.detect.structure import coarse_structure
from tamperscope.detect.tiling import place_on_canvas
from tamperscope.forge.injector import Injector
from tamperscope.io.read import read_mammogram
from tamperscope.train.config import TraceRecipe
from tamperscope.train.picture_history import age, resample, turned
from tamperscope.train.pseudo_forgeries import forge_crop

Batch = Sequence[torch.Tensor]
"""What ``draw_crop`` gives, stacked."""


@dataclass(frozen=True)
class Material:
    """What crops are drawn from.

    Attributes:
        sources: ``load_sources``.
        patients: first and last patient of each source; donors are of others.
        injector: Mammo-CGAN, for injections.
    """

    sources: Sequence[np.ndarray]
    patients: Sequence[tuple[int, int]]
    injector: Injector


_LEAST_LIT = 0.6
_OWN_DONOR = 0.15


def load_sources(cases: Sequence[Case]) -> list[np.ndarray]:
    """The images at 0.1 mm, float32, cut to the breast, 0 off it."""
    sources = []
    for case in tqdm(cases, desc="reading", mininterval=5):
        pixels = place_on_canvas(read_mammogram(case.path)).pixels
        rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
        sources.append(np.ascontiguousarray(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]))
    return sources


class Crops(Dataset):
    """Crops drawn afresh: item ``i`` depends on the recipe's seed and ``i`` alone."""

    def __init__(
        self,
        recipe: TraceRecipe,
        material: Material,
        *,
        start: int,
        count: int,
    ) -> None:
        self.recipe, self.material, self.start, self.count = recipe, material, start, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[np.ndarray | np.float32, ...]:
        rng = np.random.default_rng([self.recipe.seed, self.start + index])
        return draw_crop(self.recipe, self.material, rng)


def make_batches(recipe: TraceRecipe, material: Material, *, start: int, workers: int) -> Iterator[Batch]:
    """The batches of a training from one step on; each depends on the recipe's seed and its step alone.

    With ``recipe.echo`` half of a batch is new and half is what was new so many steps before, turned (data echoing,
    Choi et al. 2019): drawing a crop costs as much as learning from it.

    Args:
        recipe: settings.
        material: what crops are drawn from.
        start: steps that were done already.
        workers: processes that draw crops.
    """
    if start >= recipe.steps:
        return
    lag = recipe.echo or 0
    new = recipe.batch // 2 if lag else recipe.batch
    first = max(0, start - lag)
    crops = Crops(recipe, material, start=first * new, count=(recipe.steps - first) * new)
    earlier: deque[Batch] = deque(maxlen=lag)
    for step, batch in enumerate(DataLoader(crops, new, num_workers=workers), first):
        if step >= start and lag and len(earlier) == lag:
            again = _turned(earlier[0], np.random.default_rng([recipe.seed, step, 1]))
            yield [torch.cat(parts) for parts in zip(batch, again, strict=True)]
        elif step >= start:
            yield batch
        if lag:
            # Copies: a worker's own tensors hold a descriptor of shared memory each.
            earlier.append([part.clone() for part in batch])


def _turned(batch: Batch, rng: np.random.Generator) -> Batch:
    """All pictures turned and flipped alike."""
    *pictures, forged = batch
    return [*map(torch.from_numpy, turned([picture.numpy() for picture in pictures], rng)), forged]


def draw_crop(recipe: TraceRecipe, material: Material, rng: np.random.Generator) -> tuple[np.ndarray | np.float32, ...]:
    """One crop.

    Args:
        recipe: settings.
        material: what it is drawn from.
        rng: draws everything.

    Returns:
        Residuals 3 x S x S, coarse bands 3 x S/4 x S/4; of the cells (S/8 x S/8): structure 6 x, brightness, which are
        valid, forged share; if forged.
    """
    sources, patients = material.sources, material.patients
    here = int(rng.integers(len(sources)))
    others = [i for i, (a, b) in enumerate(patients) if b < patients[here][0] or a > patients[here][1]]
    # Now and then tissue comes from the same image: then only the seam and the place can give it away.
    donor_source = sources[here if rng.random() < _OWN_DONOR else others[int(rng.integers(len(others)))]]
    before = 1.0 if rng.random() < 0.3 else rng.uniform(0.5, 1)
    # Images are never made larger before they are looked at, so no crop is either.
    after = 1.0 if rng.random() < 0.75 else rng.uniform(0.6, 1)
    side = recipe.crop
    middle = int(np.ceil(side / after)) + 2
    first = int(np.ceil(middle / before)) + 2
    shared = rng.random() < 0.5
    seed = int(rng.integers(2**31))
    pixels = _prepare(_cut(sources[here], first, rng), before, np.random.default_rng(seed), middle)
    # A donor has a history of its own half of the time, else that of the image.
    donor = _prepare(
        _cut(donor_source, first, rng), before, np.random.default_rng(seed if shared else seed + 1), middle
    )
    regions = 0 if rng.random() < recipe.untouched else int(rng.integers(1, recipe.regions + 1))
    forged, share = forge_crop(pixels, donor, rng, injector=material.injector, kinds=recipe.kinds, regions=regions)
    forged, share = (resample(picture, after)[:side, :side] for picture in (forged, share))
    forged = age(np.ascontiguousarray(forged), rng, strength=recipe.age_after)
    return describe_crop(*turned((forged, share), rng))


def describe_crop(pixels: np.ndarray, share: np.ndarray) -> tuple[np.ndarray | np.float32, ...]:
    """What the network is given of a crop, and what it shall say of it (``draw_crop``)."""
    residuals, brightness, valid, _ = noise_residuals(pixels)
    return (
        residuals,
        *coarse_structure(brightness, pixels > 0),
        *comparable_cells(brightness, valid),
        cell_means(share),
        np.float32(share.max() > 0.5),
    )


def _prepare(pixels: np.ndarray, factor: float, rng: np.random.Generator, side: int) -> np.ndarray:
    """Resampled and aged: an image before it is forged."""
    methods = (cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LINEAR)
    resampled = resample(pixels, factor, method=methods[int(rng.integers(4))])[:side, :side]
    return age(np.ascontiguousarray(resampled), rng, strength=0.4)


def _cut(source: np.ndarray, side: int, rng: np.random.Generator) -> np.ndarray:
    """A square with enough tissue, padded with zeros where the image ends."""
    height, width = source.shape
    best: np.ndarray | None = None
    for _ in range(10):
        y, x = (int(rng.integers(0, max(1, extent - side + 1))) for extent in (height, width))
        cut = source[y : y + side, x : x + side]
        lit = (cut > 0).sum() / side**2
        if best is None or lit > (best > 0).sum() / side**2:
            best = cut
        if lit >= _LEAST_LIT:
            break
    assert best is not None
    return np.pad(best, ((0, side - best.shape[0]), (0, side - best.shape[1])))
