"""The networks against figures 5 and 7 of the report and the system description."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from tamperscope.cli import main
from tamperscope.networks import mobilenet_v2
from tamperscope.networks.forensic_transfer import ActivationMaps, ForensicTransfer, activation_score
from tamperscope.networks.mammo_cgan import (
    HOLE,
    Discriminator,
    Generator,
    LatentStart,
    condition_of,
    ring_of,
)
from tamperscope.networks.score_classifier import ScoreClassifier
from tamperscope.train.config import MammoCganRecipe, load_recipe

CONFIGS = Path(__file__).parents[2] / "configs"


def shapes_of(module, inputs, kind):
    seen = []
    hooks = [
        part.register_forward_hook(lambda _m, _i, out: seen.append(tuple(out.shape[1:])))
        for part in module.modules()
        if isinstance(part, kind)
    ]
    with torch.no_grad():
        module.eval()(*inputs)
    for hook in hooks:
        hook.remove()
    return seen


def test_forensic_transfer_has_the_shapes_of_figure_7():
    network = ForensicTransfer()
    encoder = shapes_of(network.encoder, (torch.rand(1, 1, 256, 256),), torch.nn.Conv2d)
    assert encoder == [(8, 256, 256), (16, 128, 128), (32, 64, 64), (64, 32, 32), (128, 16, 16)]
    decoder = shapes_of(network.decoder, (torch.rand(1, 128, 16, 16),), torch.nn.Conv2d)
    assert decoder == [(64, 32, 32), (32, 64, 64), (16, 128, 128), (8, 256, 256), (1, 256, 256)]


def test_score_is_the_share_of_the_fake_half():
    latent = torch.zeros(3, 128, 16, 16)
    latent[0, :64] = 1
    latent[1, 64:] = 2
    latent[2, :64], latent[2, 64:] = 1, 3
    torch.testing.assert_close(activation_score(latent), torch.tensor([0.0, 1.0, 0.75]), atol=1e-6, rtol=0)


@pytest.mark.parametrize(("labels", "kept"), [(torch.tensor([0.0]), 0), (torch.tensor([1.0]), 1)])
def test_the_other_half_never_reaches_the_decoder(labels, kept):
    network = ForensicTransfer().eval()
    seen = []
    network.decoder.register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0]))
    network(torch.rand(1, 1, 288, 288), labels)
    halves = seen[0][:, :64], seen[0][:, 64:]
    assert halves[kept].abs().sum() > 0
    assert halves[1 - kept].abs().sum() == 0


def test_without_labels_the_score_selects():
    network = ForensicTransfer().eval()
    tiles = torch.rand(2, 1, 288, 288)
    scores, rebuilt = network(tiles)
    _, chosen = network(tiles, (scores > 0.5).float())
    torch.testing.assert_close(rebuilt, chosen)


def test_activation_maps_sum_the_latent_halves():
    network = ForensicTransfer().eval()
    tiles = torch.rand(2, 1, 288, 288)
    with torch.no_grad():
        latent, maps = network.encode(tiles), ActivationMaps(network)(tiles)
    torch.testing.assert_close(maps[:, 0, 1:-1, 1:-1], latent[:, :64].sum(1), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(maps[:, 1, 1:-1, 1:-1], latent[:, 64:].sum(1), rtol=1e-4, atol=1e-4)


def test_score_classifier_has_the_reports_shapes():
    network = ScoreClassifier()
    assert shapes_of(network, (torch.rand(1, 1, 61, 61),), torch.nn.Conv2d) == [(256, 30, 30)]
    assert [layer.in_features for layer in network.modules() if isinstance(layer, torch.nn.Linear)] == [4096, 64, 8]
    scores = network(torch.rand(5, 1, 61, 61))
    assert scores.shape == (5,)
    assert ((scores >= 0) & (scores <= 1)).all()


def test_paper_generators_have_the_maps_of_figure_5():
    recipe = load_recipe(CONFIGS / "mammo-cgan-paper.yaml", MammoCganRecipe)
    with torch.device("meta"):
        first = Generator(**recipe.cgan1.generator.model_dump())
        second = Generator(**recipe.cgan2.generator.model_dump())
    down = [step[0].out_channels for step in first.down]
    assert down == [100, 200, 400, 800, 1600, 1600]
    # Each step up sees the step before it and the map of the contracting path of the same size.
    assert [step[1][1].in_channels for step in first.up] == [1600, 800 + 1600, 800 + 800, 400 + 400, 200 + 200]
    assert [step[1][1].out_channels for step in first.up] == [800, 800, 400, 200, 100]
    tail = [part.out_channels for part in second.last.modules() if isinstance(part, torch.nn.Conv2d)]
    assert tail == [60, 30, 15, 1]
    norms = [any(isinstance(part, torch.nn.BatchNorm2d) for part in step) for step in first.down]
    assert norms == [False, True, True, True, True, True]


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("recipe", ["mammo-cgan-latent", "mammo-cgan-paper"])
def test_discriminators_end_in_one_number_in_tanh_range(recipe, number):
    settings = getattr(load_recipe(CONFIGS / f"{recipe}.yaml", MammoCganRecipe), f"cgan{number}")
    network = Discriminator(**settings.discriminator.model_dump()).eval()
    squares = torch.rand(3, 1, 64, 64)
    told = network(squares, condition_of(squares))
    assert told.shape == ((3, 64) if settings.discriminator.patch else (3,))
    assert told.abs().max() <= 1


def test_condition_lacks_the_middle_44():
    condition = condition_of(torch.ones(1, 1, 64, 64))
    assert condition.sum() == 64**2 - 44**2
    assert condition[0, 0, 10:54, 10:54].sum() == 0
    assert condition[0, 0, 9, 9] == condition[0, 0, 54, 54] == 1


@pytest.fixture(scope="module")
def latent_start():
    pytest.importorskip("pydantic")
    from tamperscope.train.mammo_cgan import membrane_response

    rows, columns = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing="ij")
    generator = torch.Generator().manual_seed(0)
    places, sizes = 32 + 6 * torch.randn(30, 2, generator=generator), 5 + 5 * torch.rand(30, generator=generator)
    blobs = [torch.exp(-((rows - y) ** 2 + (columns - x) ** 2) / s**2) for (y, x), s in zip(places, sizes, strict=True)]
    squares = 0.4 + 0.2 * torch.stack(blobs)[:, None]
    start = LatentStart(12, 30)
    start.fit(membrane_response(), squares)
    return start, squares


def test_the_frame_stays_and_the_middle_has_no_step(latent_start):
    start, _ = latent_start
    flat = torch.full((1, 1, 64, 64), 0.3)
    made = start(condition_of(flat))
    torch.testing.assert_close(condition_of(made), condition_of(flat))
    assert (made[..., 10, HOLE] - made[..., 9, HOLE]).abs().max() < 0.02


def test_its_components_give_a_squares_own_outlines(latent_start):
    start, squares = latent_start
    rebuilt = start.blur(squares)
    assert (rebuilt - squares).abs().mean() < 0.15 * (squares - squares.mean(0)).abs().mean()


def test_white_noise_varies_as_the_masses_do(latent_start):
    start, squares = latent_start
    condition = condition_of(squares[:1]).repeat(2000, 1, 1, 1)
    condition[..., HOLE, HOLE] = torch.randn(2000, 1, 44, 44, generator=torch.Generator().manual_seed(1))
    made = start(condition)[..., HOLE, HOLE].var(0).sum()
    lifted = squares[..., HOLE, HOLE].flatten(1) - ring_of(squares) @ start.membrane
    # Exemplars of like surroundings only: somewhat less than all.
    assert 0.4 < float(made / lifted.var(0).sum()) < 1.3


@pytest.mark.parametrize(("components", "exemplars"), [(0, 10), (4, 1), (1000, 1000)])
def test_a_latent_map_has_room_for_its_numbers(components, exemplars):
    with pytest.raises(ValueError, match="exemplars of"):
        LatentStart(components, exemplars)


def test_the_command_line_knows_the_package_of_weights_by_its_name():
    assert main._WEIGHTS == mobilenet_v2.PACKAGE
