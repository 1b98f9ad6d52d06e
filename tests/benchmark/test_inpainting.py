"""Measures of inpainting against independent ones."""

import numpy as np
import pytest

from tamperscope.benchmark.inpainting import Outcome, compare, ssim_map, summarise, write_inpainting
from tamperscope.forge.region import Region
from tests.forge.images import read_at_tenth_mm, write_image


def test_ssim_is_that_of_torchmetrics():
    functional = pytest.importorskip("torchmetrics.functional.image")
    import torch

    rng = np.random.default_rng(0)
    one = rng.uniform(300, 800, (48, 60))
    other = one + rng.normal(0, 40, one.shape)
    tensors = [torch.from_numpy(picture)[None, None] for picture in (one, other)]
    _, expected = functional.structural_similarity_index_measure(
        *tensors, data_range=500.0, gaussian_kernel=True, sigma=1.5, kernel_size=11, return_full_image=True
    )
    inner = slice(8, -8), slice(8, -8)
    np.testing.assert_allclose(ssim_map(one, other)[inner], expected[0, 0].numpy()[inner], atol=1e-6)


def test_errors_are_counted_in_the_hole_alone(tmp_path):
    mammogram = read_at_tenth_mm(write_image(tmp_path, "target16.png"))
    region = Region.ellipse(100, 250, 20, 12)
    filled = mammogram.pixels + np.where(region.on_image(*mammogram.shape), 5, 300).astype(np.float32)
    l1, psnr, ssim = compare(mammogram, filled, region)
    assert l1 == pytest.approx(5, abs=1e-3)
    assert psnr == pytest.approx(20 * np.log10(100), abs=1e-3)
    assert ssim < 1
    assert compare(mammogram, mammogram.pixels, region)[2] == pytest.approx(1)


def test_the_table_tells_differences_by_patient(tmp_path):
    outcomes = [
        Outcome(f"IM{patient}", f"{patient}", method, 50, l1 + patient, 20.0, 0.5)
        for patient in range(6)
        for method, l1 in (("partial-convolution", 10.0), ("telea", 12.0))
    ]
    text = write_inpainting(outcomes, tmp_path)
    assert text == summarise(outcomes)
    assert "6 holes, 6 patients" in text
    rows = [line for line in text.splitlines() if line.startswith("| telea")]
    assert len(rows) == 2
    assert rows[1] == "| telea | 2.00 [2.00, 2.00] | 0.00 [0.00, 0.00] | 0.000 [0.000, 0.000] |"
    assert len((tmp_path / "inpainting.csv").read_text().splitlines()) == 13
