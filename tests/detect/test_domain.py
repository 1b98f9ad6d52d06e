"""Images of a kind that was not calibrated are not scored."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tamperscope.detect.domain import Domain, measures_of
from tamperscope.detect.residuals import noise_residuals
from tamperscope.detect.working_image import prepare_image

from .images import make_mammogram


def measured(mammogram):
    image = prepare_image(mammogram)
    return measures_of(image, noise_residuals(image.pixels))


@pytest.fixture(scope="module")
def mammogram():
    return make_mammogram(900, 700)


def test_the_domain_is_the_range_of_the_images(mammogram):
    measures = [measured(make_mammogram(900, 700, seed=seed)) for seed in range(3)]
    domain = Domain.around(measures)
    assert domain.ranges["pixel size"] == (0.1, 0.1)
    assert all(domain.objection(one) is None for one in measures)
    low, high = domain.ranges["noise"]
    assert 40 < low <= high < 70


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 1.5), "noise"),
        (lambda pixels: 550 + 7 * (cv2.GaussianBlur(pixels, (0, 0), 1.0) - 550), "sharpness"),
        (lambda pixels: 550 + (pixels - 550) / 4, "noise"),
    ],
)
def test_what_was_smoothed_as_a_whole_is_outside(mammogram, change, words):
    domain = Domain.around([measured(mammogram)])
    pixels = np.where(mammogram.tissue, change(mammogram.pixels), 0).astype(np.float32)
    objection = domain.objection(measured(replace(mammogram, pixels=pixels)))
    assert objection.startswith(f"out of domain: its {words} is ")
    assert "tamperscope calibrate" in objection


def test_without_a_calibration_everything_is_inside(mammogram):
    assert Domain.around([]).objection(measured(mammogram)) is None
