"""Training of partial-convolution inpainting on healthy tissue (Liu et al., ECCV 2018)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import numpy as np
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from tamperscope.benchmark.cesm import DATA_STATEMENT, load_cases
from tamperscope.networks.mobilenet_v2 import MobileNetV2Features, load_mobilenet_v2
from tamperscope.networks.partial_convolution import PartialConvolutionUNet
from tamperscope.runtime.memory import keep_freed_memory
from tamperscope.train.checkpoint import keep, resume
from tamperscope.train.config import InpaintingRecipe, Loss
from tamperscope.train.curves import Curves
from tamperscope.train.export import export_network
from tamperscope.train.inpainting_batches import Batch, Batches
from tamperscope.train.inpainting_losses import feature_losses, pixel_losses
from tamperscope.train.inpainting_tissue import Tissue, load_outlines, load_tissue

_CHECKPOINT_EVERY = 50
_WARM_UP = 50
_LOSSES: tuple[Loss, ...] = get_args(Loss)


def train_inpainting(recipe: InpaintingRecipe, *, data: Path, out: Path) -> PartialConvolutionUNet:
    """Train on the healthy tissue of the training patients.

    Writes ``OUT/NAME.pt``, NAME from the recipe (a checkpoint; a run that was stopped goes on from it), and a CSV of
    the losses beside it.

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
    """The training loop. The network that comes back has the running mean of the weights.

    Args:
        recipe: network, losses, schedule.
        images: tissue to learn from.
        outlines: shapes of holes.
        out: where checkpoints go.
    """
    out.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    torch.manual_seed(recipe.seed)
    network = PartialConvolutionUNet(channels=recipe.channels, kernels=recipe.kernels)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch's stubs lack it
    average = _averaged(network, recipe.mean_decay)
    trunk = load_mobilenet_v2()
    optimiser = torch.optim.Adam(network.parameters(), recipe.rate)
    batches = Batches(recipe, images, outlines)
    checkpoint, parts = out / f"{recipe.name}.pt", (network, average, optimiser)
    start = resume(checkpoint, parts)
    with Curves(out, recipe.name, ("step", *_LOSSES), start=start) as curves:
        seen: dict[Loss, list[float]] = {name: [] for name in _LOSSES}
        for step in tqdm(range(start, recipe.steps), initial=start, total=recipe.steps, mininterval=5):
            network.train()
            if step >= recipe.frozen_after * recipe.steps:
                _freeze_encoder_statistics(network)
            for group in optimiser.param_groups:
                group["lr"] = recipe.rate * _schedule(step, recipe.steps)
            losses = _losses(recipe, network, trunk, batches.at(step), perceive=step % recipe.perceived_every == 0)
            total = torch.stack([recipe.weights[name] * loss for name, loss in losses.items()]).sum()
            optimiser.zero_grad()
            total.backward()
            nn.utils.clip_grad_norm_(network.parameters(), recipe.largest_gradient)
            optimiser.step()
            average.update_parameters(network)
            for name, loss in losses.items():
                seen[name].append(float(loss.detach()))
            if (step + 1) % _CHECKPOINT_EVERY == 0 or step + 1 == recipe.steps:
                curves.add(step + 1, *(float(np.mean(seen[name])) if seen[name] else None for name in _LOSSES))
                seen = {name: [] for name in _LOSSES}
                keep(checkpoint, parts, step + 1)
    network.load_state_dict(average.module.state_dict())
    return network.eval()


def _losses(
    recipe: InpaintingRecipe,
    network: PartialConvolutionUNet,
    trunk: MobileNetV2Features,
    batch: Batch,
    *,
    perceive: bool,
) -> dict[Loss, torch.Tensor]:
    """The losses of one batch; those of features only where they are asked for."""
    true, tissue, hole, start_from = batch
    given = torch.cat([start_from, tissue * (1 - hole)], dim=1).contiguous(memory_format=torch.channels_last)
    # The convolutions take 16 bits; what they add to the smooth start, and the losses, keep 32.
    with torch.autocast("cpu", torch.bfloat16):
        made = network(given)
    losses = pixel_losses(made, true, tissue, hole)
    if perceive:
        some = slice(0, recipe.perceived)
        with torch.autocast("cpu", torch.bfloat16):
            losses |= feature_losses(trunk, made[some] * tissue[some], true[some] * tissue[some])
    return losses


def _averaged(network: PartialConvolutionUNet, decay: float) -> AveragedModel:
    return AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(decay), use_buffers=True)


def export_inpainting(recipe: InpaintingRecipe, network: PartialConvolutionUNet, folder: Path) -> None:
    """Write ``NAME.onnx``, NAME from the recipe, with its card."""
    generator = torch.Generator().manual_seed(0)
    example = torch.rand(2, 2, recipe.crop, recipe.crop, generator=generator)
    example[:, 1] = (example[:, 1] > 0.5).float()
    card = {
        "task": "fill a hole in breast tissue (partial convolutions, Liu et al. 2018): removes lesions, for research",
        "input": "N x 2 x H x W, H and W multiples of 64: (reference intensity - mean of the known tissue) / 100, and "
        "1 where tissue is known; in the hole a smooth surface and 0; off the breast 0 and 0",
        "output": "N x 1 x H x W, the same unit; the hole's pixels count",
        "data": DATA_STATEMENT + " Tissue of the training patients outside annotated regions.",
        "licence": "Apache-2.0 (weights); the images that they were trained on are CC BY 4.0",
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
    }
    export_network(
        network,
        example,
        folder / f"{recipe.name}.onnx",
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
