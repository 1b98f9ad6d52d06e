"""A checkpoint is whole and sound, or the one before it stays."""

import pytest

pytest.importorskip("torch")

import torch

from tamperscope.errors import TamperscopeError
from tamperscope.train.checkpoint import keep, resume


def test_weights_that_are_not_finite_are_not_kept(tmp_path):
    network = torch.nn.Linear(2, 1)
    optimiser = torch.optim.AdamW(network.parameters())
    path = tmp_path / "net.pt"
    keep(path, (network, optimiser), 3)
    sound = network.weight.detach().clone()
    with torch.no_grad():
        network.weight[0, 1] = float("nan")
    with pytest.raises(TamperscopeError, match=r"not finite at step 4: .*, and net\.pt stays"):
        keep(path, (network, optimiser), 4)
    assert resume(path, (network, optimiser)) == 3
    torch.testing.assert_close(network.weight.detach(), sound)
