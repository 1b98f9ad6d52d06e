"""What the trace network learns from, that its training goes on where it stopped, and that what is exported is it."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("torch")

import torch

from tamperscope.benchmark.cesm import Case
from tamperscope.cli.train import train
from tamperscope.detect.calibration import Calibration
from tamperscope.detect.cues.trace import cell_means, comparable_cells, compare_cells
from tamperscope.detect.multi_cue import CALIBRATION, MultiCueDetector
from tamperscope.detect.residuals import noise_residuals
from tamperscope.errors import TamperscopeError
from tamperscope.forge.injector import Injector
from tamperscope.networks.trace import TraceNetwork, compare_within_image
from tamperscope.train.calibrate import calibrate_on
from tamperscope.train.config import TraceRecipe, load_recipe
from tamperscope.train.picture_history import age, jpeg_trip
from tamperscope.train.pseudo_forgeries import KINDS, forge_crop
from tamperscope.train.trace import card_of, export_trace, load_trace, trace_loss, train_trace
from tamperscope.train.trace_crops import Material, draw_crop, make_batches

CONFIG = Path(__file__).parents[2] / "configs" / "trace.yaml"
PATIENTS = [(1, 1), (2, 2), (3, 4)]


def tissue(seed, shape):
    rng = np.random.default_rng(seed)
    coarse = cv2.GaussianBlur(rng.standard_normal(shape).astype(np.float32), (0, 0), 12)
    return (520 + 60 * coarse / coarse.std() + 9 * rng.standard_normal(shape)).astype(np.float32)


@pytest.fixture(scope="module")
def recipe():
    changes = {"crop": 192, "batch": 4, "steps": 4, "echo": 1}
    return load_recipe(CONFIG, TraceRecipe).model_copy(update=changes)


@pytest.fixture(scope="module")
def injector():
    return Injector.load(threads=1)


@pytest.fixture(scope="module")
def sources():
    return [tissue(seed, (640, 600)) for seed in range(3)]


@pytest.fixture(scope="module")
def material(sources, injector):
    return Material(sources, PATIENTS, injector)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Three images as 16-bit PNG, and the cases that name them."""
    folder = tmp_path_factory.mktemp("images")
    cases = []
    for number, patients in enumerate(PATIENTS):
        rows, columns = np.mgrid[:900, :700]
        breast = ((rows - 450) / 430) ** 2 + (columns / 640) ** 2 < 1
        levels = np.where(breast, 3 * tissue(number, (900, 700)), 0).clip(0, 4095).astype(np.uint16)
        path = folder / f"IM{number}.png"
        cv2.imwrite(str(path), levels)
        cases.append(Case(f"IM{number}", path, "train", patients, True, (), ()))
    return cases


@pytest.mark.parametrize("kind", ["injection", *KINDS])
def test_each_kind_changes_what_its_share_says_and_nothing_else(kind, injector):
    pixels, donor = tissue(0, (420, 400)), tissue(1, (420, 400))
    changed = 0
    for seed in range(4):
        rng = np.random.default_rng(seed)
        forged, share = forge_crop(pixels, donor, rng, injector=injector, kinds={kind: 1.0}, regions=1)
        assert forged.dtype == share.dtype == np.float32
        assert 0 <= share.min() <= share.max() <= 1 + 1e-6
        np.testing.assert_allclose(forged[share == 0], pixels[share == 0], atol=1e-3)
        changed += int((np.abs(forged - pixels)[share > 0.5] > 0.1).sum())
    assert changed > 500


