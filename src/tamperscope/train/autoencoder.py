"""Training of the tissue autoencoder on healthy tissue."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from tamperscope.benchmark.cesm import DATA_STATEMENT, load_cases
from tamperscope.forge.autoencoder import CENTRE, UNIT, WEIGHTS_NAME
from tamperscope.networks.tissue_autoencoder import TissueAutoencoder
from tamperscope.runtime.memory import keep_freed_memory
from tamperscope.train.checkpoint import keep, resume
from tamperscope.train.config import AutoencoderRecipe
from tamperscope.train.curves import Curves
from tamperscope.train.export import export_network
from tamperscope.train.inpainting_tissue import GREY_LEVEL, Tissue, load_tissue
from tamperscope.train.picture_history import turned

_CHECKPOINT_EVERY = 100
_LEAST_SHOWN = 0.6
"""Share of tissue in a crop."""
_TRIES = 10_000
_GAIN = (0.8, 1.25)


def train_autoencoder(recipe: AutoencoderRecipe, *, data: Path, out: Path) -> TissueAutoencoder:
    """Train on the healthy tissue of the training patients.

    Writes ``OUT/autoencoder.pt`` (a checkpoint; a run that was stopped goes on from it) and a CSV of the loss.

    Args:
        recipe: network, crops, schedule.
        data: the CESM folder; only images of its split *train* are used.
        out: where checkpoints go.
    """
    cases = [case for case in load_cases(data) if case.split == "train"]
    return fit_autoencoder(recipe, load_tissue(cases, seed=recipe.seed), out=out)


def fit_autoencoder(recipe: AutoencoderRecipe, images: Sequence[Tissue], *, out: Path) -> TissueAutoencoder:
    """The training loop. The network that comes back has the running mean of the weights.

    Args:
        recipe: network, crops, schedule.
        images: tissue to learn from.
        out: where checkpoints go.
    """
    out.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    torch.manual_seed(recipe.seed)
    network = TissueAutoencoder(channels=recipe.channels, latent=recipe.latent)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch's stubs lack it
    average = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(recipe.mean_decay))
    optimiser = torch.optim.Adam(network.parameters(), recipe.rate)
    checkpoint, parts = out / "autoencoder.pt", (network, average, optimiser)
    start = resume(checkpoint, parts)
    with Curves(out, "autoencoder", ("step", "l1"), start=start) as curves:
        seen: list[float] = []
        for step in tqdm(range(start, recipe.steps), initial=start, total=recipe.steps, mininterval=5):
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))
            true, tissue = draw_batch(recipe, images, np.random.default_rng([recipe.seed, step]))
            with torch.autocast("cpu", torch.bfloat16):
                made = network(true.contiguous(memory_format=torch.channels_last))
            loss = ((made.float() - true).abs() * tissue).sum() / tissue.sum()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            average.update_parameters(network)
            seen.append(float(loss.detach()))
            if (step + 1) % _CHECKPOINT_EVERY == 0 or step + 1 == recipe.steps:
                curves.add(step + 1, float(np.mean(seen)))
                seen = []
                keep(checkpoint, parts, step + 1)
    network.load_state_dict(average.module.state_dict())
    return network.eval()


def draw_batch(
    recipe: AutoencoderRecipe, images: Sequence[Tissue], rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Crops without a lesion in the network's unit, air at its centre, and tissue: N x 1 x crop x crop each."""
    drawn = [_draw_crop(images, recipe.crop, rng) for _ in range(recipe.batch)]
    pixels, tissue = (np.stack(parts)[:, None].astype(np.float32) for parts in zip(*drawn, strict=True))
    return torch.from_numpy((pixels - CENTRE) / UNIT * tissue), torch.from_numpy(tissue)


def _draw_crop(images: Sequence[Tissue], crop: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    for _ in range(_TRIES):
        image = images[int(rng.integers(len(images)))]
        height, width = image.levels.shape
        if min(height, width) < crop:
            continue
        top, left = int(rng.integers(height - crop + 1)), int(rng.integers(width - crop + 1))
        where = slice(top, top + crop), slice(left, left + crop)
        tissue = image.tissue[where]
        if tissue.mean() < _LEAST_SHOWN or (tissue & ~image.healthy[where]).any():
            continue
        pixels = image.levels[where] * np.float32(GREY_LEVEL * rng.uniform(*_GAIN))
        pixels, tissue = turned((pixels, tissue), rng)
        return pixels, tissue
    raise ValueError(f"no square of {crop} pixels is healthy tissue")


def export_autoencoder(recipe: AutoencoderRecipe, network: TissueAutoencoder, folder: Path) -> None:
    """Write ``tissue-autoencoder.onnx`` with its card."""
    example = torch.randn(2, 1, recipe.crop, recipe.crop, generator=torch.Generator().manual_seed(0))
    card = {
        "task": "breast tissue through an encoder and a decoder: the forger 'autoencoder', for research",
        "input": f"N x 1 x H x W, H and W multiples of 8: (reference intensity - {CENTRE:.0f}) / {UNIT:.0f}; 0 in air",
        "output": "N x 1 x H x W, the same unit",
        "data": DATA_STATEMENT + " Tissue of the training patients outside annotated regions.",
        "licence": "Apache-2.0 (weights); the images that they were trained on are CC BY 4.0",
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
    }
    export_network(
        network,
        example,
        folder / f"{WEIGHTS_NAME}.onnx",
        free_axes=(0, 2, 3),
        card=card,
    )
