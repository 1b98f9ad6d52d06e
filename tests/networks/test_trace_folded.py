"""What is exported has no batch normalisation, and says the same."""

import pytest

pytest.importorskip("torch")

import torch

from tamperscope.networks.trace import TraceNetwork, folded


@pytest.fixture
def trained():
    """A network whose batch normalisation has seen something."""
    torch.manual_seed(0)
    network = TraceNetwork()
    for part in network.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.uniform_(-0.5, 0.5)
            part.running_var.uniform_(0.5, 2)
            part.weight.data.uniform_(0.5, 1.5)
            part.bias.data.uniform_(-0.3, 0.3)
    return network.eval()


def test_folding_changes_nothing_but_the_weights(trained):
    before = {name: value.clone() for name, value in trained.state_dict().items()}
    plain = folded(trained)
    pictures = torch.randn(2, 3, 104, 88), torch.randn(2, 3, 26, 22)
    cells = torch.randn(2, 6, 13, 11), torch.rand(2, 13, 11), torch.ones(2, 13, 11, dtype=torch.bool)
    with torch.no_grad():
        torch.testing.assert_close(plain(*pictures, *cells), trained(*pictures, *cells), atol=1e-4, rtol=1e-4)
    assert not any(isinstance(part, torch.nn.BatchNorm2d) for part in plain.modules())
    assert all(torch.equal(before[name], value) for name, value in trained.state_dict().items())


def test_folded_weights_have_the_names_of_a_network_without_normalisation(trained):
    plain = TraceNetwork(normalised=False)
    assert plain.state_dict().keys() == folded(trained).state_dict().keys()
    plain.load_state_dict(folded(trained).state_dict())
    assert folded(plain).state_dict().keys() == plain.state_dict().keys()


@pytest.mark.parametrize("size", [(24, 32), (25, 30), (5, 7), (1, 1)])
def test_the_head_keeps_any_size(trained, size):
    logits = trained.head(torch.randn(1, trained.head.compared, *size))
    assert logits.shape == (1, 1, *size)
