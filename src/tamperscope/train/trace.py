"""Training of the trace network on pseudo-forgeries."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from tamperscope.benchmark.cesm import Case
from tamperscope.detect.cues.trace import cell_means, whole_cells
from tamperscope.detect.residuals import noise_residuals
from tamperscope.detect.structure import coarse_structure
from tamperscope.detect.tiling import place_on_canvas
from tamperscope.detect.working_image import CELL
from tamperscope.forge.injector import Injector
from tamperscope.io.read import read_mammogram
from tamperscope.networks.trace import TraceNetwork
from tamperscope.runtime.memory import keep_freed_memory
from tamperscope.train.checkpoint import keep, resume
from tamperscope.train.config import TraceRecipe
from tamperscope.train.curves import Curves
from tamperscope.train.export import export_network
from tamperscope.train.picture_history import age, resample, turned
from tamperscope.train.pseudo_forgeries import forge_crop

Batch = Sequence[torch.Tensor]
CHECKPOINT_EVERY = 100
"""Steps."""
_LEAST_LIT = 0.6
_OWN_DONOR = 0.15
_WHOLE_SEED = 1000
"""Added to the recipe's for whole images, so that nothing is drawn as it was for the crops."""
_TOP = 8
"""Cells whose mean logit is the crop's."""


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
        sources: Sequence[np.ndarray],
        patients: Sequence[tuple[int, int]],
        injector: Injector,
        *,
        start: int,
        count: int,
    ) -> None:
        self.recipe, self.sources, self.patients = recipe, sources, patients
        self.injector, self.start, self.count = injector, start, count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[np.ndarray | np.float32, ...]:
        rng = np.random.default_rng([self.recipe.seed, self.start + index])
        return draw_crop(self.recipe, self.sources, self.patients, self.injector, rng)


def draw_crop(
    recipe: TraceRecipe,
    sources: Sequence[np.ndarray],
    patients: Sequence[tuple[int, int]],
    injector: Injector,
    rng: np.random.Generator,
) -> tuple[np.ndarray | np.float32, ...]:
    """One crop: residuals 3 x S x S, coarse bands 3 x S/4 x S/4; of the cells: structure, brightness, which are valid,
    forged share; if forged."""
    here = int(rng.integers(len(sources)))
    others = [i for i, (a, b) in enumerate(patients) if b < patients[here][0] or a > patients[here][1]]
    # Now and then tissue comes from the same image: then only the seam and the place can give it away.
    donor_source = sources[here if rng.random() < _OWN_DONOR else others[int(rng.integers(len(others)))]]
    before = 1.0 if rng.random() < 0.3 else rng.uniform(0.5, 1)
    # Images are never made larger before they are looked at, so no crop is either.
    after = 1.0 if rng.random() < 0.75 else rng.uniform(0.6, 1)
    side = recipe.crop
    middle = None if side is None else int(np.ceil(side / after)) + 2
    first = None if middle is None else int(np.ceil(middle / before)) + 2
    shared = rng.random() < 0.5
    seed = int(rng.integers(2**31))
    pixels = _prepare(_cut(sources[here], first, rng), before, np.random.default_rng(seed), middle)
    # A donor has a history of its own half of the time, else that of the image.
    donor = _prepare(
        _cut(donor_source, first, rng), before, np.random.default_rng(seed if shared else seed + 1), middle
    )
    regions = 0 if rng.random() < recipe.untouched else int(rng.integers(1, recipe.regions + 1))
    forged, share = forge_crop(pixels, donor, rng, injector=injector, kinds=recipe.kinds, regions=regions)
    forged, share = (_whole_cells_of(resample(picture, after)[:side, :side]) for picture in (forged, share))
    forged = age(np.ascontiguousarray(forged), rng, strength=recipe.age_after)
    return describe_crop(*turned((forged, share), rng))


