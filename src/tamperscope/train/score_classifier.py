"""Training of the score classifier on score matrices (report, section 2.2, step 5)."""

from __future__ import annotations

import copy
import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn
from tqdm import tqdm

from tamperscope.benchmark.injected import Injected
from tamperscope.detect.cues.forensic_transfer import ActivationMaps, score_matrix
from tamperscope.networks.forensic_transfer import ActivationMaps as ActivationMapsModule
from tamperscope.networks.forensic_transfer import ForensicTransfer
from tamperscope.networks.score_classifier import ScoreClassifier
from tamperscope.train.config import ForensicTransferRecipe

Labelled = tuple[np.ndarray, np.ndarray]
"""Score matrices, float32 N x 61 x 61, and labels, N: 1 fake, 0 real."""


def as_activation_maps(network: ForensicTransfer) -> ActivationMaps:
    """The network as scanning sees it: NumPy in, NumPy out, float32."""
    module = ActivationMapsModule(network).eval()

    def run(pixels: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return module(torch.from_numpy(pixels)).numpy()

    return run


def score_images(images: Sequence[Injected], activation_maps: ActivationMaps) -> Labelled:
    """Score matrices of all images, untouched and forged."""
    matrices, labels = [], []
    for image in tqdm(images, desc="score matrices", mininterval=5):
        matrices.append(score_matrix(image.canvas, activation_maps))
        labels.append(0)
        for patch in image.patches:
            matrices.append(score_matrix(patch.apply(image.canvas), activation_maps))
            labels.append(1)
    return np.stack(matrices), np.array(labels, np.float32)


def placements(matrix: np.ndarray) -> Iterator[np.ndarray]:
    """The score matrix with the image in the middle and in the four corners of the canvas.

    The image is moved by whole tile steps, for which the matrix moves along exactly.
    """
    yield matrix
    rows, columns = np.flatnonzero(matrix.any(axis=1)), np.flatnonzero(matrix.any(axis=0))
    if not rows.size:
        return
    for down in (-rows[0], len(matrix) - 1 - rows[-1]):
        for across in (-columns[0], len(matrix) - 1 - columns[-1]):
            yield np.roll(matrix, (down, across), axis=(0, 1))


def train_score_classifier(
    recipe: ForensicTransferRecipe, train: Labelled, validation: Labelled, *, out: Path
) -> ScoreClassifier:
    """Train on score matrices, each at five placements, with early stopping on the validation loss.

    An epoch draws as many placed matrices as there are images, real and fake equally often. Writes
    ``OUT/score-classifier.csv``; it takes minutes, so it keeps no checkpoint.
    """
    torch.manual_seed(recipe.seed)
    network = ScoreClassifier()
    optimiser = torch.optim.Adam(network.parameters(), recipe.classifier_rate)
    placed, labels = _place(*train)
    held, held_labels = (torch.from_numpy(array) for array in validation)
    held = held[:, None]
    weights = torch.where(labels > 0.5, 1 / labels.sum(), 1 / (1 - labels).sum())
    held_weights = torch.where(held_labels > 0.5, 0.5 / held_labels.sum(), 0.5 / (1 - held_labels).sum())
    best, best_epoch, best_state = float("inf"), -1, copy.deepcopy(network.state_dict())
    out.mkdir(parents=True, exist_ok=True)
    with (out / "score-classifier.csv").open("w", newline="", encoding="utf-8") as lines:
        log = csv.writer(lines)
        log.writerow(["epoch", "train_loss", "validation_loss", "validation_accuracy"])
        for epoch in tqdm(range(recipe.classifier_epochs), desc="score-classifier", mininterval=5):
            if epoch - best_epoch > recipe.classifier_patience:
                break
            network.train()
            order = torch.multinomial(weights, len(train[1]), replacement=True)
            losses = []
            for chosen in order.split(recipe.classifier_batch):
                loss = nn.functional.binary_cross_entropy(network(placed[chosen]).clamp(1e-6, 1 - 1e-6), labels[chosen])
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                losses.append(float(loss.detach()))
            network.eval()
            with torch.no_grad():
                scores = network(held)
                each = nn.functional.binary_cross_entropy(scores.clamp(1e-6, 1 - 1e-6), held_labels, reduction="none")
                held_loss = float((held_weights * each).sum())
            accuracy = float(((scores > 0.5) == (held_labels > 0.5)).float().mean())
            log.writerow([epoch, f"{np.mean(losses):.5f}", f"{held_loss:.5f}", f"{accuracy:.4f}"])
            if held_loss < best:
                best, best_epoch, best_state = held_loss, epoch, copy.deepcopy(network.state_dict())
    network.load_state_dict(best_state)
    return network.eval()


def _place(matrices: np.ndarray, labels: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    placed = [
        (variant, label) for matrix, label in zip(matrices, labels, strict=True) for variant in placements(matrix)
    ]
    return (
        torch.from_numpy(np.stack([variant for variant, _ in placed]))[:, None],
        torch.tensor([label for _, label in placed], dtype=torch.float32),
    )
