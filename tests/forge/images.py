"""Small mammograms with files behind them, and what every test of forgers needs."""

from dataclasses import replace

import cv2
import numpy as np

from tamperscope.forge.random_region import blob_outline
from tamperscope.forge.region import Region
from tamperscope.forge.registry import FORGERS
from tamperscope.io.read import read_mammogram


def tissue_like(height, width, *, seed=0):
    """Levels 0 to 1: a half disc of cloudy, noisy tissue with bright specks, black outside."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    breast = ((y - height / 2) / (0.48 * height)) ** 2 + (x / (0.9 * width)) ** 2 < 1
    clouds = cv2.GaussianBlur(rng.standard_normal((height, width)), (0, 0), 12)
    clouds /= clouds.std()
    picture = 0.5 + 0.09 * clouds + 0.02 * rng.standard_normal((height, width))
    rows, columns = rng.integers(0, height, 60), rng.integers(0, width, 60)
    picture[rows, columns] += 0.3
    return np.where(breast, np.clip(picture, 0.15, 0.95), 0)


def write_image(folder, name, *, seed=0, height=520, width=300):
    """A PNG of 8 or 16 bits, or an NPY file of float32, by the name's ending."""
    levels = tissue_like(height, width, seed=seed)
    path = folder / name
    if name.endswith(".npy"):
        np.save(path, (1000 * levels).astype(np.float32))
    elif "16" in name:
        cv2.imwrite(str(path), np.rint(4095 * levels).astype(np.uint16))
    else:
        cv2.imwrite(str(path), np.rint(255 * levels).astype(np.uint8))
    return path


def read_at_tenth_mm(path):
    """Read at a pitch of 0.1 mm, so that ramps and sizes in mm stay small."""
    mammogram = read_mammogram(path)
    return replace(mammogram, spacing=replace(mammogram.spacing, mm=0.1))


def blob(x, y, width, height, *, seed=3):
    return Region.polygon(blob_outline(width, height, np.random.default_rng(seed)) + np.array((x, y)))


def make(name, donor):
    """A forger with its defaults, and with a donor where it needs one."""
    kind = FORGERS[name]
    return kind(donor=donor) if kind.card.needs_donor else kind()
