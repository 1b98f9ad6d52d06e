"""Exported networks against PyTorch."""

import json

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from tamperscope.errors import TamperscopeError
from tamperscope.networks.forensic_transfer import ActivationMaps, ForensicTransfer
from tamperscope.networks.mammo_cgan import Generator
from tamperscope.runtime.network import load_network
from tamperscope.runtime.weights import WEIGHTS, find_weights
from tamperscope.train.export import export_network


@pytest.mark.parametrize("shape", [(1, 1, 288, 288), (2, 1, 320, 528)])
def test_exported_encoder_gives_pytorchs_numbers_at_any_size(tmp_path, shape):
    torch.manual_seed(0)
    module = ActivationMaps(ForensicTransfer()).eval()
    path = tmp_path / "encoder.onnx"
    export_network(module, torch.rand(1, 1, 288, 288), path, free_axes=(0, 2, 3), card={"data": "none"})
    pixels = np.random.default_rng(1).random(shape, dtype=np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(pixels)).numpy()
    np.testing.assert_allclose(load_network(path)(pixels), expected, rtol=1e-4, atol=1e-4)


def test_exported_generator_gives_pytorchs_numbers(tmp_path):
    torch.manual_seed(0)
    generator = Generator(down=(4,) * 6, up=(4,) * 5, tail=(3,), down_dropout=(0.5,) * 6, up_dropout=(0.5,) * 5)
    path = tmp_path / "generator.onnx"
    export_network(generator, torch.rand(2, 1, 64, 64), path, free_axes=(0,), card={})
    squares = np.random.default_rng(1).random((3, 1, 64, 64), dtype=np.float32)
    with torch.no_grad():
        expected = generator.eval()(torch.from_numpy(squares)).numpy()
    np.testing.assert_allclose(load_network(path)(squares), expected, atol=1e-5)


def test_card_names_the_file_by_its_hash(tmp_path):
    export_network(
        torch.nn.Conv2d(1, 1, 3), torch.rand(1, 1, 8, 8), tmp_path / "a.onnx", free_axes=(0,), card={"seed": 3}
    )
    card = json.loads((tmp_path / "a.json").read_text())
    assert card["seed"] == 3
    assert card["parameters"] == 10
    assert find_weights("a", folder=tmp_path).sha256 == card["sha256"]
    with (tmp_path / "a.onnx").open("ab") as file:
        file.write(b"more")
    find_weights.cache_clear()
    with pytest.raises(TamperscopeError, match="not the file that its card describes"):
        find_weights("a", folder=tmp_path)


def test_missing_weights_are_named():
    with pytest.raises(TamperscopeError, match="no weights named 'nonsense'"):
        find_weights("nonsense")


@pytest.mark.parametrize(
    "card", [path.with_suffix(".json") for path in sorted(WEIGHTS.glob("*.onnx"))], ids=lambda path: path.stem
)
def test_every_shipped_file_has_a_complete_card(card):
    facts = json.loads(card.read_text())
    assert {"task", "input", "output", "data", "licence", "recipe", "seed", "sha256", "version"} <= set(facts)
    assert find_weights(card.stem).path.stat().st_size < 20_000_000
