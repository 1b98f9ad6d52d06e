"""Training of the tissue autoencoder on small pictures."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from tamperscope.runtime.network import load_network
from tamperscope.train.autoencoder import draw_batch, export_autoencoder, fit_autoencoder
from tamperscope.train.config import AutoencoderRecipe, load_recipe
from tamperscope.train.inpainting_tissue import Tissue

CONFIG = Path(__file__).parents[2] / "configs" / "autoencoder.yaml"
LESION = 5000


@pytest.fixture(scope="module")
def recipe():
    small = {"channels": (4, 6, 8), "latent": 2, "crop": 32, "batch": 2, "steps": 4}
    return load_recipe(CONFIG, AutoencoderRecipe).model_copy(update=small)


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    levels = rng.uniform(1000, 2000, (150, 120)).astype(np.int16)
    tissue = np.ones(levels.shape, bool)
    tissue[:, 100:] = False
    healthy = tissue.copy()
    healthy[60:90, 20:50] = False
    levels[~healthy] = LESION
    return [Tissue(np.where(tissue, levels, 0).astype(np.int16), tissue, healthy)]


def test_a_batch_shows_no_lesion_and_air_at_the_centre(recipe, images):
    for seed in range(30):
        true, tissue = draw_batch(recipe, images, np.random.default_rng(seed))
        assert true.shape == tissue.shape == (2, 1, 32, 32)
        assert true.max() < 2.1  # 2,000 levels of 0.3 with the largest gain: 750
        assert not true[tissue == 0].any()


def test_training_resumes_to_the_same_network_and_exports(tmp_path, monkeypatch, recipe, images):
    monkeypatch.setattr("tamperscope.train.autoencoder._CHECKPOINT_EVERY", 2)
    whole = fit_autoencoder(recipe, images, out=tmp_path / "whole")

    class Stop(Exception):
        pass

    calls = []

    def stop_at_fourth(*arguments):
        calls.append(1)
        if len(calls) == 4:
            raise Stop
        return draw_batch(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr("tamperscope.train.autoencoder.draw_batch", stop_at_fourth)
        with pytest.raises(Stop):
            fit_autoencoder(recipe, images, out=tmp_path / "parts")
    resumed = fit_autoencoder(recipe, images, out=tmp_path / "parts")
    for one, other in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other)
    rows = (tmp_path / "parts" / "autoencoder.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "2", "4"]

    export_autoencoder(recipe, whole, tmp_path)
    given = np.random.default_rng(0).random((1, 1, 64, 40), dtype=np.float32)
    with torch.no_grad():
        expected = whole(torch.from_numpy(given)).numpy()
    np.testing.assert_allclose(load_network(tmp_path / "tissue-autoencoder.onnx")(given), expected, atol=1e-4)
