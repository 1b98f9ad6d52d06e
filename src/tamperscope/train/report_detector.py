"""Training of the report's detector as a whole: ForensicTransfer, then the score classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import save_model
from tqdm import tqdm

from tamperscope.benchmark.cesm import DATA_STATEMENT, Case
from tamperscope.benchmark.injected import Injected, inject_cases
from tamperscope.forge.injector import Injector
from tamperscope.networks.forensic_transfer import ActivationMaps, ForensicTransfer
from tamperscope.networks.score_classifier import ScoreClassifier
from tamperscope.train.config import ForensicTransferRecipe
from tamperscope.train.export import export_network
from tamperscope.train.forensic_transfer import train_forensic_transfer
from tamperscope.train.score_classifier import as_activation_maps, score_images, train_score_classifier
from tamperscope.train.tiles import TileSet


@dataclass(frozen=True)
class TrainedReportDetector:
    """Both networks, in evaluation mode."""

    forensic_transfer: ForensicTransfer
    score_classifier: ScoreClassifier


def train_report_detector(
    recipe: ForensicTransferRecipe,
    train: Sequence[Case],
    validation: Sequence[Case],
    injector: Injector,
    *,
    out: Path,
) -> TrainedReportDetector:
    """Train both networks on injections into the training images, stopping early on the validation images.

    Args:
        recipe: settings.
        train: images of the training patients.
        validation: images of other patients.
        injector: makes the forgeries.
        out: checkpoints and curves; a run that was stopped goes on from them.
    """
    learnt, held = (make_images(recipe, cases, injector) for cases in (train, validation))
    tiles, held_tiles = (TileSet(images, least_forged=recipe.least_forged) for images in (learnt, held))
    print(f"{len(learnt)} images to learn from: {len(tiles.fake)} fake tiles, {len(tiles.real)} real ones")
    network = train_forensic_transfer(recipe, tiles, held_tiles, out=out)
    maps = as_activation_maps(network)
    classifier = train_score_classifier(recipe, score_images(learnt, maps), score_images(held, maps), out=out)
    return TrainedReportDetector(network, classifier)


def make_images(recipe: ForensicTransferRecipe, cases: Sequence[Case], injector: Injector) -> list[Injected]:
    """The recipe's injections into the given images, kept in memory: about 10 MB an image."""
    images = inject_cases(
        cases,
        injector,
        forgeries=recipe.forgeries_per_image,
        square_sides=recipe.square_sides,
        seed=recipe.seed,
    )
    return list(tqdm(images, total=len(cases), desc="injecting", mininterval=5))


def export_report_detector(
    recipe: ForensicTransferRecipe, trained: TrainedReportDetector, folder: Path, *, images: tuple[int, int]
) -> None:
    """Write ``forensic-transfer.onnx`` and ``score-classifier.onnx`` with their cards.

    Args:
        recipe: what they were trained with.
        trained: the networks.
        folder: where.
        images: number of training and validation images.
    """
    seeded = torch.Generator().manual_seed(0)
    card = {
        "data": DATA_STATEMENT + f" {images[0]} images to train, {images[1]} of other patients to stop early.",
        "forgeries": f"{recipe.forgeries_per_image} an image, injected with Mammo-CGAN",
        "licence": "Apache-2.0 (weights); the images that they were trained on are CC BY 4.0",
        "recipe": recipe.model_dump(mode="json"),
        "seed": recipe.seed,
    }
    export_network(
        ActivationMaps(trained.forensic_transfer),
        torch.rand(1, 1, 288, 352, generator=seeded),
        folder / "forensic-transfer.onnx",
        free_axes=(0, 2, 3),
        card={
            "task": "ForensicTransfer's encoder (report, section 2.2.1) up to the sums of |h0| and |h1|",
            "input": "N x 1 x H x W, reference intensity / 1100, H and W multiples of 16, with a halo of 16",
            "output": "N x 2 x H/16 x W/16",
            **card,
        },
    )
    export_network(
        trained.score_classifier,
        torch.rand(2, 1, 61, 61, generator=seeded),
        folder / "score-classifier.onnx",
        free_axes=(0,),
        card={
            "task": "score classifier (report, section 2.2, step 5): how fake an image looks",
            "input": "N x 1 x 61 x 61 score matrices",
            "output": "N scores, 0 real to 1 fake",
            **card,
        },
    )
    # The whole autoencoder, for adapting it later.
    save_model(trained.forensic_transfer, str(folder / "forensic-transfer.safetensors"))