def test_a_crop_depends_on_its_number_alone(recipe, material):
    first, again = (draw_crop(recipe, material, np.random.default_rng([0, 7])) for _ in range(2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    residuals, bands, structure, brightness, valid, share, forged = first
    assert bands.shape == (3, recipe.crop // 4, recipe.crop // 4)
    assert np.abs(bands).max() <= 8
    assert residuals.shape == (3, 192, 192)
    assert structure.shape == (6, 24, 24)
    assert brightness.shape == valid.shape == share.shape == (24, 24)
    assert forged in (0, 1)


def test_untouched_crops_have_no_forged_cell(recipe, material):
    untouched = recipe.model_copy(update={"untouched": 1.0})
    for seed in range(5):
        *_, share, forged = draw_crop(untouched, material, np.random.default_rng(seed))
        assert not share.any()
        assert forged == 0


def test_echoed_batches_depend_on_the_step_alone(recipe, material):
    recipe = recipe.model_copy(update={"batch": 4, "steps": 5, "echo": 2})
    all_five = list(make_batches(recipe, material, start=0, workers=0))
    assert [len(batch[0]) for batch in all_five] == [2, 2, 4, 4, 4]
    for old, new in zip(all_five, all_five[2:], strict=False):
        # The second half of a batch is what was new two steps before, turned: cells keep what belongs to them.
        *_, brightness, valid, share, forged = (part[2:] for part in new)
        *_, brightness_before, valid_before, share_before, forged_before = (part[:2] for part in old)
        torch.testing.assert_close(forged, forged_before)
        for now, before in ((brightness, brightness_before), (share, share_before)):
            assert any(
                torch.equal(now, view)
                for turns in range(4)
                for turned in [torch.rot90(before, turns, (-2, -1))]
                for view in (turned, turned.flip(-1))
            )
        assert valid.sum() == valid_before.sum()
    later = list(make_batches(recipe, material, start=3, workers=0))
    for batch, again in zip(all_five[3:], later, strict=True):
        for part, same in zip(batch, again, strict=True):
            torch.testing.assert_close(part, same)


def test_the_comparison_is_exact_in_bfloat16_training(recipe, material):
    torch.manual_seed(0)
    network = TraceNetwork()
    batch = next(make_batches(recipe, material, start=0, workers=0))
    seen = {}
    network.encoder.coarse.register_forward_hook(lambda _, __, out: seen.update(coarse=out))
    network.encoder.register_forward_hook(lambda _, __, out: seen.update(features=out))
    network.head.register_forward_hook(lambda _, given, __: seen.update(compared=given[0]))
    with torch.no_grad():
        loss, crop = trace_loss(network, batch, crop_weight=0.5, mixed=True)
    assert seen["coarse"].dtype == torch.bfloat16
    assert seen["compared"].dtype == loss.dtype == crop.dtype == torch.float32
    _, _, structure, brightness, valid, _, _ = batch
    features = torch.cat([seen["features"].float(), structure], 1)
    for ours, *given in zip(seen["compared"], features, brightness, valid, strict=True):
        torch.testing.assert_close(ours[:-1], compare_within_image(*given), atol=1e-5, rtol=0)


def test_histories_keep_the_breast_and_the_background():
    pixels = tissue(3, (200, 200))
    pixels[:, :40] = 0
    for seed in range(30):
        aged = age(pixels, np.random.default_rng(seed))
        np.testing.assert_array_equal(aged > 0, pixels > 0)
        assert np.abs(aged - pixels)[pixels > 0].mean() < 40
    assert 0 < np.abs(jpeg_trip(pixels, 90) - pixels).mean() < np.abs(jpeg_trip(pixels, 40) - pixels).mean()


@pytest.fixture(scope="module")
def trained(recipe, files, injector, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained")
    network = train_trace(recipe, files, injector, out=out, workers=0)
    export_trace(network, out / "weights", card=card_of(recipe, files, data="test"))
    return network, out


def test_training_goes_on_where_it_stopped(recipe, files, injector, trained, tmp_path, monkeypatch):
    calls = []
    original = torch.optim.AdamW.step

    def stop_at_third(self, *arguments, **options):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(self, *arguments, **options)

    monkeypatch.setattr("tamperscope.train.trace.CHECKPOINT_EVERY", 2)
    with monkeypatch.context() as stopped:
        stopped.setattr(torch.optim.AdamW, "step", stop_at_third)
        with pytest.raises(KeyboardInterrupt):
            train_trace(recipe, files, injector, out=tmp_path, workers=0)
    resumed = train_trace(recipe, files, injector, out=tmp_path, workers=0)
    for name, value in trained[0].state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value)


def test_the_exported_network_is_the_trained_one(trained, sources):
    network, out = trained
    detector = MultiCueDetector.uncalibrated(weights=out / "weights", threads=1)
    pixels = sources[0]
    residuals = noise_residuals(pixels)
    compared = compare_cells(residuals, pixels > 0, detector.encoder)
    from tamperscope.detect.structure import coarse_structure

    with torch.inference_mode():
        expected = network(
            torch.as_tensor(residuals.bands)[None],
            *(torch.as_tensor(part)[None] for part in coarse_structure(residuals.brightness, pixels > 0)),
            torch.as_tensor(cell_means(residuals.brightness))[None],
            torch.as_tensor(compared.cells)[None],
        )[0].numpy()
    ours = detector.head(compared.planes[None])[0, 0]
    np.testing.assert_allclose(ours[compared.cells], expected[compared.cells], atol=2e-3)


def test_cells_of_rare_brightness_are_not_compared():
    brightness = np.repeat(np.linspace(300, 800, 80 * 8, dtype=np.float32)[None], 400, axis=0)
    brightness[160:168, 80:88] = 2000
    levels, cells = comparable_cells(brightness, np.ones(brightness.shape, bool))
    assert levels[20, 10] == 2000
    assert not cells[20, 10]
    assert cells[:, 5:-5].sum() == cells[:, 5:-5].size - 1
    none = comparable_cells(brightness, np.zeros(brightness.shape, bool))[1]
    assert not none.any()


def test_a_calibration_has_five_guises_of_each_image(trained, files):
    _, out = trained
    detector = MultiCueDetector.uncalibrated(weights=out / "weights", threads=1)
    calibration = calibrate_on([*files, *(replace(case, name=f"{case.name}-again") for case in files[:1])], detector)
    assert all(len(null.peaks) == 20 for null in calibration.nulls.values())
    assert set(calibration.domain.ranges) == {"pixel size", "noise", "sharpness", "texture"}
    assert all(null.images == tuple(np.repeat(range(4), 5)) for null in calibration.nulls.values())
    calibration.save(out / "weights" / CALIBRATION)
    with pytest.raises(TamperscopeError, match="fewer than 20 images"):  # whose guises they are
        Calibration.load(out / "weights" / CALIBRATION)


def test_weights_of_another_network_are_refused(trained, tmp_path):
    _, out = trained
    saved = torch.load(out / "trace.pt", weights_only=True)
    saved["states"][1] = {name: value for name, value in saved["states"][1].items() if "context" not in name}
    torch.save(saved, tmp_path / "older.pt")
    with pytest.raises(TamperscopeError, match=r"older\.pt is of another network"):
        load_trace(tmp_path / "older.pt")


def test_a_training_can_start_from_the_weights_of_another(recipe, files, injector, trained, tmp_path):
    network, out = trained
    still = recipe.model_copy(update={"steps": 1, "rate": 1e-9})
    started = train_trace(still, files, injector, out=tmp_path, start_from=out / "trace.pt", workers=0)
    for name, value in network.named_parameters():
        torch.testing.assert_close(started.get_parameter(name), value, atol=1e-6, rtol=0)


def test_echo_wants_even_batches():
    with pytest.raises(TamperscopeError, match="batch must be even"):
        load_recipe(CONFIG, TraceRecipe, changes=["batch=3"])


def test_a_device_that_is_not_there_is_told_before_anything_is_read(tmp_path):
    for name in ("meta", "nonsense"):
        result = CliRunner().invoke(
            train, ["detector", str(CONFIG), "--data", str(tmp_path), "--out", str(tmp_path / "out"), "--device", name]
        )
        assert isinstance(result.exception, TamperscopeError)
        assert f"can't train on '{name}' here" in str(result.exception)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("normalised", [True, False])
def test_gradients_in_bfloat16_are_those_in_float32(normalised):
    torch.manual_seed(0)
    network = TraceNetwork(normalised=normalised)
    pictures = torch.randn(4, 3, 192, 192), torch.randn(4, 3, 48, 48)
    cells = torch.randn(4, 6, 24, 24), torch.rand(4, 24, 24), torch.ones(4, 24, 24, dtype=torch.bool)
    share = torch.zeros(4, 24, 24)
    share[:2, 5:15, 5:15] = 1
    batch = [*pictures, *cells, share, torch.tensor([1.0, 1.0, 0.0, 0.0])]

    def gradients(mixed):
        network.zero_grad()
        trace_loss(network, batch, crop_weight=0.5, mixed=mixed)[0].backward()
        # Not of biases: what is compared within the image doesn't hang on them.
        return {name: part.grad.clone() for name, part in network.named_parameters() if name.endswith("weight")}

    mixed, exact = gradients(True), gradients(False)
    for name, gradient in exact.items():
        cosine = torch.nn.functional.cosine_similarity(mixed[name].flatten(), gradient.flatten(), dim=0)
        assert cosine > 0.9, (name, cosine)
