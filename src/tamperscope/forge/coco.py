"""Injected lesions as a COCO data set: boxes and outlines for training detectors and segmenters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tamperscope.io.label import SOFTWARE, STATEMENT

CATEGORY = {"id": 1, "name": "mass", "supercategory": "synthetic lesion"}


@dataclass(frozen=True, eq=False)
class Annotated:
    """One image with its lesion: file, height and width, and the injector's record with the lesion's outline."""

    file_name: str
    shape: tuple[int, int]
    record: Mapping[str, Any]


def coco_dataset(images: Iterable[Annotated]) -> dict[str, Any]:
    """The data set as JSON: one image, one annotation, each marked as synthetic.

    Args:
        images: whose records have a ``lesion`` (``forge/lesion.py``).
    """
    pictures, annotations = [], []
    for number, image in enumerate(images, 1):
        height, width = image.shape
        pictures.append(
            {
                "id": number,
                "file_name": image.file_name,
                "width": width,
                "height": height,
                "synthetic": True,
                "source": image.record["source"]["file"],
            }
        )
        lesion = {key: image.record["lesion"][key] for key in ("segmentation", "bbox", "area")}
        annotations.append(
            {"id": number, "image_id": number, "category_id": CATEGORY["id"], **lesion, "iscrowd": 0, "synthetic": True}
        )
    return {
        "info": {"description": STATEMENT, "contributor": SOFTWARE, "synthetic": True},
        "licenses": [],
        "categories": [CATEGORY],
        "images": pictures,
        "annotations": annotations,
    }
