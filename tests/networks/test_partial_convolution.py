"""Partial convolutions against their definition."""

import pytest

pytest.importorskip("torch")

import torch

from tamperscope.networks.partial_convolution import PartialConvolution, PartialConvolutionUNet


def test_a_partial_convolution_is_the_papers_equation():
    torch.manual_seed(0)
    layer = PartialConvolution((2, 3), 4, 3)
    torch.nn.init.normal_(layer.bias)
    masks = [(torch.rand(1, 1, 9, 8) > share).float() for share in (0.7, 0.9)]
    maps = [torch.rand(1, count, 9, 8) * mask for count, mask in zip((2, 3), masks, strict=True)]
    with torch.no_grad():
        got, known = layer(maps, masks)
    x = torch.nn.functional.pad(torch.cat(maps, 1), (1, 1, 1, 1))
    full = torch.cat([masks[0].expand(-1, 2, -1, -1), masks[1].expand(-1, 3, -1, -1)], 1)
    m = torch.nn.functional.pad(full, (1, 1, 1, 1))
    for row in range(9):
        for column in range(8):
            window = (..., slice(row, row + 3), slice(column, column + 3))
            seen = m[window].sum()
            assert known[0, 0, row, column] == float(seen > 0)
            if seen > 0:
                # Equation 1: W (X * M) sum(1) / sum(M) + b.
                sums = (layer.convolution.weight * x[window]).sum((1, 2, 3))
                expected = sums * m[window].numel() / seen + layer.bias[0, :, 0, 0]
                torch.testing.assert_close(got[0, :, row, column], expected, rtol=1e-4, atol=1e-5)


def test_the_network_starts_at_the_smooth_fill_and_never_convolves_it():
    torch.manual_seed(0)
    network = PartialConvolutionUNet(channels=(4, 6, 8), kernels=(5, 3, 3)).eval()
    given = torch.rand(1, 2, 64, 64)
    given[:, 1] = 1
    given[:, 1, 20:40, 20:40] = 0
    with torch.no_grad():
        torch.testing.assert_close(network(given), given[:, :1])
        torch.nn.init.normal_(network.last.convolution.weight[:, :4])
        network.last.convolution.weight[:, 4:] = 0
        other = given.clone()
        other[:, 0, 20:40, 20:40] += 1
        added, again = network(given) - given[:, :1], network(other) - other[:, :1]
    assert added.abs().max() > 0
    torch.testing.assert_close(added, again, atol=1e-5, rtol=1e-4)