def describe_crop(pixels: np.ndarray, share: np.ndarray) -> tuple[np.ndarray | np.float32, ...]:
    """What the network is given of a crop, and what it shall say of it (``draw_crop``)."""
    residuals, brightness, valid, _ = noise_residuals(pixels)
    return (
        residuals,
        *coarse_structure(brightness, pixels > 0),
        cell_means(brightness),
        whole_cells(valid),
        cell_means(share),
        np.float32(share.max() > 0.5),
    )


def _whole_cells_of(picture: np.ndarray) -> np.ndarray:
    """Without the rows and columns that fill no cell."""
    return picture[: picture.shape[0] // CELL * CELL, : picture.shape[1] // CELL * CELL]


def _prepare(pixels: np.ndarray, factor: float, rng: np.random.Generator, side: int | None) -> np.ndarray:
    """Resampled and aged: an image before it is forged."""
    methods = (cv2.INTER_AREA, cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LINEAR)
    resampled = resample(pixels, factor, method=methods[int(rng.integers(4))])[:side, :side]
    return age(np.ascontiguousarray(resampled), rng, strength=0.4)


def _cut(source: np.ndarray, side: int | None, rng: np.random.Generator) -> np.ndarray:
    """A square with enough tissue, padded with zeros where the image ends; without a side all of it."""
    if side is None:
        return source
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


def export_trace(network: TraceNetwork, folder: Path, *, card: dict[str, Any]) -> None:
    """Write ``trace-encoder.onnx`` and ``trace-head.onnx`` with their cards.

    Args:
        network: trained.
        folder: where.
        card: what both cards say.
    """
    seeded = torch.Generator().manual_seed(0)
    export_network(
        network.encoder,
        (torch.randn(1, 3, 96, 128, generator=seeded), torch.randn(1, 3, 24, 32, generator=seeded)),
        folder / "trace-encoder.onnx",
        free_axes=(0, 2, 3),
        card={
            "task": "features of cells from noise residuals and coarse bands",
            "input": "N x 3 x H x W, N x 3 x H/4 x W/4",
            "output": "N x C x H/8 x W/8",
        }
        | card,
    )
    export_network(
        network.head,
        torch.randn(1, network.head.compared, 24, 32, generator=seeded),
        folder / "trace-head.onnx",
        free_axes=(0, 2, 3),
        card={"task": "logit of cells", "input": "N x C + 8 x h x w, compared", "output": "N x 1 x h x w"} | card,
    )


def card_of(recipe: TraceRecipe, *, data: str) -> dict[str, Any]:
    """What the cards say of a training.

    Args:
        recipe: of the training.
        data: what it learnt from.
    """
    return {
        "data": data,
        "licence": "Apache-2.0 (weights); the images that they were trained on are CC BY 4.0",
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
    }


def trace_loss(network: TraceNetwork, batch: Batch, *, crop_weight: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy of the cells (forged and untouched ones weighing the same) plus that of whole crops.

    Args:
        network: in training.
        batch: what ``draw_crop`` gives, stacked.
        crop_weight: of the crops' cross-entropy.

    Returns:
        The loss, and the crops' logits: the mean of the highest smoothed cells.
    """
    *pictures, structure, brightness, valid, share, forged = batch
    residuals, bands = (picture.contiguous(memory_format=torch.channels_last) for picture in pictures)
    logits = network(residuals, bands, structure, brightness, valid)
    positive, negative = valid & (share > 0.5), valid & (share < 0.02)
    losses = functional.binary_cross_entropy_with_logits(logits, positive.float(), reduction="none")
    cells = 0.5 * (
        (losses * positive).sum() / positive.sum().clamp_min(1)
        + (losses * negative).sum() / negative.sum().clamp_min(1)
    )
    crop = crop_logits(logits, valid)
    whole = functional.binary_cross_entropy_with_logits(crop, forged)
    return cells + crop_weight * whole, crop


def crop_logits(logits: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Mean of the highest cells of each crop after 3 x 3 smoothing: N."""
    smooth = functional.avg_pool2d(logits[:, None], 3, 1, 1)[:, 0]
    return smooth.masked_fill(~valid, -20).flatten(1).topk(_TOP).values.mean(1)


def load_trace(checkpoint: Path) -> TraceNetwork:
    """The mean weights of a training so far, in evaluation mode."""
    network = TraceNetwork()
    average = _averaged(network)
    average.load_state_dict(torch.load(checkpoint, weights_only=True)["states"][1])
    network.load_state_dict(average.module.state_dict())
    return network.eval()


def _averaged(network: TraceNetwork) -> torch.optim.swa_utils.AveragedModel:
    return torch.optim.swa_utils.AveragedModel(network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.995))


def train_trace(
    recipe: TraceRecipe,
    cases: Sequence[Case],
    injector: Injector,
    *,
    out: Path,
    start_from: Path | None = None,
    workers: int = 1,
) -> TraceNetwork:
    """Train on the pseudo-forgeries of the given images: on crops of them, then on whole ones if the recipe says so.

    Writes ``OUT/trace.pt`` (a checkpoint every 100 steps; a run that was stopped goes on from it), ``OUT/crops.pt``
    of the crops where whole images follow, and their curves (``curves.py``).

    Args:
        recipe: settings.
        cases: images of the training patients.
        injector: Mammo-CGAN, for injections.
        out: folder of the checkpoint.
        start_from: checkpoint of another training, from whose mean weights this one starts.
        workers: processes that draw crops.

    Returns:
        The network with the mean of its last weights, in evaluation mode.
    """
    out.mkdir(parents=True, exist_ok=True)
    if recipe.whole is None:
        return _train(recipe, cases, injector, out / "trace.pt", start_from, workers)
    crops = out / "crops.pt"
    _train(recipe, cases, injector, crops, start_from, workers)
    changes = recipe.whole.model_dump() | {"crop": None, "batch": 1, "seed": recipe.seed + _WHOLE_SEED}
    return _train(recipe.model_copy(update=changes), cases, injector, out / "trace.pt", crops, workers)


def _train(
    recipe: TraceRecipe,
    cases: Sequence[Case],
    injector: Injector,
    checkpoint: Path,
    start_from: Path | None,
    workers: int,
) -> TraceNetwork:
    """One phase of a training."""
    keep_freed_memory()
    torch.manual_seed(recipe.seed)
    network = TraceNetwork()
    if start_from is not None:
        network.load_state_dict(load_trace(start_from).state_dict())
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch's stubs lack it
    average = _averaged(network)
    optimiser = torch.optim.AdamW(network.parameters(), recipe.rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=recipe.steps + 1, pct_start=0.1)
    parts = (network, average, optimiser, schedule)
    start = resume(checkpoint, parts)
    sources = load_sources(cases)
    crops = Crops(
        recipe,
        sources,
        [case.patients for case in cases],
        injector,
        start=start * recipe.batch,
        count=(recipe.steps - start) * recipe.batch,
    )
    loader = DataLoader(crops, recipe.batch, num_workers=workers, persistent_workers=False)
    with Curves(checkpoint.parent, checkpoint.stem, ("step", "loss", "crop_accuracy"), start=start) as curves:
        recent: list[tuple[float, float]] = []
        progress = tqdm(loader, desc=checkpoint.stem, initial=start, total=recipe.steps, mininterval=20)
        for step, batch in enumerate(progress, start + 1):
            loss, crop = trace_loss(network, batch, crop_weight=recipe.crop_weight)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            average.update_parameters(network)
            recent.append((float(loss.detach()), float(((crop > 0) == (batch[-1] > 0.5)).float().mean())))
            if step % CHECKPOINT_EVERY == 0 or step == recipe.steps:
                mean, accuracy = np.mean(recent, axis=0)
                recent = []
                curves.add(step, float(mean), float(accuracy))
                progress.set_postfix(loss=f"{mean:.3f}", accuracy=f"{accuracy:.3f}")
                keep(checkpoint, parts, step)
    network.load_state_dict(average.module.state_dict())
    return network.eval()
