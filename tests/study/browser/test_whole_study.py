"""Four simulated readers take the report's whole study at the real pages; what comes out is what they did.

Real mammograms, the shipped template, the commands that an operator calls, a server of its own process, a real browser.
"""

import csv
import json
from collections import Counter, defaultdict

import numpy as np
import pytest
import yaml

from tamperscope.judge.delong import auc_interval
from tamperscope.judge.roc import auc
from tamperscope.study.analyse import LABEL
from tamperscope.study.page_reader import find_chromium
from tamperscope.study.rehearse import rehearse
from tamperscope.study.simulate import SERIES_REMARK, planned_readings
from tamperscope.study.simulated_reading import Skill
from tamperscope.study.store import Store
from tests.study.real_images import tamperscope, write_real_images
from tests.study.responses import forged_of, guessed, measured
from tests.study.test_killed import serving

MEASURED = ("page, first byte", "page", "case, first byte", "case", "pixels, first byte", "pixels")
SEED, SKILL = 11, Skill(separation=1.2)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]


class Wire:
    """What the browsers send and are answered, and what goes wrong in them."""

    def __init__(self):
        self.acts, self.faults = defaultdict(dict), []

    def watch(self, page):
        page.on("request", self._sent)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("response", lambda answer: answer.status >= 400 and self.faults.append((answer.status, answer.url)))

    def _sent(self, request):
        if request.url.endswith("/events"):
            case = request.url.split("/")[-2]
            for act in request.post_data_json["events"]:
                self.acts[case].setdefault(act["uuid"], act)

    def said(self, case):
        """Answers and marks after all acts of a case, by this test's own account."""
        answers, marks = {}, {}
        for act in self.acts[case].values():
            if act["kind"] == "answer":
                answers[act["question"]] = act["value"]
            elif act["kind"] == "mark-delete":
                marks.pop(act["mark"]["id"])
            elif act["kind"] in ("mark-add", "mark-edit"):
                marks[act["mark"]["id"]] = act["mark"]
        return answers, marks


