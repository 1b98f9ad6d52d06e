"""Training of ForensicTransfer (report, section 2.2.1)."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from tamperscope.networks.forensic_transfer import HALO, ForensicTransfer, activation_score
from tamperscope.train.config import ForensicTransferRecipe
from tamperscope.train.curves import Curves
from tamperscope.train.tiles import TileSet

_VALIDATION_TILES = 320


def train_forensic_transfer(
    recipe: ForensicTransferRecipe, train: TileSet, validation: TileSet, *, out: Path
) -> ForensicTransfer:
    """Train the autoencoder, with early stopping on the validation loss.

    Writes ``OUT/forensic-transfer.pt`` (a checkpoint each epoch; a run that was stopped goes on from it) and
    its curves (``curves.py``).

    Args:
        recipe: losses and schedule.
        train: tiles of the training patients.
        validation: tiles of other patients.
        out: folder of the checkpoint.

    Returns:
        The network of the epoch with the lowest validation loss, in evaluation mode.
    """
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(recipe.seed)
    network = prepare_network(recipe)
    optimiser = torch.optim.Adam(network.parameters(), recipe.rate)
    held = list(
        validation.batches(
            count=_VALIDATION_TILES, batch=recipe.batch, rng=np.random.default_rng(recipe.seed), turn=False
        )
    )
    best, best_state, start = float("inf"), copy.deepcopy(network.state_dict()), 0
    best_epoch = -1
    checkpoint = out / "forensic-transfer.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        optimiser.load_state_dict(saved["optimiser"])
        best, best_state, best_epoch = saved["best"], saved["best_state"], saved["best_epoch"]
        start = saved["epoch"]

    columns = ("epoch", "train_loss", "validation_loss", "validation_accuracy")
    with Curves(out, "forensic-transfer", columns, start=start) as curves:
        progress = tqdm(range(start, recipe.epochs), desc="forensic-transfer", initial=start, total=recipe.epochs)
        for epoch in progress:
            if epoch - best_epoch > recipe.patience:
                break
            rng = np.random.default_rng([recipe.seed, epoch])
            torch.manual_seed(recipe.seed * 1_000_003 + epoch)
            network.train()
            losses = []
            for tiles, labels in train.batches(count=recipe.tiles_per_epoch, batch=recipe.batch, rng=rng, turn=True):
                loss, _ = tile_loss(network, tiles, labels, recipe, decoded=recipe.decoded)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                losses.append(float(loss.detach()))
            held_loss, accuracy = evaluate(network, held, recipe)
            if held_loss < best:
                best, best_epoch, best_state = held_loss, epoch, copy.deepcopy(network.state_dict())
            curves.add(epoch, float(np.mean(losses)), held_loss, accuracy)
            progress.set_postfix(train=f"{np.mean(losses):.3f}", held=f"{held_loss:.3f}", accuracy=f"{accuracy:.3f}")
            state = {
                "network": network.state_dict(),
                "optimiser": optimiser.state_dict(),
                "best": best,
                "best_epoch": best_epoch,
                "best_state": best_state,
                "epoch": epoch + 1,
            }
            torch.save(state, checkpoint.with_suffix(".part"))
            checkpoint.with_suffix(".part").replace(checkpoint)
    network.load_state_dict(best_state)
    return network.eval()


def prepare_network(recipe: ForensicTransferRecipe) -> ForensicTransfer:
    """An untrained network, laid out in memory for training on CPUs."""
    # Channels last is faster. All is float32: bfloat16 would round away what is looked for, and is no faster.
    network = ForensicTransfer(recipe.dropout)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # PyTorch's stubs lack it
    return network


def tile_loss(
    network: ForensicTransfer,
    tiles: torch.Tensor,
    labels: torch.Tensor,
    recipe: ForensicTransferRecipe,
    *,
    decoded: float = 1.0,
) -> tuple[torch.Tensor, torch.Tensor]:
    """``L = 5 * (label - score)^2 + mean|X - X'|`` with the recipe's weights, and the scores.

    Args:
        network: the autoencoder.
        tiles: N x 1 x 288 x 288, scaled, halo included.
        labels: N.
        recipe: weights and selection.
        decoded: share of the batch on which the reconstruction is estimated. The decoder takes two thirds of the time,
            and the mean over a random part of a batch has the same expectation.
    """
    tiles = tiles.contiguous(memory_format=torch.channels_last)
    count = max(2, round(decoded * len(tiles)))
    latent = network.encode(tiles)
    scores = activation_score(latent)
    chosen = labels if recipe.selection == "label" else scores
    rebuilt = network.decode(latent[:count], chosen[:count] > 0.5)
    inner = tiles[:count, :, HALO:-HALO, HALO:-HALO]
    activation = ((labels - scores) ** 2).mean()
    reconstruction = (inner - rebuilt).abs().mean()
    return recipe.activation_weight * activation + recipe.reconstruction_weight * reconstruction, scores


@torch.no_grad()
def evaluate(
    network: ForensicTransfer,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    recipe: ForensicTransferRecipe,
) -> tuple[float, float]:
    """Mean loss and accuracy at score 0.5 over batches."""
    network.eval()
    losses, right, count = 0.0, 0, 0
    for tiles, labels in batches:
        loss, scores = tile_loss(network, tiles, labels, recipe)
        losses += float(loss) * len(labels)
        right += int(((scores > 0.5) == (labels > 0.5)).sum())
        count += len(labels)
    return losses / count, right / count
