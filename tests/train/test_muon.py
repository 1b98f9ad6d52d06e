"""Muon's steps reach the convolutions, and the rest gets Adam's."""

import copy

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from tamperscope.networks.trace import TraceNetwork
from tamperscope.train.muon import ConvolutionMuon, muon_and_adam


def test_a_step_is_torch_muons_on_the_matrix():
    torch.manual_seed(0)
    convolution = nn.Conv2d(6, 4, 3, bias=False)
    matrix = nn.Parameter(convolution.weight.detach().reshape(4, 54).clone())
    ours, theirs = ConvolutionMuon([convolution.weight], 0.1), torch.optim.Muon([matrix], lr=0.1, weight_decay=1e-3)
    for _ in range(3):
        gradient = torch.randn(4, 6, 3, 3)
        convolution.weight.grad, matrix.grad = gradient, gradient.reshape(4, 54)
        ours.step()
        theirs.step()
    torch.testing.assert_close(convolution.weight.reshape(4, 54), matrix)


def test_a_closure_gives_the_gradients_and_they_can_be_cleared():
    torch.manual_seed(0)
    one, other = (nn.Conv2d(2, 3, 3) for _ in range(2))
    other.load_state_dict(one.state_dict())
    picture = torch.randn(1, 2, 8, 8)
    optimisers = [ConvolutionMuon([layer.weight], 0.1) for layer in (one, other)]
    one(picture).square().mean().backward()
    optimisers[0].step()

    def closure():
        loss = other(picture).square().mean()
        loss.backward()
        return loss

    assert optimisers[1].step(closure) > 0
    torch.testing.assert_close(one.weight, other.weight)
    optimisers[1].zero_grad()
    assert other.weight.grad is None


def test_each_weight_has_one_optimiser():
    network = TraceNetwork()
    muon, adam = muon_and_adam(network, 0.02)
    matrices = {id(weight) for weight, _ in muon._pairs}
    rest = {id(weight) for group in adam.param_groups for weight in group["params"]}
    assert not matrices & rest
    assert matrices | rest == {id(weight) for weight in network.parameters()}
    names = {id(weight): name for name, weight in network.named_parameters()}
    assert "head.last.weight" in {names[one] for one in rest}
    assert all(names[one].endswith("weight") for one in matrices)
    assert adam.param_groups[0]["lr"] == pytest.approx(0.004)


def test_training_goes_on_as_if_nothing_had_stopped():
    def steps(network, optimisers, count, seed):
        rng = torch.Generator().manual_seed(seed)
        for _ in range(count):
            network.zero_grad()
            network(torch.randn(2, 3, 16, 16, generator=rng)).square().mean().backward()
            for one in optimisers:
                one.step()

    def build():
        torch.manual_seed(1)
        network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 4, 1))
        return network, muon_and_adam(network, 0.02)

    whole, its = build()
    steps(whole, its, 2, 5)
    saved = copy.deepcopy((whole.state_dict(), [one.state_dict() for one in its]))
    again, anew = build()
    again.load_state_dict(saved[0])
    for one, state in zip(anew, saved[1], strict=True):
        one.load_state_dict(state)
    for network, optimisers in ((whole, its), (again, anew)):
        steps(network, optimisers, 2, 6)
    for one, other in zip(whole.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(one, other)
