"""Training of the trace network on pseudo-forgeries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from tamperscope.benchmark.cesm import Case
from tamperscope.forge.injector import Injector
from tamperscope.networks.trace import TraceNetwork, folded
from tamperscope.runtime.memory import keep_freed_memory
from tamperscope.train.checkpoint import keep, load_part, resume
from tamperscope.train.config import TraceRecipe
from tamperscope.train.curves import Curves
from tamperscope.train.export import export_network
from tamperscope.train.muon import muon_and_adam
from tamperscope.train.trace_crops import Batch, Material, load_sources, make_batches

CHECKPOINT_EVERY = 100
"""Steps."""
FORGED, UNTOUCHED = 0.5, 0.02
"""Forged share above and below which a cell counts as one or the other."""
_TOP = 8
"""Cells whose mean logit is the crop's."""


def export_trace(network: TraceNetwork, folder: Path, *, card: dict[str, Any]) -> None:
    """Write ``trace-encoder.onnx`` and ``trace-head.onnx``, without batch normalisation, with their cards.

    Args:
        network: trained.
        folder: where.
        card: what both cards say.
    """
    network, seeded = folded(network), torch.Generator().manual_seed(0)
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


def card_of(recipe: TraceRecipe, cases: Sequence[Case], *, data: str) -> dict[str, Any]:
    """What the cards say of a training.

    Args:
        recipe: of the training.
        cases: images that it learnt from.
        data: where these are from.
    """
    return {
        "data": data,
        "images": images_of(cases),
        "licence": "Apache-2.0 (weights); the images that they were trained on are CC BY 4.0",
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
    }


def images_of(cases: Sequence[Case]) -> list[str]:
    """Their names, as a card has them."""
    return sorted(case.name for case in cases)


class TrainingLoss(Protocol):
    """What a training lessens, and the logits of whole crops."""

    def __call__(
        self, network: TraceNetwork, batch: Batch, *, crop_weight: float, mixed: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """As ``trace_loss``."""


def trace_loss(
    network: TraceNetwork, batch: Batch, *, crop_weight: float, mixed: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    """Cross-entropy of the cells (forged and untouched ones weighing the same) plus that of whole crops.

    Args:
        network: in training.
        batch: what ``draw_crop`` gives, stacked.
        crop_weight: of the crops' cross-entropy.
        mixed: convolutions in bfloat16.

    Returns:
        The loss, and the crops' logits: the mean of the highest smoothed cells.
    """
    *pictures, structure, brightness, valid, share, forged = batch
    residuals, bands = (picture.contiguous(memory_format=torch.channels_last) for picture in pictures)
    with torch.autocast(residuals.device.type, torch.bfloat16, enabled=mixed):
        logits = network(residuals, bands, structure, brightness, valid).float()
    positive, negative = valid & (share > FORGED), valid & (share < UNTOUCHED)
    losses = functional.binary_cross_entropy_with_logits(logits, positive.float(), reduction="none")
    crop = crop_logits(logits, valid)
    whole = functional.binary_cross_entropy_with_logits(crop, forged)
    return balanced(losses, positive, negative) + crop_weight * whole, crop


def balanced(losses: torch.Tensor, positive: torch.Tensor, negative: torch.Tensor) -> torch.Tensor:
    """Mean of the cells' losses, forged and untouched cells weighing the same, however many there are."""
    forged, untouched = ((losses * chosen).sum() / chosen.sum().clamp_min(1) for chosen in (positive, negative))
    return 0.5 * (forged + untouched)


def crop_logits(logits: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Mean of the highest cells of each crop after 3 x 3 smoothing: N."""
    smooth = functional.avg_pool2d(logits[:, None], 3, 1, 1)[:, 0]
    return smooth.masked_fill(~valid, -20).flatten(1).topk(_TOP).values.mean(1)


def load_trace(checkpoint: Path, build: Callable[[], TraceNetwork] = TraceNetwork) -> TraceNetwork:
    """The mean weights of a training so far, in evaluation mode.

    Raises:
        TamperscopeError: the checkpoint is another network's, or an older version's.
    """
    network = build()
    average = _averaged(network)
    load_part(checkpoint, 1, average)
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
    build: Callable[[], TraceNetwork] = TraceNetwork,
    loss: TrainingLoss = trace_loss,
    device: str = "cpu",
) -> TraceNetwork:
    """Train on pseudo-forgeries in crops of the given images.

    Writes ``OUT/trace.pt`` (a checkpoint every 100 steps; a run of the same recipe and images that was stopped goes on
    from it) and its curves (``curves.py``).

    Args:
        recipe: settings.
        cases: images of the training patients.
        injector: Mammo-CGAN, for injections.
        out: folder of the checkpoint.
        start_from: checkpoint of another training, from whose mean weights this one starts.
        workers: processes that draw crops.
        build: the network, untrained; another one and another loss for ablations.
        loss: what it is trained to lessen.
        device: PyTorch's name of what it is trained on, such as ``cuda``.

    Returns:
        The network with the mean of its last weights, in evaluation mode.
    """
    out.mkdir(parents=True, exist_ok=True)
    material = Material(load_sources(cases), [case.patients for case in cases], injector)
    keep_freed_memory()
    torch.manual_seed(recipe.seed)
    network = build()
    if start_from is not None:
        network.load_state_dict(load_trace(start_from, build).state_dict())
    network.to(device).train()
    average = _averaged(network)
    optimisers = muon_and_adam(network, recipe.rate)
    schedules = [
        torch.optim.lr_scheduler.OneCycleLR(
            one, one.param_groups[0]["lr"], total_steps=recipe.steps + 1, pct_start=0.1, cycle_momentum=False
        )
        for one in optimisers
    ]
    parts = (network, average, *optimisers, *schedules)
    checkpoint = out / "trace.pt"
    of = {"recipe": recipe.model_dump(mode="json"), "images": images_of(cases)}
    start = resume(checkpoint, parts, of=of)
    batches = make_batches(recipe, material, start=start, workers=workers)
    with Curves(out, "trace", ("step", "loss", "crop_accuracy"), start=start) as curves:
        recent: list[tuple[float, float]] = []
        progress = tqdm(batches, desc="trace", initial=start, total=recipe.steps, mininterval=20)
        for step, batch in enumerate(progress, start + 1):
            there = [part.to(device) for part in batch]
            lessened, crop = loss(network, there, crop_weight=recipe.crop_weight, mixed=recipe.precision == "bfloat16")
            network.zero_grad()
            lessened.backward()
            for optimiser, schedule in zip(optimisers, schedules, strict=True):
                optimiser.step()
                schedule.step()
            average.update_parameters(network)
            right = (crop > 0).cpu() == (batch[-1] > 0.5)
            recent.append((float(lessened.detach()), float(right.float().mean())))
            if step % CHECKPOINT_EVERY == 0 or step == recipe.steps:
                mean, accuracy = np.mean(recent, axis=0)
                recent = []
                curves.add(step, float(mean), float(accuracy))
                progress.set_postfix(loss=f"{mean:.3f}", accuracy=f"{accuracy:.3f}")
                keep(checkpoint, parts, step, of=of)
    network.load_state_dict(average.module.state_dict())
    return network.cpu().eval()
