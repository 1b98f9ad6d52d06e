"""Networks without a part, trainings without a kind of forgery, and the table of both."""

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch")

import torch
from pydantic import ValidationError

from tamperscope.benchmark import cesm
from tamperscope.benchmark.splits import patient_folds
from tamperscope.cli.bench_cross_validate import ablate as ablate_command
from tamperscope.errors import TamperscopeError
from tamperscope.networks.trace import COARSE, STRUCTURE, TraceNetwork
from tamperscope.networks.trace_variants import HALF, FineOnly, Halves, NotCompared
from tamperscope.train import ablation
from tamperscope.train.ablation import Asked, ablate, ask, read_asked, variant_of, write_asked
from tamperscope.train.ablation_report import summarise
from tamperscope.train.config import AblationRecipe, TraceRecipe, load_recipe
from tamperscope.train.trace_variants import VARIANTS, halves_loss

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
    """A network that compares is blind to what is alike all over an image; this one is not, in training either."""
    torch.manual_seed(0)
    blind, seeing = TraceNetwork(), NotCompared()
    residuals, bands, structure, brightness, valid, *_ = planes()

    def differs(network):
        with torch.no_grad():
            features = network.describe(residuals, bands, structure)
            one = network.compare(features, brightness, valid)
            # So many images so unusual hardly move the running scale.
            other = network.compare(features + 2, brightness, valid)
        assert one.shape == (2, network.head.compared, 8, 8)
        return float((one - other).abs().mean())

    assert differs(blind) < 1e-3
    for training in (True, False):
        assert differs(seeing.train(training)) > 1


def test_not_compared_learns_the_scale_of_its_features():
    torch.manual_seed(0)
    network = NotCompared()
    *_, brightness, valid, _, _ = planes(side=128)
    shape = (2, network.head.compared - 2, 16, 16)
    features = 5 + 3 * torch.randn(shape, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for _ in range(400):
            scaled = network.compare(features, brightness, valid)[:, :-2]
    assert float(scaled.mean()) == pytest.approx(0, abs=0.01)
    assert float(scaled.std()) == pytest.approx(1, abs=0.01)


def test_halves_learn_which_cells_are_forged_and_to_reconstruct_them():
    torch.manual_seed(0)
    network, batch = Halves(), planes()
    batch[0][:, :, :32, :32] *= 3
    forged = batch[5] > 0.5

    def error():
        with torch.no_grad():
            compared = network.compare(network.describe(*batch[:3]), *batch[3:5])
            again = network.reconstruct(network.head(compared), forged)
            return float((again - compared[:, :-1]).abs().mean()), float(compared[:, :-1].abs().mean())

    optimiser = torch.optim.Adam(network.parameters(), 3e-3)
    before, losses = error()[0], []
    for _ in range(80):
        loss, crops = halves_loss(network, batch, crop_weight=0.5)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert crops.shape == (2,)
    assert losses[-1] < 0.5 * losses[0]
    after, size = error()
    assert after < 0.9 * min(before, size)
    with torch.no_grad():
        logits = network.eval()(*batch[:5])
    assert logits[:, :4, :4].mean() > 2 > -2 > logits[:, 4:, 4:].mean()


def test_the_decoder_is_given_the_half_of_the_label_alone():
    network = Halves()
    latent = torch.randn(1, 2 * HALF, 1, 2, generator=torch.Generator().manual_seed(0))
    forged = torch.tensor([[[False, True]]])
    other = latent.clone()
    other[0, HALF:, 0, 0], other[0, :HALF, 0, 1] = 5, 5
    with torch.no_grad():
        torch.testing.assert_close(network.reconstruct(latent, forged), network.reconstruct(other, forged))
        assert not torch.allclose(network.reconstruct(latent, forged), network.reconstruct(latent, ~forged))


def test_variants_differ_in_one_thing():
    recipe = load_recipe(CONFIGS / "trace.yaml", TraceRecipe)
    ablations = load_recipe(CONFIGS / "trace-ablations.yaml", AblationRecipe)
    for variant in ablations.variants:
        changed = variant_of(recipe, ablations, variant)
        assert variant.network in VARIANTS
        assert set(recipe.kinds) - set(changed.kinds) == set(variant.leaves_out)
        assert changed.steps == ablations.steps
        differences = (variant.seed != 0) + bool(variant.leaves_out) + (variant.network != "trace")
        assert differences == (variant.name != "all-0")


def test_a_kind_that_is_not_there_cannot_be_left_out():
    recipe = load_recipe(CONFIGS / "trace.yaml", TraceRecipe)
    ablations = load_recipe(CONFIGS / "trace-ablations.yaml", AblationRecipe)
    variant = ablations.variants[0].model_copy(update={"leaves_out": ("magic",)})
    with pytest.raises(TamperscopeError, match="has no magic that all-0 could leave out"):
        variant_of(recipe, ablations, variant)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "all-0"}, "two variants have the same name"),
        ({"name": "late", "group": "all of it"}, "variants of a group must follow each other"),
    ],
)
def test_recipes_whose_rows_would_mix_are_refused(change, message):
    recipe = load_recipe(CONFIGS / "trace-ablations.yaml", AblationRecipe)
    last = recipe.variants[-1].model_copy(update=change)
    with pytest.raises(ValidationError, match=message):
        AblationRecipe.model_validate(recipe.model_dump() | {"variants": [*recipe.variants, last]})


