"""Networks without a part, trainings without a kind of forgery, and the table of both."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from tamperscope.errors import TamperscopeError  # noqa: E402
from tamperscope.networks.trace import COARSE, STRUCTURE, TraceNetwork  # noqa: E402
from tamperscope.networks.trace_variants import HALF, FineOnly, Halves, NotCompared  # noqa: E402
from tamperscope.train.ablation import (  # noqa: E402
    NETWORKS,
    Asked,
    halves_loss,
    read_asked,
    summarise,
    variant_of,
    write_asked,
)
from tamperscope.train.config import AblationRecipe, TraceRecipe, load_recipe  # noqa: E402

CONFIGS = Path(__file__).parents[2] / "configs"


def planes(seed=0, side=64):
    """What ``draw_crop`` gives of two crops, in which the upper left quarter is forged."""
    made = torch.Generator().manual_seed(seed)
    cells = side // 8
    share = torch.zeros(2, cells, cells)
    share[:, : cells // 2, : cells // 2] = 1
    return (
        torch.randn(2, 3, side, side, generator=made),
        torch.randn(2, 3, side // 4, side // 4, generator=made),
        torch.randn(2, 6, cells, cells, generator=made),
        300 + 200 * torch.rand(2, cells, cells, generator=made),
        torch.ones(2, cells, cells, dtype=torch.bool),
        share,
        torch.ones(2),
    )


def test_fine_only_does_not_see_coarse_structure():
    torch.manual_seed(0)
    network = FineOnly().eval()
    residuals, bands, structure, brightness, valid, *_ = planes()
    with torch.no_grad():
        one = network(residuals, bands, structure, brightness, valid)
        other = network(residuals, 3 - bands, 5 * structure, brightness, valid)
        features = network.describe(residuals, bands, structure)
    torch.testing.assert_close(one, other)
    assert (features[:, -COARSE - STRUCTURE :] == 0).all()
    assert (features[:, : -COARSE - STRUCTURE] != 0).any()


def test_not_compared_sees_an_image_as_a_whole_that_differs_from_others():
    """A network that compares is blind to what is alike all over an image; this one is not."""
    torch.manual_seed(0)
    blind, seeing = TraceNetwork().eval(), NotCompared().eval()
    residuals, bands, structure, brightness, valid, *_ = planes()

    def differs(network):
        with torch.no_grad():
            features = network.describe(residuals, bands, structure)
            one, other = (network.compare(some, brightness, valid) for some in (features, features + 2))
        assert one.shape == (2, network.head.compared, 8, 8)
        return float((one - other).abs().max())

    assert differs(blind) < 1e-3
    assert differs(seeing) > 1


def test_halves_learn_which_cells_are_forged_and_to_reconstruct_them():
    torch.manual_seed(0)
    network, batch = Halves(), planes()
    batch[0][:, :, :32, :32] *= 3
    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    losses = []
    for _ in range(60):
        loss, crops = halves_loss(network, batch, crop_weight=0.5)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert crops.shape == (2,)
    assert losses[-1] < 0.5 * losses[0]
    with torch.no_grad():
        logits = network.eval()(*batch[:5])
    assert logits[:, :4, :4].mean() > 2 > -2 > logits[:, 4:, 4:].mean()


def test_the_decoder_is_given_the_more_active_half_alone():
    network = Halves()
    latent = torch.zeros(1, 2 * HALF, 1, 2)
    latent[0, :HALF, 0, 0], latent[0, HALF:, 0, 1] = 1, 1
    other = latent.clone()
    other[0, HALF:, 0, 0], other[0, :HALF, 0, 1] = 0.5, 0.5
    with torch.no_grad():
        torch.testing.assert_close(network.reconstruct(latent), network.reconstruct(other))


def test_variants_differ_in_one_thing():
    recipe = load_recipe(CONFIGS / "trace.yaml", TraceRecipe)
    ablations = load_recipe(CONFIGS / "trace-ablations.yaml", AblationRecipe)
    assert len({variant.name for variant in ablations.variants}) == len(ablations.variants)
    for variant in ablations.variants:
        changed = variant_of(recipe, ablations, variant)
        assert variant.network in NETWORKS
        assert set(recipe.kinds) - set(changed.kinds) == set(variant.leaves_out)
        assert (changed.steps, changed.whole) == (ablations.steps, None)
        differences = (variant.seed != 0) + bool(variant.leaves_out) + (variant.network != "trace")
        assert differences == (variant.name != "all-0")


def test_a_kind_that_is_not_there_cannot_be_left_out():
    recipe = load_recipe(CONFIGS / "trace.yaml", TraceRecipe)
    ablations = load_recipe(CONFIGS / "trace-ablations.yaml", AblationRecipe)
    variant = ablations.variants[0].model_copy(update={"leaves_out": ("magic",)})
    with pytest.raises(TamperscopeError, match="has no magic that all-0 could leave out"):
        variant_of(recipe, ablations, variant)


def test_the_table_has_a_row_a_group_and_a_column_a_kind(tmp_path):
    ablations = load_recipe(CONFIGS / "trace-ablations.yaml", AblationRecipe)
    rng = np.random.default_rng(0)

    def asked(shift):
        for number in range(40):
            label = number % 2
            family, forger = (("synthetic-mass", "mammo-cgan"), ("splice", "splice-poisson"))[number // 2 % 2]
            strongest = float(rng.normal() + shift * label)
            forged = {"family": family, "forger": forger, "cells": 0.75} if label else {}
            known = {"family": "none", "forger": "none", "cells": None} | forged
            yield Asked(f"{number}", f"{number // 4}", label, strongest=strongest, area=-strongest, **known)

    names = ("all-0", "all-1", "all-2", "no-splices")
    told = {}
    for name, shift in zip(names, (9, 9, 9, 0), strict=True):
        write_asked(asked(shift), tmp_path / f"{name}.csv")
        told[name] = read_asked(tmp_path / f"{name}.csv")
    header, _, both, without = summarise(told, ablations).splitlines()
    assert header == "| | cells | strongest cell | strongest area | mammo-cgan | splice |"
    perfect = "1.00 (1.00 to 1.00)"
    assert both == f"| all of it | 0.75 (0.75 to 0.75) | {perfect} | 0.00 (0.00 to 0.00) | {perfect} | {perfect} |"
    assert without.startswith("| no splices | 0.75 [0.75, 0.75] | 0.")
