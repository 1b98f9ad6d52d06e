"""How fast does the autoencoder train? Against eager float32, data included, in one run."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2
import numpy as np
import torch

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.injected import inject_cases
from tamperscope.detect.tiling import place_on_canvas
from tamperscope.forge.injector import Injector
from tamperscope.io.read import read_mammogram
from tamperscope.networks.forensic_transfer import HALO, ForensicTransfer, activation_score
from tamperscope.runtime.weights import find_weights
from tamperscope.train.config import ForensicTransferRecipe
from tamperscope.train.forensic_transfer import prepare_network, tile_loss
from tamperscope.train.tiles import TileSet

Batch = tuple[torch.Tensor, torch.Tensor]
_LEVELS_A_UNIT = 20


def shipped_recipe() -> ForensicTransferRecipe:
    """What the shipped weights were trained with, from their card."""
    card = find_weights("forensic-transfer").path.with_suffix(".json")
    return ForensicTransferRecipe(**json.loads(card.read_text(encoding="utf-8"))["recipe"])


def measure_training(
    files: Sequence[Path], recipe: ForensicTransferRecipe, *, batches: int = 3, rounds: int = 5
) -> dict[str, Any]:
    """Tiles a second of both ways, from images in memory to the step of the optimiser.

    *Eager*: the network as PyTorch has it, every tile decoded. *Ours*: ``train_forensic_transfer``'s step. Both cut,
    turn and scale their own tiles, which is timed too, and take turns.

    Args:
        files: mammograms, which are injected first.
        recipe: batch size, losses and share of decoded tiles.
        batches: of each way and round.
        rounds: of both ways; the first one warms up.
    """
    tiles = _make_tiles(recipe, files)
    steps = {"eager float32": _eager(recipe), "ours": _ours(recipe)}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    data: list[float] = []
    for turn in range(rounds + 1):
        for name, step in steps.items():
            rng = np.random.default_rng([recipe.seed, turn])
            start = perf_counter()
            for batch in tiles.batches(count=batches * recipe.batch, batch=recipe.batch, rng=rng, turn=True):
                step(batch)
            if turn:
                seconds[name].append(perf_counter() - start)
        start = perf_counter()
        _exhaust(tiles.batches(count=batches * recipe.batch, batch=recipe.batch, rng=rng, turn=True))
        data.append(perf_counter() - start)
    rates = {name: batches * recipe.batch / statistics.median(times) for name, times in seconds.items()}
    return {
        "batch": recipe.batch,
        "threads": torch.get_num_threads(),
        "decoded": recipe.decoded,
        "tiles_per_second": rates,
        "over_eager": rates["ours"] / rates["eager float32"],
        "share_of_data": statistics.median(data) / statistics.median(seconds["ours"]),
    }


def _make_tiles(recipe: ForensicTransferRecipe, files: Sequence[Path]) -> TileSet:
    """Tiles of the recipe's injections into the files, brought to 0.1 mm a pixel as the training images are."""
    with tempfile.TemporaryDirectory() as folder:
        cases = []
        for index, file in enumerate(files):
            pixels = place_on_canvas(read_mammogram(file)).pixels
            path = Path(folder) / f"{index}.png"
            cv2.imwrite(str(path), np.clip(_LEVELS_A_UNIT * pixels, 0, 65535).astype(np.uint16))
            cases.append(Case(file.stem, path, "train", (index, index), True, (), ()))
        injected = inject_cases(
            cases,
            Injector.load(),
            forgeries=recipe.forgeries_per_image,
            square_sides=recipe.square_sides,
            seed=recipe.seed,
        )
        return TileSet(list(injected), least_forged=recipe.least_forged)


def _eager(recipe: ForensicTransferRecipe) -> Callable[[Batch], None]:
    torch.manual_seed(recipe.seed)
    network = ForensicTransfer(recipe.dropout).train()
    optimiser = torch.optim.Adam(network.parameters(), recipe.rate)

    def step(batch: Batch) -> None:
        tiles, labels = batch
        latent = network.encode(tiles)
        scores = activation_score(latent)
        rebuilt = network.decode(latent, labels > 0.5)
        reconstruction = (tiles[:, :, HALO:-HALO, HALO:-HALO] - rebuilt).abs().mean()
        loss = recipe.activation_weight * ((labels - scores) ** 2).mean()
        _descend(loss + recipe.reconstruction_weight * reconstruction, optimiser)

    return step


def _ours(recipe: ForensicTransferRecipe) -> Callable[[Batch], None]:
    torch.manual_seed(recipe.seed)
    network = prepare_network(recipe).train()
    optimiser = torch.optim.Adam(network.parameters(), recipe.rate)

    def step(batch: Batch) -> None:
        loss, _ = tile_loss(network, *batch, recipe, decoded=recipe.decoded)
        _descend(loss, optimiser)

    return step


def _descend(loss: torch.Tensor, optimiser: torch.optim.Optimizer) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()


def _exhaust(batches: Iterator[Batch]) -> None:
    for _ in batches:
        pass
