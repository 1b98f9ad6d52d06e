"""A small source in the layout of the CESM folder, made for the tests."""

import csv

import cv2
import numpy as np

from tests.forge.images import tissue_like

FIELDS = ("image", "file", "split", "pat_lo", "pat_hi", "birads", "tags")


def write_cesm(folder, *, images=6, height=760, width=440):
    """JPEG images of one patient each; every second one has a mass, 90 x 80 pixels, away from the edges."""
    (folder / "train").mkdir(parents=True)
    rows, regions = [], []
    for number in range(images):
        picture = tissue_like(height, width, seed=number)
        name = f"IM{number:04}"
        if number % 2 == 0:
            y, x = np.mgrid[:height, :width]
            picture += 0.2 * (picture > 0) * np.exp(-(((y - 380) / 35) ** 2 + ((x - 170) / 40) ** 2))
            regions.append(
                {"image": name, "shape": "ellipse", "x0": 125, "y0": 340, "x1": 215, "y1": 420}
                | {"all_points_x": "", "all_points_y": ""}
            )
        cv2.imwrite(str(folder / "train" / f"{name}.jpg"), np.rint(255 * np.clip(picture, 0, 1)).astype(np.uint8))
        rows.append(
            {"image": name, "file": f"train/{name}.jpg", "split": "train", "pat_lo": number, "pat_hi": number}
            | {"birads": "4" if number % 2 == 0 else "1", "tags": "mass" if number % 2 == 0 else ""}
        )
    for file, table, fields in (
        ("images.csv", rows, FIELDS),
        ("regions.csv", regions, ("image", "shape", "x0", "y0", "x1", "y1", "all_points_x", "all_points_y")),
    ):
        with (folder / file).open("w", newline="", encoding="utf-8") as lines:
            writer = csv.DictWriter(lines, fieldnames=fields)
            writer.writeheader()
            writer.writerows(table)
    return folder
