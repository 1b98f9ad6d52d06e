"""Training of partial-convolution inpainting on healthy tissue (Liu et al., ECCV 2018)."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from tamperscope.benchmark.cesm import DATA_STATEMENT, load_cases
from tamperscope.forge.partial_convolution import UNIT, smooth_start
from tamperscope.networks.mobilenet_v2 import load_mobilenet_v2
from tamperscope.networks.partial_convolution import PartialConvolutionUNet
from tamperscope.train.config import InpaintingRecipe, Loss
from tamperscope.train.export import export_network
from tamperscope.train.inpainting_losses import feature_losses, pixel_losses
from tamperscope.train.inpainting_tissue import Tissue, draw_crop, load_outlines, load_tissue

_CHECKPOINT_EVERY = 50
_WARM_UP = 50
_LOSSES: tuple[Loss, ...] = get_args(Loss)


def train_inpainting(recipe: InpaintingRecipe, *, data: Path, out: Path) -> PartialConvolutionUNet:
    """Train on the healthy tissue of the training patients.

    Writes ``OUT/partial-convolution.pt`` (a checkpoint; a run that was stopped goes on from it) and a CSV of the
    losses beside it.

    Args:
        recipe: network, losses, schedule.
        data: the CESM folder; only images of its split *train* are used.
        out: where checkpoints go.
    """
    cases = [case for case in load_cases(data) if case.split == "train"]
    images, outlines = load_tissue(cases, seed=recipe.seed), load_outlines(data, cases)
    return fit_inpainting(recipe, images, outlines, out=out)


def fit_inpainting(
    recipe: InpaintingRecipe, images: Sequence[Tissue], outlines: Sequence[np.ndarray], *, out: Path
) -> PartialConvolutionUNet:
    """The training loop.

    Args:
        recipe: network, losses, schedule.
        images: tissue to learn from.
        outlines: shapes of holes.
        out: where checkpoints go.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    network = PartialConvolutionUNet(channels=recipe.channels, kernels=recipe.kernels)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch's stubs lack it
    trunk = load_mobilenet_v2()
    optimiser = torch.optim.Adam(network.parameters(), recipe.rate)
    checkpoint, start = out / "partial-convolution.pt", 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        start = saved["step"]

    with (out / "partial-convolution.csv").open("a", newline="", encoding="utf-8") as lines:
        log = csv.writer(lines)
        if start == 0:
            log.writerow(["step", *_LOSSES])
        seen: list[list[float]] = []
        for step in tqdm(range(start, recipe.steps), initial=start, total=recipe.steps, mininterval=5):
            network.train()
            if step >= recipe.frozen_after * recipe.steps:
                _freeze_encoder_statistics(network)
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate * _schedule(step, recipe.steps)
            true, tissue, hole, start_from = draw_batch(
                recipe, images, outlines, np.random.default_rng([recipe.seed, step])
            )
            known = tissue * (1 - hole)
            made = network(torch.cat([start_from, known], dim=1).contiguous(memory_format=torch.channels_last))
            losses = pixel_losses(made, true, tissue, hole)
            some = slice(0, recipe.perceived)
            losses |= feature_losses(trunk, made[some] * tissue[some], true[some] * tissue[some], hole[some])
            total = torch.stack([recipe.weights[name] * losses[name] for name in _LOSSES]).sum()
            optimiser.zero_grad()
            total.backward()
            nn.utils.clip_grad_norm_(network.parameters(), recipe.largest_gradient)
            optimiser.step()
            seen.append([float(losses[name].detach()) for name in _LOSSES])
            if (step + 1) % _CHECKPOINT_EVERY == 0 or step + 1 == recipe.steps:
                log.writerow([step + 1, *(f"{value:.5f}" for value in np.mean(seen, axis=0))])
                lines.flush()
                seen = []
                states = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}
                torch.save(states, checkpoint.with_suffix(".part"))
                checkpoint.with_suffix(".part").replace(checkpoint)
    return network.eval()


def draw_batch(
    recipe: InpaintingRecipe, images: Sequence[Tissue], outlines: Sequence[np.ndarray], rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Truth (units around the known tissue's mean), tissue, hole and smooth start: N x 1 x crop x crop each."""
    drawn = [draw_crop(images, outlines, crop=recipe.crop, sides=recipe.sides, rng=rng) for _ in range(recipe.batch)]
    pixels, tissue, hole = (np.stack(parts)[:, None] for parts in zip(*drawn, strict=True))
    known = tissue & ~hole
    mean = (pixels * known).sum((1, 2, 3), keepdims=True) / known.sum((1, 2, 3), keepdims=True)
    starts = np.stack([smooth_start(*(part[0] for part in one)) for one in zip(pixels, hole, known, strict=True)])
    parts = ((pixels - mean) / UNIT * tissue, tissue, hole, (starts[:, None] - mean) / UNIT * tissue)
    true, shown, missing, begun = (torch.from_numpy(part.astype(np.float32)) for part in parts)
    return true, shown, missing, begun


def export_inpainting(recipe: InpaintingRecipe, network: PartialConvolutionUNet, folder: Path) -> None:
    """Write ``partial-convolution.onnx`` with its card."""
    generator = torch.Generator().manual_seed(0)
    example = torch.rand(2, 2, recipe.crop, recipe.crop, generator=generator)
    example[:, 1] = (example[:, 1] > 0.5).float()
    card = {
        "task": "fill a hole in breast tissue (partial convolutions, Liu et al. 2018): removes lesions, for research",
        "input": "N x 2 x H x W, H and W multiples of 64: (reference intensity - mean of the known tissue) / 100, and "
        "1 where tissue is known; in the hole a membrane and 0; off the breast 0 and 0",
        "output": "N x 1 x H x W, the same unit; the hole's pixels count",
        "data": DATA_STATEMENT + " Tissue of the training patients outside annotated regions.",
        "licence": "Apache-2.0 (weights); the images that they were trained on are CC BY 4.0",
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
    }
    # ONNX has no channels last: the layout only served the training.
    export_network(
        network.to(memory_format=torch.contiguous_format),  # type: ignore[call-overload]
        example,
        folder / "partial-convolution.onnx",
        free_axes=(0, 2, 3),
        card=card,
    )


def _schedule(step: int, steps: int) -> float:
    """Share of the rate: a short rise, then half a cosine."""
    return min(1.0, (step + 1) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))


def _freeze_encoder_statistics(network: PartialConvolutionUNet) -> None:
    """The authors' second phase: holes shift the statistics of the contracting path."""
    for module in network.down.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
