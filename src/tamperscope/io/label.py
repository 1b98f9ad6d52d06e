"""The marks that say "synthetic": in the record, in DICOM attributes, in raster metadata. Nothing turns them off."""

from __future__ import annotations

import copy
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, SecondaryCaptureImageStorage, generate_uid

from tamperscope import __version__
from tamperscope.io.files import beside
from tamperscope.mammogram import Mammogram, Source, Spacing

SOFTWARE = f"tamperscope {__version__}"
STATEMENT = (
    "SYNTHETIC: this mammogram was altered by tamperscope for research on forgery detection. "
    "It shows no patient's true state and must never be used for diagnosis."
)
_IMPLEMENTATION_UID = generate_uid(entropy_srcs=["tamperscope"])


def complete_record(record: dict[str, Any], source: Source, spacing: Spacing, *, written_sha256: str) -> dict[str, Any]:
    """The record of a forgery as it is written: the forger's own entries, and those that no forger can leave out.

    Args:
        record: of the forger.
        source: the file that was altered.
        spacing: of its pixels.
        written_sha256: of the image file beside the record.
    """
    always = {
        "synthetic": True,
        "statement": STATEMENT,
        "tamperscope": __version__,
        "source": {
            "file": source.path.name,
            "sha256": source.sha256,
            "format": source.kind,
            "notes": list(source.notes),
            "synthetic": is_synthetic_source(source),
        },
        "intensity_map": source.intensity_map.describe(),
        "spacing": {"mm": spacing.mm, "source": spacing.source},
        "written_sha256": written_sha256,
    }
    return {**always, **{key: value for key, value in record.items() if key not in always}}


def is_synthetic(mammogram: Mammogram) -> bool:
    """Whether the file it was read from says, or a record beside it does, that it is a forgery of this package."""
    return mammogram.source is not None and is_synthetic_source(mammogram.source)


def is_synthetic_source(source: Source) -> bool:
    """As ``is_synthetic``."""
    stated = source.dataset is not None and source.dataset.get("SyntheticData") == "YES"
    return bool(stated) or beside(source.path)[1].is_file()


def to_json(record: dict[str, Any]) -> bytes:
    """JSON of a record; numbers and arrays of NumPy become plain ones, and of a path only the name is kept."""

    def plain(value: Any) -> Any:
        if isinstance(value, np.generic):
            return value.item()
        if isinstance(value, np.ndarray):
            return value.tolist()
        if isinstance(value, Path):
            return value.name
        raise TypeError(f"a record can't hold a {type(value).__name__}")

    return (json.dumps(record, indent=2, default=plain, ensure_ascii=False) + "\n").encode()


def raster_texts() -> dict[str, str]:
    """Keyword -> text of the marks of a raster file."""
    return {"Description": STATEMENT, "Software": SOFTWARE, "Synthetic": "YES"}


def marked_dataset(source: Source, record: dict[str, Any]) -> Dataset:
    """A copy of a source's dataset, without pixels, that says what the image is and what it was made from.

    New instance and series UIDs are drawn from the source, the record and the pixels, so that the same forgery gets
    the same bytes; for that reason no date is set either.

    Args:
        source: a DICOM source.
        record: of the forger.
    """
    dataset = _plain_copy(source.dataset)
    original_class = str(dataset.get("SOPClassUID", "") or SecondaryCaptureImageStorage)
    original_instance = str(dataset.get("SOPInstanceUID", ""))
    pixels = hashlib.sha256(np.ascontiguousarray(source.stored).data).hexdigest()
    seeds = [original_instance, source.sha256, pixels, to_json(record).decode()]
    dataset.SOPClassUID = UID(original_class)
    dataset.SOPInstanceUID = generate_uid(entropy_srcs=["instance", *seeds])
    dataset.SeriesInstanceUID = generate_uid(entropy_srcs=["series", *seeds])
    dataset.SyntheticData = "YES"
    kinds = dataset.get("ImageType")
    kinds = [] if not kinds else [kinds] if isinstance(kinds, str) else list(kinds)
    dataset.ImageType = ["DERIVED", *(kinds[1:] or ["SECONDARY"])]
    dataset.DerivationDescription = f"{STATEMENT} {SOFTWARE}, source SHA-256 {source.sha256}."
    dataset.DerivationCodeSequence = Sequence([_code("113042", "Pixel by pixel addition")])
    dataset.SeriesDescription = f"SYNTHETIC {dataset.get('SeriesDescription') or ''}".strip()[:64]
    comments = dataset.get("ImageComments")
    dataset.ImageComments = f"{STATEMENT}{f' {comments}' if comments else ''}"[:10240]
    if original_instance:
        dataset.SourceImageSequence = _with(
            dataset, "SourceImageSequence", _source_item(original_class, original_instance)
        )
    dataset.ContributingEquipmentSequence = _with(dataset, "ContributingEquipmentSequence", _equipment_item())
    # They vouch for, or show, the image that this one no longer is.
    for keyword in ("DigitalSignaturesSequence", "MACParametersSequence", "IconImageSequence"):
        if keyword in dataset:
            del dataset[keyword]
    dataset.file_meta = _file_meta(dataset)
    return dataset


def _plain_copy(original: Dataset) -> Dataset:
    """A copy of all elements without the encoding of the file they came from, so that any other can be written."""
    copied = copy.deepcopy(original)
    # Elements that nobody looked at are still bytes in the file's byte order; looking at them decodes them.
    for _ in copied.iterall():
        pass
    plain = Dataset()
    for element in copied:
        plain.add(element)
    plain.preamble = getattr(original, "preamble", None) or bytes(128)  # type: ignore[attr-defined]
    return plain


def _file_meta(dataset: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.ImplementationClassUID = _IMPLEMENTATION_UID
    meta.ImplementationVersionName = f"TAMPERSC {__version__}"[:16]
    return meta


def _source_item(sop_class: str, instance: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = UID(sop_class)
    item.ReferencedSOPInstanceUID = UID(instance)
    item.PurposeOfReferenceCodeSequence = Sequence([_code("121322", "Source of image processing operation")])
    item.SpatialLocationsPreserved = "YES"
    return item


def _equipment_item() -> Dataset:
    item = Dataset()
    item.Manufacturer = "tamperscope"
    item.ManufacturerModelName = "tamperscope"
    item.SoftwareVersions = __version__
    item.ContributionDescription = "Synthetic alteration of the pixels, for research"
    item.PurposeOfReferenceCodeSequence = Sequence([_code("109102", "Processing Equipment")])
    return item


def _with(dataset: Dataset, keyword: str, item: Dataset) -> Sequence:
    return Sequence([*(dataset.get(keyword) or []), item])


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", meaning
    return code
