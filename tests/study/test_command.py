"""The commands as an operator calls them: a study from template to report, and what goes wrong."""

import json

import pytest
import yaml

from tests.cli.test_scan import run

from .conftest import write_images


def call(*arguments):
    return run("study", *map(str, arguments))


@pytest.mark.slow
def test_from_template_to_report(tmp_path):
    write_images(tmp_path, ["forged"] * 3 + ["healthy"] * 3 + ["unhealthy"] * 3)
    assert call("template", tmp_path / "study.yaml").returncode == 0
    config = yaml.safe_load((tmp_path / "study.yaml").read_text(encoding="utf-8"))
    for part, count in zip(config["parts"], (2, 1), strict=True):
        part["draw"] = dict.fromkeys(("forged", "healthy", "unhealthy"), count)
    for reader in config["readers"]:
        reader["simulated"] = True
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    made = call("create", tmp_path / "study.yaml", "--out", tmp_path / "study")
    assert made.returncode == 0, made.stderr
    assert "access.csv" in made.stdout
    simulated = call("simulate", tmp_path / "study")
    assert simulated.stdout.count("(simulated)") == 4
    assert call("export", tmp_path / "study", "--out", tmp_path / "export").returncode == 0
    assert call("analyse", tmp_path / "study", "--out", tmp_path / "report").returncode == 0
    figures = json.loads((tmp_path / "report" / "figures.json").read_text(encoding="utf-8"))
    assert figures["simulated"] is True
    assert figures["parts"]["first"]["readings"] == 24


def test_a_template_is_never_written_over(tmp_path):
    (tmp_path / "study.yaml").write_text("mine", encoding="utf-8")
    answer = call("template", tmp_path / "study.yaml")
    assert answer.returncode == 2
    assert (tmp_path / "study.yaml").read_text(encoding="utf-8") == "mine"


@pytest.mark.slow
@pytest.mark.parametrize("command", ["export", "analyse"])
def test_a_folder_that_is_no_study_is_said_so(tmp_path, command):
    answer = call(command, tmp_path, "--out", tmp_path / "out")
    assert answer.returncode == 2
    assert "is no study" in answer.stderr


@pytest.mark.slow
def test_people_are_not_simulated_at_pages_either(study):
    answer = call("simulate", study, "--pages", "http://127.0.0.1:9")
    assert answer.returncode == 2
    assert "people's answers stay theirs" in answer.stderr
