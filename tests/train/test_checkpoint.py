"""A checkpoint is whole and sound, or the one before it stays."""

import pytest

pytest.importorskip("torch")

import torch

from tamperscope.errors import TamperscopeError
from tamperscope.train.checkpoint import keep, load_part, resume


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


@pytest.mark.parametrize("other", [(torch.nn.Linear(3, 1),), (torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)), ()])
def test_a_checkpoint_of_another_training_is_refused(tmp_path, other):
    path = tmp_path / "net.pt"
    keep(path, (torch.nn.Linear(2, 1),), 3)
    with pytest.raises(TamperscopeError, match=r"net\.pt is no checkpoint of this training"):
        resume(path, other)


def test_one_part_is_read(tmp_path):
    path, networks = tmp_path / "net.pt", (torch.nn.Linear(2, 1), torch.nn.Linear(3, 1))
    keep(path, networks, 3)
    again = torch.nn.Linear(3, 1)
    load_part(path, 1, again)
    torch.testing.assert_close(again.weight, networks[1].weight)
    for number, part in ((0, again), (2, again)):
        with pytest.raises(TamperscopeError, match=r"net\.pt is of another network"):
            load_part(path, number, part)


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path):
    path, network = tmp_path / "net.pt", torch.nn.Linear(2, 1)
    keep(path, (network,), 3, of={"images": ["a", "b"]})
    assert resume(path, (network,), of={"images": ["a", "b"]}) == 3
    with pytest.raises(TamperscopeError, match=r"net\.pt is of another recipe or of other images"):
        resume(path, (network,), of={"images": ["a", "c"]})


@pytest.mark.parametrize("content", [b"", b"no checkpoint"])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    path = tmp_path / "net.pt"
    path.write_bytes(content)
    with pytest.raises(TamperscopeError, match=r"net\.pt is no checkpoint of this training"):
        resume(path, (torch.nn.Linear(2, 1),))
