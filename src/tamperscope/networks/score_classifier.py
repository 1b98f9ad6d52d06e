"""The score classifier: a small CNN from the 61 x 61 score matrix to the verdict (report, section 2.2, step 5)."""

from __future__ import annotations

import torch
from torch import nn


class ScoreClassifier(nn.Module):
    """N x 1 x 61 x 61 score matrices -> N scores, 0 real to 1 fake."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(1, 256, 5, stride=2, padding=1),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.MaxPool2d(7),
            nn.Flatten(),
            nn.Linear(4096, 64),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(64, 8),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(8, 1),
            nn.Tanh(),
        )

    def forward(self, score_matrices: torch.Tensor) -> torch.Tensor:
        """How fake each image looks, N."""
        return (self.layers(score_matrices)[:, 0] + 1) / 2
