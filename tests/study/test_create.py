"""A study's folder: which images get in, what is said about them, and pictures that tell nothing."""

import csv
import json

import numpy as np
import pytest
import yaml

from tamperscope.errors import TamperscopeError
from tamperscope.judge.delong import auc_interval
from tamperscope.study.config import load_config
from tamperscope.study.create import choose_images, create_study
from tamperscope.study.giveaways import giveaways, plain_features
from tamperscope.study.image_list import read_image_list
from tamperscope.study.images import display_values
from tamperscope.study.store import Store

from .conftest import truth_of, write_config, write_images


def write_list(folder, rows):
    with (folder / "images.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def test_a_forgerys_row_is_completed_from_its_record(tmp_path):
    rows = write_images(tmp_path, ["forged", "healthy"])
    bare = {"source": "", "patient": "", "forger": "", "lesions": ""}
    write_list(tmp_path, [rows[0] | bare, rows[1]])
    record = {"source": {"file": "IM7.jpg"}, "forger": "mammo-cgan", "square": {"x": 5, "y": 6, "side": 40}}
    (tmp_path / f"{rows[0]['path']}.record.json").write_text(json.dumps(record), encoding="utf-8")
    image = read_image_list(tmp_path / "images.csv")[0]
    assert (image.source, image.patient, image.forger, image.lesions) == ("IM7", "IM7", "mammo-cgan", ((5, 6, 40, 40),))


def test_a_forgery_that_is_called_real_is_refused(tmp_path):
    rows = write_images(tmp_path, ["forged", "healthy"])
    write_list(tmp_path, [rows[0] | {"truth": "real"}, rows[1]])
    (tmp_path / f"{rows[0]['path']}.record.json").write_text('{"synthetic": true}', encoding="utf-8")
    with pytest.raises(TamperscopeError, match="is called real, but the record beside it"):
        read_image_list(tmp_path / "images.csv")


def test_of_a_forgery_and_its_original_one_gets_in(tmp_path):
    rows = write_images(tmp_path, ["forged"] * 6 + ["healthy"] * 6 + ["unhealthy"] * 6)
    for number, row in enumerate(rows):
        row["source"] = f"s{number % 9}"
    write_list(tmp_path, rows)
    config = load_config(write_config(tmp_path, draws=((2, 2, 1), (2, 1, 1))))
    chosen = [image.source for part in choose_images(config, tmp_path).values() for image in part]
    assert len(chosen) == len(set(chosen)) == 9


def test_finer_greys_of_forgeries_are_told_and_can_be_taken_away(tmp_path):
    import cv2

    rows = write_images(tmp_path, ["forged"] * 10 + ["healthy"] * 10 + ["unhealthy"] * 10)
    rng = np.random.default_rng(0)
    for row in rows:  # as JPEG comes out: multiples of 257; forged regions are finer
        values = cv2.imread(str(tmp_path / row["path"]), cv2.IMREAD_UNCHANGED) // 16 * 257
        if row["truth"] == "fake":
            values[100:140, 100:140] += rng.integers(0, 128, (40, 40), dtype=np.uint16)
        cv2.imwrite(str(tmp_path / row["path"]), values.astype(np.uint16))
    config = write_config(tmp_path, draws=((7, 7, 7), (3, 1, 1)))
    told = []
    create_study(config, tmp_path / "fine", tell=told.append)
    assert len(told) == 1  # the second part is too small to tell
    assert "smallest step between grey levels (AUC 0.00" in told[0]
    said = yaml.safe_load(config.read_text(encoding="utf-8")) | {"grey_step": 257}
    config.write_text(yaml.safe_dump(said), encoding="utf-8")
    told.clear()
    create_study(config, tmp_path / "coarse", tell=told.append)
    assert told == []
    image, truth = next(iter(truth_of(tmp_path / "coarse").items()))
    pixels = np.fromfile(tmp_path / "coarse" / "pixels" / image, "<u2")
    assert pixels.max() < 256
    np.testing.assert_array_equal(
        display_values(tmp_path / truth["path"], step=257).max(),
        (display_values(tmp_path / truth["path"]).max() + 128) // 257,
    )


def test_alike_pictures_give_nothing_away():
    rng = np.random.default_rng(1)
    features = [plain_features(rng.integers(0, 4096, (300, 200), dtype=np.uint16)) for _ in range(40)]
    assert giveaways(features, [n % 2 == 0 for n in range(40)]) == []


@pytest.mark.slow
def test_orders_of_the_readers_know_nothing_of_the_truth(tmp_path):
    """Over ten studies with three readers each, the place of a case doesn't tell whether it is forged."""
    write_images(tmp_path, ["forged"] * 5 + ["healthy"] * 5 + ["unhealthy"] * 5)
    path = write_config(tmp_path)
    said = yaml.safe_load(path.read_text(encoding="utf-8"))
    places, forged, orders = [], [], set()
    for seed in range(10):
        path.write_text(yaml.safe_dump(said | {"seed": seed}), encoding="utf-8")
        folder = create_study(path, tmp_path / f"study-{seed}")
        truth, store = truth_of(folder), Store(folder)
        for reader in store.readers:
            own = [one.image_id for one in store.cases_of(reader, "first")]
            orders.add(tuple(own))
            places += range(len(own))
            forged += [truth[image]["forged"] for image in own]
    assert len(orders) == 30
    assert 0.5 in auc_interval(forged, places)


@pytest.mark.slow
def test_a_benchmark_is_a_list_of_images(tmp_path):
    """Its folder or its manifest; its untouched images are real ones of unknown health."""
    from tamperscope.benchmark.build import build
    from tamperscope.benchmark.protocol import Protocol
    from tamperscope.benchmark.sources.open import open_source
    from tests.benchmark.sources import write_cesm
    from tests.benchmark.test_build import SMALL

    source = open_source(write_cesm(tmp_path / "cesm"))
    folder = build(Protocol.model_validate(SMALL), [source], tmp_path / "benchmark").folder
    images = read_image_list(folder / "manifest.jsonl")
    assert images == read_image_list(folder)
    assert {image.group for image in images} == {"forged", "real"}
    assert all(image.forged == bool(image.forger) for image in images)
    path = write_config(tmp_path, draws=((1, 0, 0), (1, 0, 0)), readers=1)
    said = yaml.safe_load(path.read_text(encoding="utf-8")) | {"images": "benchmark/manifest.jsonl"}
    for part in said["parts"]:
        part["draw"] = {"forged": 1, "real": 1}
    path.write_text(yaml.safe_dump(said), encoding="utf-8")
    truth = truth_of(create_study(path, tmp_path / "study")).values()
    assert sorted(one["group"] for one in truth) == ["forged", "forged", "real", "real"]
    assert len({one["source"] for one in truth}) == 4