@pytest.fixture(scope="module")
def created(tmp_path_factory, cesm_folder):
    """The report's study of real mammograms, for four simulated readers."""
    folder = tmp_path_factory.mktemp("whole")
    write_real_images(cesm_folder, folder)
    tamperscope("study", "template", folder / "study.yaml")
    config = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    for reader in config["readers"]:
        reader["simulated"] = True
    config["grey_step"] = 257  # the images were JPEG
    (folder / "study.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    assert "Warning" not in tamperscope("study", "create", folder / "study.yaml", "--out", folder / "study")
    return folder


@pytest.mark.parametrize("seed", [1, 2])
def test_sizes_and_times_of_answers_tell_nothing(created, seed):
    """Of all cases of the blind part, before anyone reads; a leak would show in both orders."""
    with serving(created / "study") as (address, _process):
        sizes, times, cases = measured(address, created / "study", seed=seed)
    assert {path: len(found) for path, found in sizes.items()} == dict.fromkeys(sizes, 1)
    forged = forged_of(created / "study", cases)
    scores = guessed(times, forged)
    print(f"{len(cases)} cases, {times.size} times: AUC {auc(forged, scores):.3f}, 95 % {auc_interval(forged, scores)}")
    for name, one in zip(MEASURED, times.swapaxes(0, 1), strict=True):
        middle = np.median(one, 1)
        told = f"AUC {auc(forged, middle):.3f}, 95 % {auc_interval(forged, middle)}"
        print(f"{name}: {1000 * np.median(one):.2f} ms, {told}")
    assert 0.5 in auc_interval(forged, scores, level=0.99)


@pytest.fixture(scope="module")
def taken(created):
    """The study after all have read: its folder, the wire, export, report, and what was planned."""
    pytest.importorskip("playwright")
    find_chromium()
    folder, wire = created, Wire()
    with serving(folder / "study") as (address, _process):
        read = rehearse(folder / "study", address, seed=SEED, skill=SKILL, progress=True, watch=wire.watch)
    assert read == {f"reader-{n}": 101 for n in range(1, 5)}
    tamperscope("study", "export", folder / "study", "--out", folder / "export")
    tamperscope("study", "analyse", folder / "study", "--out", folder / "report")
    store = Store(folder / "study")
    planned = {}
    for reader in store.readers:
        planned |= planned_readings(store, reader, seed=SEED, skill=SKILL)
    return folder, wire, store, planned


def rows_of(path):
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


def exact(folder):
    return json.loads((folder / "export" / "study.json").read_text(encoding="utf-8"))


def figures_of(folder):
    return json.loads((folder / "report" / "figures.json").read_text(encoding="utf-8"))["parts"]


def test_nothing_went_wrong_in_any_browser(taken):
    assert taken[1].faults == []


def test_the_export_has_every_answer_as_planned(taken):
    folder, _, store, planned = taken
    rows = exact(folder)["readings"]
    assert len(rows) == 404
    assert Counter((row["part"], row["group"]) for row in rows) == {
        ("first", "forged"): 180,
        ("first", "healthy"): 80,
        ("first", "unhealthy"): 60,
        **{("second", group): 28 for group in ("forged", "healthy", "unhealthy")},
    }
    for row in rows:
        asked = store.parts[row["part"]].questions
        said = {q.id: row[f"answer.{q.id}"] for q in asked if row[f"answer.{q.id}"] is not None}
        assert said == planned[row["case"]].answers, row
        assert (row["state"], row["simulated"]) == ("done", "yes")
        assert row["marks"] == len(planned[row["case"]].marks)
        assert row["seconds"] > 0
    # The spreadsheet's copy says the same; texts that look like formulas have an apostrophe before them.
    for row, same in zip(rows_of(folder / "export" / "readings.csv"), rows, strict=True):
        assert {k: v.removeprefix("'") for k, v in row.items()} == {
            k: "" if same.get(k) is None else str(same[k]) for k in row
        }


def test_the_export_has_every_mark_as_planned_and_as_sent(taken):
    folder, wire, store, planned = taken
    exported = defaultdict(list)
    for mark in exact(folder)["marks"]:
        exported[mark["case"]].append(mark)
    furthest, count = 0.0, 0
    for case, one in planned.items():
        _, sent = wire.said(case)
        assert [mark["mark"] for mark in exported[case]] == list(sent)
        width, height = store.sizes[store.cases[case].part_id]
        for mark, wanted in zip(exported[case], one.marks, strict=True):
            assert (mark["kind"], mark["confidence"]) == (wanted.kind, wanted.confidence)
            made = {side: mark[side] for side in ("x", "y", "width", "height")}
            assert made == sent[mark["mark"]]["shape"]
            furthest = max(furthest, *(abs(made[side] - wanted.shape[side]) for side in made))
            count += 1
    print(f"{count} marks, furthest from the plan {furthest:.1f} pixels of the picture")
    assert count > 150
    assert furthest < 2 * max(width, height) / 720  # two screen pixels: the mouse knows only whole ones


def test_answers_on_the_wire_are_the_exported_ones(taken):
    folder, wire, store, _ = taken
    for row in exact(folder)["readings"]:
        answers, _ = wire.said(row["case"])
        assert {name: value for name, value in answers.items() if value is not None} == {
            q.id: row[f"answer.{q.id}"] for q in store.parts[row["part"]].questions if row[f"answer.{q.id}"] is not None
        }


def test_parts_are_locked_with_their_remarks(taken):
    folder = taken[0]
    parts = rows_of(folder / "export" / "parts.csv")
    assert len(parts) == 8
    for row in parts:
        assert row["state"] == "locked"
        assert row["series_remark"] == SERIES_REMARK.format({"first": 80, "second": 21}[row["part"]])
    audit = [row["kind"] for row in rows_of(folder / "export" / "audit.csv")]
    assert Counter(audit) == {"lock": 8, "remark": 8}


def joined(store, planned, part, folder):
    """(reader, truth, planned answers) of a part."""
    truth = json.loads((folder / "study" / "truth.json").read_text(encoding="utf-8"))
    cases = [one for one in store.cases.values() if one.part_id == part]
    return [(one.reader_id, truth[one.image_id], planned[one.id].answers) for one in cases]


def test_the_report_has_tables_2_and_3_of_the_plan(taken):
    folder, _, store, planned = taken
    figures = figures_of(folder)
    for part in ("first", "second"):
        said = Counter(
            (truth["group"], answers["health"]) for _, truth, answers in joined(store, planned, part, folder)
        )
        assert figures[part]["labels"]["counts"] == {
            group: [said[group, "unhealthy"], said[group, "healthy"]] for group in ("healthy", "forged", "unhealthy")
        }

    def table(rows):
        said = Counter((truth["forged"], answers["authenticity"]) for _, truth, answers in rows)
        cells = {"tn": (False, "real"), "fn": (True, "real"), "fp": (False, "fake"), "tp": (True, "fake")}
        return {name: said[cell] for name, cell in cells.items()}

    rows = joined(store, planned, "second", folder)
    found = figures["second"]["detection"]
    assert {name: found["table"][name] for name in table(rows)} == table(rows)
    for reader in store.readers:
        own = table([row for row in rows if row[0] == reader])
        assert {name: found["by_reader"][reader][name] for name in own} == own
    hits = Counter(
        truth["forger"] for _, truth, answers in rows if truth["forged"] and answers["authenticity"] == "fake"
    )
    assert {forger: hit for forger, (hit, _) in found["by_forger"].items()} == hits


def test_the_report_has_each_readers_roc_area_of_the_plan(taken):
    from sklearn.metrics import roc_auc_score

    folder, _, store, planned = taken
    mrmc = figures_of(folder)["second"]["mrmc"]
    for reader, area in zip(mrmc["readers"], np.ravel(mrmc["figures"]), strict=True):
        rows = [row for row in joined(store, planned, "second", folder) if row[0] == reader]
        ratings = [(1 + a["confidence"]) * (1 if a["authenticity"] == "fake" else -1) for _, _, a in rows]
        assert area == pytest.approx(roc_auc_score([t["forged"] for _, t, _ in rows], ratings), abs=1e-12)


def test_the_report_counts_marks_against_lesions(taken):
    folder, _, store, _ = taken
    truth = json.loads((folder / "study" / "truth.json").read_text(encoding="utf-8"))
    marks = defaultdict(list)
    for mark in exact(folder)["marks"]:
        marks[mark["case"]].append((mark["x"] + mark["width"] / 2, mark["y"] + mark["height"] / 2))
    for part, said in figures_of(folder).items():
        for reader, found in said["marks"].items():
            lesions = hit = false = images = 0
            for one in store.cases_of(reader, part):
                boxes = np.array(truth[one.image_id]["lesions"]).reshape(-1, 4)
                hits = set()
                for place in marks[one.id]:  # in the ellipse of the lesion that is nearest by its own measure
                    away = np.hypot(*((place - boxes[:, :2] - boxes[:, 2:] / 2) / (boxes[:, 2:] / 2)).T)
                    inside = away.size > 0 and away.min() <= 1
                    hits |= {int(away.argmin())} if inside else set()
                    false += not inside
                lesions += len(boxes)
                hit += len(hits)
                images += 1
            assert found["lesion_sensitivity"] == pytest.approx(hit / lesions)
            assert found["false_marks_an_image"] == pytest.approx(false / images)


def test_simulated_data_is_labelled_everywhere(taken):
    folder = taken[0]
    for name in ("report.html", "report.md"):
        text = (folder / "report" / name).read_text(encoding="utf-8")
        assert LABEL in text
        assert text.count("(simulated)") >= 8
    assert {row["simulated"] for name in ("readings", "marks", "parts") for row in exact(folder)[name]} == {"yes"}
