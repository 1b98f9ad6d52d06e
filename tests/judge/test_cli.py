import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from tamperscope.cli.judge import judge
from tamperscope.judge.roc import auc
from tests.judge.studies import rows


def run(*arguments):
    return CliRunner().invoke(judge, [str(one) for one in arguments])


def write(path, header, lines):
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([header, *lines])
    return path


@pytest.fixture
def scores(tmp_path):
    rng = np.random.default_rng(1)
    labels = np.tile([0, 1], 40)
    values = rng.normal(size=80) + labels
    lines = [
        (label, value, i // 4, "ab"[i % 4 // 2]) for i, (label, value) in enumerate(zip(labels, values, strict=True))
    ]
    return write(tmp_path / "scores.csv", ("Label", "score", "patient", "group"), lines), labels, values


def test_paper():
    result = run("paper", "--draws", 500)
    assert result.exit_code == 0
    assert "14 of the 17 figures" in result.output
    found = json.loads(run("paper", "--draws", 500, "--json").output)
    assert {(one["name"], one["printed_percent"]) for one in found if one["verdict"] == "differs"} == {
        ("power of chi-squared, exact", "96.8"),
        ("TPR", "86"),
        ("accuracy", "64.5"),
    }


def test_table():
    result = run("table", "--tn", 46, "--fn", 7, "--fp", 3, "--tp", 45)
    assert result.exit_code == 0
    assert "82.7 to 94.5 %" in result.output
    lengths = {len(line) for line in result.output.splitlines()[:5]}
    assert len(lengths) == 1
    empty = json.loads(run("table", "--tn", 5, "--fn", 0, "--fp", 0, "--tp", 0, "--json").output)
    assert empty["rates"]["TPR"]["value"] is None


def test_scores(scores):
    path, labels, values = scores
    result = run("scores", path, "--draws", 100, "--threshold", 0.4)
    assert result.exit_code == 0
    assert f"{auc(labels, values):.4f}" in result.output
    assert "bootstrap by patient" in result.output
    assert "group b: 20 fake, 20 real images" in result.output
    found = json.loads(run("scores", path, "--draws", 100, "--threshold", 0.4, "--json").output)
    assert set(found) == {"all", "group a", "group b"}
    everything = found["all"]
    assert everything["auc"] == auc(labels, values)
    assert everything["table"]["tp"] == ((labels == 1) & (values > 0.4)).sum()
    for method in ("delong", "logit", "bootstrap"):
        low, high = everything[method]
        assert low < everything["auc"] < high
    assert [point["fpr_allowed"] for point in everything["operating_points"]] == [0.01, 0.05]


def test_scores_without_patients_and_in_words(tmp_path):
    lines = [("real", 0.1), ("untouched", 0.2), ("FAKE", 0.9), ("forged", 0.8)]
    path = write(tmp_path / "scores.csv", ("label", " Score "), lines)
    result = run("scores", path, "--draws", 20)
    assert result.exit_code == 0
    assert "by patient" not in result.output
    assert "area under the ROC curve 1.0000" in result.output


def test_a_group_too_small_is_named(tmp_path):
    lines = [(0, 0.1, "x"), (0, 0.2, "x"), (1, 0.9, "x"), (1, 0.8, "y")]
    result = run("scores", write(tmp_path / "s.csv", ("label", "score", "group"), lines), "--draws", 20)
    assert result.exit_code == 0
    assert "group y: fewer than two images of a class" in result.output


def test_mrmc(tmp_path):
    path = write(tmp_path / "study.csv", ("reader", "case", "modality", "truth", "rating"), rows("van_dyke"))
    result = run("mrmc", path)
    assert result.exit_code == 0
    assert "2 modalities, 5 readers, 114 cases (45 positive, 69 negative)" in result.output
    assert "4.4563 with 1.00, 15.26 degrees of freedom, p = 0.0517" in result.output
    found = json.loads(run("mrmc", path, "--covariance", "DeLong", "--json").output)
    assert found["analyses"][0]["test"]["statistic"] == pytest.approx(4.484854, abs=5e-7)
    assert found["components"]["cov1"] == pytest.approx(0.0003420090, abs=5e-11)
    assert found["analyses"][1]["by_reader"][4]["name"] == "1 - 2, reader 5"


def test_mrmc_of_one_modality(tmp_path):
    one = [row for row in rows("franken") if row[2] == 1]
    path = write(tmp_path / "study.csv", ("reader", "case", "modality", "truth", "rating"), one)
    found = json.loads(run("mrmc", path, "--json").output)
    assert found["components"] is None
    assert found["analyses"][0]["test"] is None
    assert found["analyses"][0]["modalities"][0]["interval"] == pytest.approx([0.79908282, 0.89641696], abs=5e-9)
    assert "equal modalities" not in run("mrmc", path).output


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "no column named label, score"),
        (b"label,score\n", "no rows"),
        (b"label,points\n1,2\n", "no column named score; the columns are label, points"),
        (b"label,score\n1\n", "line 2 has too few columns"),
        (b"label,score\nmaybe,2\n", "line 2: 'maybe' is neither"),
        (b"label,score\n1,high\n", "line 2: the score 'high' is no number"),
        (b"label,score\n1,inf\n", "line 2: the score 'inf' is not finite"),
        (b"label,score\n1,nan\n", "line 2: the score 'nan' is not finite"),
        (b"label,score\n1,2\n1,3\n", "one of the two is missing"),
        (b"label,score\n1,2\n0,3\n", "at least two"),
        (b"label,score\n\xff\xfe,2\n", "not a CSV file in UTF-8"),
    ],
)
def test_bad_files_are_refused_in_one_sentence(tmp_path, text, message):
    path = tmp_path / "bad.csv"
    path.write_bytes(text)
    result = run("scores", path)
    assert result.exit_code == 2
    assert message in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("table", "--tn", -1, "--fn", 0, "--fp", 0, "--tp", 0),
        ("table", "--tn", 1),
        ("table", "--tn", 1, "--fn", 0, "--fp", 0, "--tp", 0, "--level", 95),
        ("paper", "--draws", 0),
        ("scores", "no-such-file.csv"),
        ("mrmc", "no-such-file.csv"),
    ],
)
def test_bad_arguments_exit_with_2(arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.output


def test_an_incomplete_study_is_refused(tmp_path):
    incomplete = list(rows("franken"))[:-3]
    path = write(tmp_path / "study.csv", ("reader", "case", "modality", "truth", "rating"), incomplete)
    result = run("mrmc", path)
    assert result.exit_code == 2
    assert "3 readings are missing, the first: reader 4, case 1-67, modality 1" in result.output
