import io
import json

import cv2
import numpy as np
import pytest
from PIL import Image

from tamperscope.errors import TamperscopeError
from tamperscope.forge.autoencoder import RoundTrip
from tamperscope.forge.control import Control, TripControl
from tamperscope.forge.hidden import Hidden
from tamperscope.forge.processing import (
    GaussianBlur,
    Jpeg,
    Jpeg2000,
    MedianFilter,
    Requantise,
    Resave,
    Resize,
    Trip,
    WhiteNoise,
)
from tamperscope.forge.telea import Telea
from tests.forge.images import blob, read_at_tenth_mm, tissue_like, write_image

STEPS = [
    Resave(),
    Resize(),
    Resize(factor=1.5),
    Trip(side=128),
    GaussianBlur(),
    WhiteNoise(),
    MedianFilter(),
    Requantise(),
    Jpeg(),
    Jpeg2000(),
    RoundTrip(),
]
PICTURE = (1000 * tissue_like(200, 160)).astype(np.float32)
BLOB = blob(90, 220, 50, 40)


@pytest.fixture(scope="module")
def mammogram(tmp_path_factory):
    return read_at_tenth_mm(write_image(tmp_path_factory.mktemp("images"), "target16.png"))


@pytest.mark.parametrize("step", STEPS)
def test_a_step_keeps_size_and_likeness(step):
    processed = step.apply(PICTURE, np.random.default_rng(0))
    assert processed.shape == PICTURE.shape
    assert processed.dtype == np.float32
    assert np.abs(processed - PICTURE).mean() < 25
    np.testing.assert_array_equal(processed, step.apply(PICTURE, np.random.default_rng(0)))


@pytest.mark.parametrize("step", STEPS)
def test_a_flat_picture_stays_flat(step):
    if not isinstance(step, (WhiteNoise, RoundTrip)):
        flat = np.full((40, 40), 437.5, np.float32)
        np.testing.assert_allclose(step.apply(flat, np.random.default_rng(0)), flat, atol=1e-3)


def test_requantise_leaves_so_many_levels():
    levels = np.unique(Requantise(bits=4).apply(PICTURE, np.random.default_rng(0)))
    assert len(levels) <= 16
    steps = np.diff(levels) / (np.ptp(PICTURE) / 15)
    np.testing.assert_allclose(steps, np.rint(steps), atol=1e-3)


def test_jpeg_is_that_of_another_encoder():
    """Pillow's libjpeg at the same quality, within a grey level or two of the colour conversion's rounding."""
    low, step = PICTURE.min(), np.ptp(PICTURE) / 255
    coded = io.BytesIO()
    Image.fromarray(np.rint((PICTURE - low) / step).astype(np.uint8)).save(coded, "JPEG", quality=60)
    theirs = np.asarray(Image.open(coded)).astype(np.float64) * step + low
    ours = Jpeg(quality=60).apply(PICTURE, np.random.default_rng(0))
    assert np.abs(ours - theirs).mean() < 0.5 * step


def test_stronger_compression_loses_more():
    def loss(step):
        return np.abs(step.apply(PICTURE, np.random.default_rng(0)) - PICTURE).mean()

    assert loss(Jpeg(quality=50)) > loss(Jpeg(quality=95)) > 0
    assert loss(Jpeg2000(ratio=40)) > loss(Jpeg2000(ratio=4)) > 0


@pytest.mark.parametrize(
    "step",
    [
        Resize(factor=0),
        Trip(side=0),
        GaussianBlur(sigma=0),
        MedianFilter(side=4),
        Requantise(bits=0),
        Jpeg(quality=0),
        Jpeg2000(ratio=0.5),
    ],
)
def test_senseless_parameters_are_refused(step):
    with pytest.raises(TamperscopeError):
        step.apply(PICTURE, np.random.default_rng(0))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("scope", ["image", "region"])
def test_hidden_keeps_mask_and_label_and_is_confined(mammogram, step, scope):
    plain = Telea().repeat(mammogram, BLOB, seed=3)
    hidden = Hidden(forger=Telea(), step=step, scope=scope).repeat(mammogram, BLOB, seed=3)
    np.testing.assert_array_equal(hidden.mask, plain.mask)
    assert hidden.record["forger"] == "telea"
    assert hidden.record["label"] == 1
    assert json.loads(json.dumps(hidden.record)) == hidden.record
    reach = hidden.record["reach"]
    outside = np.ones(mammogram.shape, bool)
    outside[reach["y0"] : reach["y1"], reach["x0"] : reach["x1"]] = False
    np.testing.assert_array_equal(hidden.mammogram.source.stored[outside], mammogram.source.stored[outside])
    if isinstance(step, Resave):
        np.testing.assert_array_equal(hidden.mammogram.source.stored, plain.mammogram.source.stored)


@pytest.mark.parametrize("step", [WhiteNoise(), Jpeg(), Trip(side=64)])
def test_a_control_differs_from_its_forgery_near_the_region_only(mammogram, step):
    """What makes it a control: everything else about the two images is the same."""
    region_only = {"step": step, "scope": "region"}
    hidden = Hidden(forger=Telea(), **region_only).repeat(mammogram, BLOB, seed=3)
    control = Control(**region_only).repeat(mammogram, BLOB, seed=3)
    different = hidden.mammogram.source.stored != control.mammogram.source.stored
    near = cv2.dilate(BLOB.on_image(*mammogram.shape).view(np.uint8), np.ones((71, 71), np.uint8)) > 0
    assert different[BLOB.on_image(*mammogram.shape)].mean() > 0.9
    assert not different[~near].any()
    assert control.record["control"] is True
    assert control.record["label"] == 0


def test_the_trip_takes_the_square_around_the_region(mammogram):
    control = TripControl().repeat(mammogram, BLOB, seed=0)
    square = BLOB.bounding_square(*mammogram.shape, context=2.0)
    part = mammogram.pixels[square.slices]
    large = cv2.resize(part, (512, 512), interpolation=cv2.INTER_CUBIC)
    back = cv2.resize(large, (square.side, square.side), interpolation=cv2.INTER_AREA)
    step = np.abs(np.diff(mammogram.source.intensity_map.reference)).max()
    np.testing.assert_allclose(control.mammogram.pixels[square.slices], back, atol=step)