def test_leaving_out_every_kind_is_refused():
    recipe = load_recipe(CONFIGS / "trace.yaml", TraceRecipe)
    ablations = load_recipe(CONFIGS / "trace-ablations.yaml", AblationRecipe)
    variant = ablations.variants[0].model_copy(update={"leaves_out": tuple(recipe.kinds)})
    with pytest.raises(TamperscopeError, match="leaves out every kind"):
        variant_of(recipe, ablations, variant)


def test_the_table_has_a_row_a_group_and_a_column_a_kind(tmp_path):
    ablations = load_recipe(CONFIGS / "trace-ablations.yaml", AblationRecipe)
    seeds = [one.model_copy(update={"group": "all of it"}) for one in ablations.variants[:2]]
    ablations = ablations.model_copy(update={"variants": (*seeds, *ablations.variants[2:])})
    rng = np.random.default_rng(0)

    def asked(shift, cells):
        for number in range(40):
            label = number % 2
            family, forger = (("synthetic-mass", "mammo-cgan"), ("splice", "splice-poisson"))[number // 2 % 2]
            strongest = float(rng.normal() + shift * label)
            forged = {"family": family, "forger": forger, "cells": cells} if label else {}
            known = {"family": "none", "forger": "none", "cells": None} | forged
            yield Asked(f"{number}", f"{number // 4}", label, strongest=strongest, area=-strongest, **known)

    told = {}
    for name, shift, cells in (("all-0", 9, 0.7), ("all-1", 9, 0.8), ("no-splices", 0, 0.5)):
        write_asked(list(asked(shift, cells)), tmp_path / f"{name}.csv")
        told[name] = read_asked(tmp_path / f"{name}.csv")
    header, _, whole, without, _, spread = summarise(told, ablations).splitlines()
    assert header.startswith(
        "|  | seeds | cells | strongest cell | strongest area | cells, less | strongest cell, less"
    )
    assert header.endswith("| mammo-cgan | splice |")
    one = "1.00 [1.00, 1.00]"
    assert whole == f"| all of it | 2 | 0.75 [0.75, 0.75] | {one} | 0.00 [0.00, 0.00] |  |  | 1.00 | 1.00 |"
    assert without.startswith("| no splices | 1 | 0.50 [0.50, 0.50] | 0.")
    assert "| -0.25 [-0.25, -0.25] | -0." in without
    assert spread == "Between the 2 seeds of the first row: 0.10 and 0.00 at most."
    assert summarise({}, ablations) == "no variant is there yet"


class Brightness(torch.nn.Module):
    """Logits that are high where an image is brighter than half of it."""

    def forward(self, residuals, bands, structure, brightness, valid):
        return (brightness - brightness[valid].median()) / 5


@pytest.fixture
def benchmark(tmp_path):
    """An untouched image of patient 7, and one of patient 8 with a bright square, which is its mask."""
    rng = np.random.default_rng(0)
    rows = []
    down, across = np.mgrid[:900, :700]
    breast = ((down - 450) / 430) ** 2 + (across / 640) ** 2 < 1
    for patient, label in ((7, 0), (8, 1)):
        pixels = 500 + 8 * rng.standard_normal(breast.shape)
        mask = np.zeros(breast.shape, np.uint8)
        if label:
            mask[400:528, 200:328] = 255
            pixels[mask > 0] += 60
        cv2.imwrite(str(tmp_path / f"{patient}.png"), np.where(breast, 5 * pixels, 0).astype(np.uint16))
        cv2.imwrite(str(tmp_path / f"{patient}.mask.png"), mask)
        rows.append(
            SimpleNamespace(
                id=str(patient),
                patient=f"x:{patient}-{patient}",
                patients=(patient, patient),
                label=label,
                family="splice",
                forger="splice" if label else "none",
                condition="plain",
                part="fold-0",
                image=f"{patient}.png",
                mask=f"{patient}.mask.png",
            )
        )
    (tmp_path / "manifest.jsonl").write_text("only its hash counts")
    return tmp_path, rows


def test_networks_are_asked_about_cells_and_images(benchmark):
    folder, rows = benchmark
    untouched, forged = ask(Brightness(), folder, rows)
    assert untouched.cells is None
    assert forged.cells == 1
    assert forged.strongest > 2 * untouched.strongest
    assert (untouched.label, forged.label, forged.forger) == (0, 1, "splice")


def test_a_missing_mask_is_told(benchmark):
    folder, rows = benchmark
    (folder / "8.mask.png").unlink()
    with pytest.raises(TamperscopeError, match=r"8\.mask\.png is missing or damaged"):
        list(ask(Brightness(), folder, rows))


@pytest.fixture
def trained(monkeypatch, benchmark):
    """Names of the variants that were trained, without a training: all networks see brightness."""
    _, rows = benchmark
    names = []

    def train(recipe, learn, injector, *, out, build, loss):
        names.append(recipe.name)
        assert (build, loss) == VARIANTS[recipe.name if recipe.name in VARIANTS else "trace"]
        assert {case.name for case in learn} == {case.name for case in patient_folds(CASES, 3)[0].train}
        return Brightness()

    monkeypatch.setattr(ablation, "train_trace", train)
    monkeypatch.setattr(ablation, "read_manifest", lambda folder: rows)
    return names


CASES = [SimpleNamespace(name=f"IM{number}", patients=(number, number)) for number in range(1, 31)]


def run(folder, out, **changes):
    recipe = load_recipe(CONFIGS / "trace.yaml", TraceRecipe)
    ablations = load_recipe(CONFIGS / "trace-ablations.yaml", AblationRecipe)
    return ablate(recipe, ablations.model_copy(update=changes), CASES, folder, out=out, only=("no-splices", "halves"))


def test_what_is_there_is_not_trained_again_and_nothing_else_is_taken_for_it(benchmark, trained, tmp_path):
    folder, _ = benchmark
    for _ in range(2):
        assert list(run(folder, tmp_path / "out")) == ["no-splices", "halves"]
    assert trained == ["no-splices", "halves"]
    with pytest.raises(TamperscopeError, match="holds another training"):
        run(folder, tmp_path / "out", steps=7)
    (folder / "manifest.jsonl").write_text("another benchmark")
    with pytest.raises(TamperscopeError, match="answers about another benchmark"):
        run(folder, tmp_path / "out")


def test_patients_that_are_learnt_from_are_not_asked_about(benchmark, trained, tmp_path):
    folder, rows = benchmark
    rows[1].patients = (25, 26)
    with pytest.raises(TamperscopeError, match="patient 25 to 26 would be tested by what learns from IM25"):
        run(folder, tmp_path / "out")
    assert not trained


def test_a_benchmark_without_the_fold_is_told(benchmark, trained, tmp_path):
    folder, rows = benchmark
    del rows[1]
    with pytest.raises(TamperscopeError, match="no untouched or no forged images in fold-0"):
        run(folder, tmp_path / "out")


def test_the_command_writes_the_table(benchmark, trained, tmp_path, monkeypatch):
    folder, _ = benchmark
    monkeypatch.setattr(cesm, "load_cases", lambda folder: CASES)
    recipes = [str(CONFIGS / name) for name in ("trace.yaml", "trace-ablations.yaml")]
    arguments = [*recipes, str(folder), "--data", str(folder), "--out", str(tmp_path / "out"), "--only", "all-0"]
    result = CliRunner().invoke(ablate_command, arguments, catch_exceptions=False)
    assert trained == ["all-0"]
    assert "| all of it | 1 | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] |" in result.output
    assert (tmp_path / "out" / "ablations.md").read_text() in result.output
