"""The reader proxy in folds: whose squares are held out, and by which generators they are drawn."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

from pathlib import Path

from click.testing import CliRunner

from tamperscope.benchmark import cesm
from tamperscope.benchmark.cesm import Case
from tamperscope.benchmark.realism import REAL, Shown
from tamperscope.benchmark.splits import patient_folds
from tamperscope.cli.bench_injections import cross_validate_realism as cross_validate_realism_command
from tamperscope.errors import TamperscopeError
from tamperscope.train import realism_folds
from tamperscope.train.config import MammoCganRecipe, load_recipe
from tamperscope.train.realism_folds import FOLDS, cross_validate_realism, to_markdown

CASES = [
    Case(f"IM{number:04d}", Path("none"), "train", (number // 2, number // 2), False, (), ()) for number in range(60)
]
KIND = "mammo-cgan-tissue"
CONFIG = Path(__file__).parents[2] / "configs" / "mammo-cgan-latent.yaml"
RECIPE = load_recipe(CONFIG, MammoCganRecipe)


@pytest.fixture
def drawn(monkeypatch):
    """Fold of the generators, case, split: no network is trained or asked."""
    seen = []

    def collect(cases, injector, masses, *, seed, kinds):
        assert masses == [case.name for case in cases]
        seen.extend((injector, case.name, case.split) for case in cases)
        picture = np.zeros((128, 128), np.float32)
        return [
            Shown(kind, str(case.patients[0]), case.split == "val", picture)
            for case in cases
            for kind in (REAL, *kinds)
        ]

    monkeypatch.setattr(realism_folds, "collect_squares", collect)
    monkeypatch.setattr(realism_folds, "real_squares", lambda cases, *, seed: [case.name for case in cases])
    monkeypatch.setattr(realism_folds, "load_mobilenet_v2", lambda: None)
    # Synthetic squares are the odd ones; they differ in one feature.
    monkeypatch.setattr(
        realism_folds,
        "features",
        lambda network, pictures: np.stack([np.arange(len(pictures)) % 2, np.zeros(len(pictures))], 1),
    )
    monkeypatch.setattr(realism_folds, "Injector", SimpleNamespace(load=lambda *, folder: int(folder.parent.name[-1])))
    return seen


def trained(out):
    for fold in range(FOLDS):
        weights = out / f"fold-{fold}" / "weights"
        weights.mkdir(parents=True)
        (weights / "mammo-cgan-2.json").write_text(json.dumps({"recipe": RECIPE.model_dump(mode="json")}))


def test_every_patient_is_held_out_once_from_generators_that_know_none_of_them(tmp_path, drawn):
    trained(tmp_path)
    (result,) = cross_validate_realism(RECIPE, CASES, out=tmp_path, kinds=[KIND])
    held_out = [(fold, name) for fold, name, split in drawn if split == "val"]
    assert sorted(name for _, name in held_out) == [case.name for case in CASES]
    for number, fold in enumerate(patient_folds(CASES, FOLDS)):
        assert {name for judge, name in held_out if judge == number} == {case.name for case in fold.test}
    assert result.masses == len(CASES)
    assert len(result.told[KIND].labels) == 2 * len(CASES)
    assert result.told[KIND].auc.estimate == 1


def test_the_table_has_a_column_a_seed(tmp_path, drawn):
    trained(tmp_path)
    text = to_markdown(list(cross_validate_realism(RECIPE, CASES, out=tmp_path, seeds=(3, 5), kinds=[KIND])))
    assert "60 real masses, each held out once in 5 folds" in text
    assert "| kind | seed 3 | seed 5 | mean |" in text
    assert f"| {KIND} | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] | 1.00 [1.00, 1.00] |" in text


def test_generators_are_trained_on_the_other_folds(tmp_path, drawn, monkeypatch):
    learnt = []

    def train(recipe, cases, *, out):
        learnt.append({case.name for case in cases})
        return None, None

    monkeypatch.setattr(realism_folds, "train_mammo_cgan", train)
    monkeypatch.setattr(realism_folds, "export_mammo_cgan", lambda recipe, first, second, folder: None)
    list(cross_validate_realism(RECIPE, CASES, out=tmp_path, kinds=[KIND]))
    assert learnt == [{case.name for case in fold.train} for fold in patient_folds(CASES, FOLDS)]


def test_generators_of_another_recipe_are_refused(tmp_path, drawn):
    trained(tmp_path)
    other = RECIPE.model_copy(update={"seed": 7})
    with pytest.raises(TamperscopeError, match="generators of another recipe"):
        list(cross_validate_realism(other, CASES, out=tmp_path, kinds=[KIND]))


def test_the_command_writes_the_table_and_knows_the_kinds(tmp_path, drawn, monkeypatch):
    trained(tmp_path)
    monkeypatch.setattr(cesm, "load_cases", lambda folder: CASES)
    arguments = [str(CONFIG), "--data", str(tmp_path), "--out", str(tmp_path), "--seed", "3", "--kind"]
    result = CliRunner().invoke(cross_validate_realism_command, [*arguments, KIND], catch_exceptions=False)
    assert f"| {KIND} | 1.00 [1.00, 1.00] |" in result.output
    assert (tmp_path / "realism-folds.md").read_text() == result.output
    refused = CliRunner().invoke(cross_validate_realism_command, [*arguments, "magic"])
    assert "there is no kind magic: mammo-cgan-tissue" in str(refused.exception)
