"""Short real trainings: what is written, that they resume, that they learn."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.injected import Injected, Patch
from tamperscope.benchmark.mass_squares import augment_square
from tamperscope.detect.tiling import place_on_canvas
from tamperscope.errors import TamperscopeError
from tamperscope.networks.mammo_cgan import LatentStart, condition_of
from tamperscope.train import forensic_transfer
from tamperscope.train.config import ForensicTransferRecipe, MammoCganRecipe, load_recipe
from tamperscope.train.forensic_transfer import evaluate, train_forensic_transfer
from tamperscope.train.mammo_cgan import _Rest, membrane_response, train_cgan
from tamperscope.train.score_classifier import placements, train_score_classifier
from tamperscope.train.tiles import TileSet
from tests.detect.images import make_mammogram

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def recipe():
    paper = load_recipe(CONFIGS / "forensic-transfer-paper.yaml", ForensicTransferRecipe)
    return paper.model_copy(update={"tiles_per_epoch": 32, "epochs": 2, "batch": 16, "classifier_epochs": 60})


@pytest.fixture(scope="module")
def tiles():
    """Real tissue is noisy, forged tissue smooth."""
    images = []
    for seed in range(2):
        canvas = place_on_canvas(make_mammogram(900, 700, seed=seed))
        smooth = np.full((300, 300), 550, np.float32)
        patch = Patch(300, 150, smooth, np.ones(smooth.shape, bool))
        images.append(Injected(Case(f"IM{seed}", Path("x"), "train", (seed, seed), True, (), ()), canvas, (patch,)))
    return TileSet(images, least_forged=0.08)


def test_forensic_transfer_learns_and_resumes(tmp_path, monkeypatch, recipe, tiles):
    monkeypatch.setattr(forensic_transfer, "_VALIDATION_TILES", 32)
    held = list(tiles.batches(count=32, batch=16, rng=np.random.default_rng(recipe.seed), turn=False))
    whole = train_forensic_transfer(recipe, tiles, tiles, out=tmp_path / "whole")
    train_forensic_transfer(recipe.model_copy(update={"epochs": 1}), tiles, tiles, out=tmp_path / "halves")
    resumed = train_forensic_transfer(recipe, tiles, tiles, out=tmp_path / "halves")
    for one, other in zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other)
    rows = (tmp_path / "halves" / "forensic-transfer.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["epoch", "0", "1"]
    # What comes back is the epoch with the lowest validation loss, not the last one.
    losses = [float(row.split(",")[2]) for row in rows[1:]]
    assert evaluate(whole, held, recipe)[0] == pytest.approx(min(losses), abs=0.05)
    assert float(rows[2].split(",")[1]) < float(rows[1].split(",")[1])


def test_cgan_trains_and_resumes(tmp_path, monkeypatch):
    paper = load_recipe(CONFIGS / "mammo-cgan-paper.yaml", MammoCganRecipe).cgan1
    # The report's kind of generator, without a latent map, a tenth as wide.
    narrow = {"down": (10, 20, 40, 80, 160, 160), "up": (80, 80, 40, 20, 10)}
    recipe = paper.model_copy(update={"steps": 3, "generator": paper.generator.model_copy(update=narrow)})
    squares = torch.rand(8, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    first = train_cgan(recipe, squares, None, batch=4, seed=0, out=tmp_path / "cgan1")
    # A finished run is only loaded.
    again = train_cgan(recipe, squares, None, batch=4, seed=0, out=tmp_path / "cgan1")
    for one, other in zip(first.state_dict().values(), again.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other)

    monkeypatch.setattr("tamperscope.train.mammo_cgan._CHECKPOINT_EVERY", 2)
    original = torch.optim.Adam.step

    def stop_at_third(self, *arguments, **options):
        if (tmp_path / "stopped.pt").exists():
            raise KeyboardInterrupt
        return original(self, *arguments, **options)

    with monkeypatch.context() as stopped:
        stopped.setattr(torch.optim.Adam, "step", stop_at_third)
        with pytest.raises(KeyboardInterrupt):
            train_cgan(recipe, squares, None, batch=4, seed=0, out=tmp_path / "stopped")
    resumed = train_cgan(recipe, squares, None, batch=4, seed=0, out=tmp_path / "stopped")
    for one, other in zip(first.state_dict().values(), resumed.state_dict().values(), strict=True):
        torch.testing.assert_close(one, other)
    torch.save({"generator": {}, "step": 2}, tmp_path / "older.pt")
    with pytest.raises(TamperscopeError, match="no checkpoint of this training"):
        train_cgan(recipe, squares, None, batch=4, seed=0, out=tmp_path / "older")
    assert (tmp_path / "cgan1.csv").read_text().startswith("step,discriminator_loss")


def test_a_discriminator_that_is_right_too_often_rests():
    rest = _Rest(limit=0.6, batches=3)
    learnt = [rest.learns(1.0) for _ in range(9)]
    # The running mean passes 0.6 with the fifth batch; that and two more are not learnt from.
    assert learnt == [True] * 4 + [False] * 3 + [True] * 2
    assert rest.rested == 3
    other = _Rest(limit=0.6, batches=3)
    other.load_state_dict(rest.state_dict())
    assert other == rest


def test_bfloat16_trains_as_float32_does(tmp_path):
    """Small maps then go another way through the convolutions."""
    paper = load_recipe(CONFIGS / "mammo-cgan-paper.yaml", MammoCganRecipe, changes=["cgan1.steps=1", "batch=4"])
    narrow = {"down": (10, 20, 40, 80, 160, 160), "up": (80, 80, 40, 20, 10)}
    narrow |= {"down_dropout": (0,) * 6, "up_dropout": (0,) * 5}
    recipe = paper.cgan1.model_copy(update={"generator": paper.cgan1.generator.model_copy(update=narrow)})
    squares = torch.rand(8, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    rows = []
    for precision in ("float32", "bfloat16"):
        out = tmp_path / precision
        train_cgan(recipe.model_copy(update={"precision": precision}), squares, None, batch=4, seed=0, out=out)
        rows.append([float(cell) for cell in out.with_suffix(".csv").read_text().splitlines()[1].split(",")])
    np.testing.assert_allclose(*rows, rtol=0.05)


@pytest.mark.parametrize("change", ["steps=3", "cgan1.step=3", "cgan1.steps=0", "cgan1.steps", "nothing.steps=3"])
def test_a_change_that_is_none_is_refused(change):
    with pytest.raises(TamperscopeError):
        load_recipe(CONFIGS / "mammo-cgan-paper.yaml", MammoCganRecipe, changes=[change])


def test_a_cascade_with_a_latent_map_trains_on_both_halves(tmp_path):
    recipe = load_recipe(CONFIGS / "mammo-cgan-latent.yaml", MammoCganRecipe)
    short = [cgan.model_copy(update={"steps": 2}) for cgan in (recipe.cgan1, recipe.cgan2)]
    squares = torch.rand(120, 1, 64, 64, generator=torch.Generator().manual_seed(0))
    first = train_cgan(short[0], squares, None, batch=4, seed=0, out=tmp_path / "cgan1")
    second = train_cgan(short[1], squares, first, batch=4, seed=1, out=tmp_path / "cgan2")
    with torch.no_grad():
        condition = condition_of(squares[:2])
        made = second(first(condition))
        condition[..., 10:54, 10:54] = torch.randn(2, 1, 44, 44, generator=torch.Generator().manual_seed(1))
        other = second(first(condition))
    # The frame is the condition's own, and another latent map gives another tumour.
    torch.testing.assert_close(condition_of(made), condition_of(squares[:2]))
    assert (made - other).abs().mean() > 0.01


def test_exemplars_are_drawn_among_those_with_like_surroundings():
    start = LatentStart(4, 20)
    # Bright squares hold bright tumours in their middle, dark ones none.
    squares = torch.full((20, 1, 64, 64), 0.3)
    squares[10:] = 0.6
    squares[10:, :, 25:40, 25:40] = 0.9
    squares += 0.01 * torch.randn(squares.shape, generator=torch.Generator().manual_seed(0))
    start.fit(membrane_response(), squares)
    drawn = condition_of(squares)
    drawn[..., 10:54, 10:54] = torch.randn(20, 1, 44, 44, generator=torch.Generator().manual_seed(1))
    lifts = (start(drawn) - squares.mean((2, 3), keepdim=True))[:, 0, 28:36, 28:36].mean((1, 2))
    assert lifts[10:].min() > 0.15
    assert lifts[:10].abs().max() < 0.1
    # Its own components give a square back.
    torch.testing.assert_close(start.blur(squares)[10:], squares[10:], atol=0.06, rtol=0)


def test_score_classifier_learns_hot_from_cold(tmp_path, recipe):
    rng = np.random.default_rng(0)
    matrices = np.zeros((24, 61, 61), np.float32)
    matrices[:, 20:40, 25:40] = rng.uniform(0.0, 0.3, (24, 20, 15))
    labels = (np.arange(24) % 2).astype(np.float32)
    matrices[1::2, 28:33, 30:35] = 0.95
    faster = recipe.model_copy(update={"classifier_rate": 2e-3})
    network = train_score_classifier(faster, (matrices, labels), (matrices, labels), out=tmp_path)
    with torch.no_grad():
        scores = network(torch.from_numpy(matrices)[:, None]).numpy()
    np.testing.assert_array_equal(scores > 0.5, labels > 0.5)


def test_five_placements_move_the_whole_matrix():
    matrix = np.zeros((61, 61), np.float32)
    matrix[10:14, 20:22] = np.arange(8).reshape(4, 2) + 1
    placed = list(placements(matrix))
    assert len(placed) == 5
    for variant in placed:
        assert variant.sum() == matrix.sum()
    corners = [
        variant[rows, columns].all()
        for variant, (rows, columns) in zip(
            placed[1:],
            [
                (slice(4), slice(2)),
                (slice(4), slice(-2, None)),
                (slice(-4, None), slice(2)),
                (slice(-4, None), slice(-2, None)),
            ],
            strict=True,
        )
    ]
    assert all(corners)


def test_augmentation_crops_turns_and_stays_near():
    square = np.random.default_rng(0).uniform(300, 800, (74, 74)).astype(np.float32)
    rng = np.random.default_rng(1)
    variants = [augment_square(square, rng) for _ in range(20)]
    assert all(variant.shape == (64, 64) and variant.dtype == np.float32 for variant in variants)
    assert len({variant.tobytes() for variant in variants}) == 20
    assert all(abs(variant.mean() - square.mean()) < 100 for variant in variants)


@pytest.mark.parametrize(
    ("text", "message"),
    [("name: a\nsurprise: 1", "surprise|Field required"), ("just words", "the file"), ("a: [", "can't be read")],
)
def test_bad_recipes_say_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "recipe.yaml"
    path.write_text(text)
    with pytest.raises(TamperscopeError, match=message):
        load_recipe(path, MammoCganRecipe)
