"""The tissue autoencoder: what it may see."""

import pytest

pytest.importorskip("torch")

import torch

from tamperscope.networks.tissue_autoencoder import TissueAutoencoder


def test_the_middle_has_an_eighth_of_the_side_and_few_channels():
    network = TissueAutoencoder(channels=(4, 6, 8), latent=3)
    with torch.no_grad():
        assert network.encoder(torch.rand(2, 1, 64, 40)).shape == (2, 3, 8, 5)
        assert network(torch.rand(2, 1, 64, 40)).shape == (2, 1, 64, 40)


def test_no_output_sees_farther_than_64_pixels():
    torch.manual_seed(0)
    network = TissueAutoencoder(channels=(4, 6, 8), latent=3)
    picture = torch.rand(1, 1, 256, 256)
    other = picture.clone()
    other[..., 120:128, 120:128] += 1
    with torch.no_grad():
        changed = (network(picture) != network(other))[0, 0]
    rows, columns = (changed.any(axis).nonzero()[:, 0] for axis in (1, 0))
    assert changed.any()
    assert min(rows.min(), columns.min()) >= 120 - 64
    assert max(rows.max(), columns.max()) < 128 + 64
