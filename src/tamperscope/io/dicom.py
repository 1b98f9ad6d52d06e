"""DICOM files: is this a mammogram, and what do its attributes say about it?"""

from __future__ import annotations

import io
import warnings
import zlib
from typing import Any, Literal

import numpy as np
import pydicom
from pydicom import uid

from tamperscope.errors import UnscorableImageError
from tamperscope.io.decoded import Decoded
from tamperscope.io.dicom_pixels import decode_pixels
from tamperscope.io.display_curve import dicom_curve
from tamperscope.io.limits import MAX_FILE_BYTES, check_size
from tamperscope.io.naming import VIEW_CODES, VIEWS, patient_of, side_and_view
from tamperscope.io.spacing import spacing_of_dicom

_MAMMOGRAPHY = {
    "1.2.840.10008.5.1.4.1.1.1.2",
    "1.2.840.10008.5.1.4.1.1.1.2.1",
    "1.2.840.10008.5.1.4.1.1.13.1.3",
    "1.2.840.10008.5.1.4.1.1.13.1.4",
    "1.2.840.10008.5.1.4.1.1.13.1.5",
}
"""Digital Mammography for presentation and for processing, Breast Tomosynthesis, Breast Projection (both)."""
_DICOMDIR = "1.2.840.10008.1.3.10"
_RADIOGRAPHY = {"CR", "DX", "DG", "RG", "OT", "SC", "HC"}
"""Modalities under which breasts have been filed too."""


def decode_dicom(content: bytes, *, name: str = "") -> Decoded:
    """Decode a DICOM file that holds one mammogram.

    Args:
        content: the whole file.
        name: its name, asked for side and view where no attribute tells.

    Raises:
        UnscorableImageError: it holds no mammogram that can be scored.
    """
    with warnings.catch_warnings():
        # pydicom warns of every oddity of a header; what matters is checked below.
        warnings.simplefilter("ignore")
        return _decode(_parse(content), name)


def _parse(content: bytes) -> Any:
    dataset = pydicom.dcmread(io.BytesIO(_inflated(content)), force=True)
    if not len(dataset):
        # pydicom gives up on all of a dataset whose last element breaks off.
        if "Rows" in pydicom.dcmread(io.BytesIO(content), force=True, stop_before_pixels=True):
            raise UnscorableImageError("The file is truncated: its Pixel Data (7FE0,0010) breaks off.")
        raise UnscorableImageError("The file looks like DICOM, but no attribute in it can be read.")
    return dataset


def _inflated(content: bytes) -> bytes:
    """Check that a deflated dataset stays within the limit, since pydicom would inflate whatever comes."""
    if content[128:132] != b"DICM" or str(uid.DeflatedExplicitVRLittleEndian).encode() not in content[132:1024]:
        return content
    if content[132:138] != b"\x02\0\0\0UL":
        return content
    # The group length (0002,0000) says where the file meta information ends and the deflated dataset begins.
    start = 144 + int.from_bytes(content[140:144], "little")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflater.decompress(memoryview(content)[start:], MAX_FILE_BYTES)
    except zlib.error as error:
        raise UnscorableImageError("The file is damaged: its deflated dataset can't be inflated.") from error
    if inflater.unconsumed_tail:
        raise UnscorableImageError("The deflated dataset inflates beyond any mammogram's size.")
    if not inflater.eof:
        raise UnscorableImageError("The file is truncated: its deflated dataset breaks off.")
    return content


def _decode(dataset: Any, name: str) -> Decoded:
    notes: list[str] = []
    _check_breast(dataset)
    rows, columns = _check_pixel_attributes(dataset)
    syntax = _transfer_syntax(dataset, notes)
    stored = decode_pixels(dataset, syntax, rows, columns)
    overlays = [group for group in range(0x6000, 0x6020, 2) if _integer(dataset, (group, 0x0102), 0) > 0]
    del dataset.PixelData
    dataset.buffer = None  # the whole file, which would stay in memory as long as the dataset
    for group in overlays:
        dataset.group_dataset(group)
        for element in list(dataset.group_dataset(group)):
            del dataset[element.tag]
        notes.append(f"An overlay in unused bits of the pixels (group {group:04X}) was left out.")
    bits = int(dataset.BitsStored)
    low = -(1 << (bits - 1)) if stored.dtype.kind == "i" else 0
    levels = np.arange(low, low + (1 << bits), dtype=np.float64)
    laterality, view = _side_and_view(dataset, name, notes)
    return Decoded(
        "dicom",
        stored,
        dicom_curve(dataset, levels, notes),
        spacing=spacing_of_dicom(dataset, notes),
        laterality=laterality,
        view=view,
        patient=patient_of(_text(dataset, "PatientID")),
        padding=_padding(dataset),
        dataset=dataset,
        notes=notes,
    )


def _check_breast(dataset: Any) -> None:
    """Refuse what shows no breast."""
    sop_class = _text(dataset, "SOPClassUID")
    if sop_class == _DICOMDIR or "DirectoryRecordSequence" in dataset:
        raise UnscorableImageError("The file is a DICOMDIR, which lists images and holds none.")
    if "PixelData" not in dataset:
        if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
            raise UnscorableImageError(
                "The image has floating-point pixels (7FE0,0008/0009), not Pixel Data (7FE0,0010)."
            )
        name = uid.UID(sop_class).name
        kind = f": it is a {name}" if name != sop_class else ""
        raise UnscorableImageError(f"The file has no Pixel Data (7FE0,0010){kind}.")
    modality = _text(dataset, "Modality").upper()
    if sop_class in _MAMMOGRAPHY or modality == "MG":
        return
    breast = _text(dataset, "BodyPartExamined").upper() == "BREAST" or _text(dataset, "ViewPosition") in VIEWS
    if not modality:
        if not breast:
            raise UnscorableImageError(
                "Nothing says that this is a mammogram: Modality (0008,0060) is empty, and so is Body Part Examined."
            )
    elif modality not in _RADIOGRAPHY:
        raise UnscorableImageError(f"This is no mammogram: its Modality (0008,0060) is {modality}, not MG.")
    elif not breast:
        raise UnscorableImageError(
            f"Nothing says that this is a mammogram: its Modality (0008,0060) is {modality}, and neither Body Part "
            "Examined (0018,0015) nor View Position (0018,5101) names the breast."
        )


def _check_pixel_attributes(dataset: Any) -> tuple[int, int]:
    """Refuse what is not one monochrome frame of a size that can be scored; return rows and columns."""
    frames = _integer(dataset, "NumberOfFrames", 1)
    if frames > 1:
        raise UnscorableImageError(
            f"The file has {frames} frames (0028,0008): it is tomosynthesis or a "
            "series, and one single image is needed."
        )
    samples = _integer(dataset, "SamplesPerPixel", 1)
    photometric = _text(dataset, "PhotometricInterpretation").upper()
    if samples != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise UnscorableImageError(
            f"The image is not monochrome: Samples per Pixel (0028,0002) is {samples}, and Photometric Interpretation "
            f"(0028,0004) is {photometric or 'missing'}."
        )
    for keyword, tag in (("Rows", "0028,0010"), ("Columns", "0028,0011"), ("BitsAllocated", "0028,0100")):
        if _integer(dataset, keyword, 0) <= 0:
            raise UnscorableImageError(
                f"The image has no usable {keyword} ({tag}), which says how its pixels are stored."
            )
    rows, columns = _integer(dataset, "Rows", 0), _integer(dataset, "Columns", 0)
    check_size(rows, columns)
    allocated = _integer(dataset, "BitsAllocated", 0)
    stored = _integer(dataset, "BitsStored", allocated)
    high = _integer(dataset, "HighBit", stored - 1)
    if allocated not in (8, 16):
        raise UnscorableImageError(f"Bits Allocated (0028,0100) is {allocated}, and only 8 and 16 can be read.")
    if not (2 <= stored <= allocated and stored - 1 <= high < allocated):
        raise UnscorableImageError(
            f"Bits Allocated {allocated}, Bits Stored {stored} and High Bit {high} (0028,0100..0102) "
            "contradict each other."
        )
    dataset.BitsStored = stored
    return rows, columns


def _transfer_syntax(dataset: Any, notes: list[str]) -> uid.UID:
    meta = getattr(dataset, "file_meta", None)
    syntax = meta.get("TransferSyntaxUID") if meta is not None else None
    if syntax:
        return uid.UID(str(syntax))
    implicit, little = dataset.original_encoding
    notes.append("The file has no Transfer Syntax UID (0002,0010): its pixels are taken as uncompressed.")
    if not little:
        return uid.ExplicitVRBigEndian
    return uid.ImplicitVRLittleEndian if implicit else uid.ExplicitVRLittleEndian


def _side_and_view(dataset: Any, name: str, notes: list[str]) -> tuple[Literal["L", "R"] | None, str | None]:
    """Side and view by their attributes, else by the words of identifiers and of the file's name."""
    side = next((s for s in (_text(dataset, "ImageLaterality"), _text(dataset, "Laterality")) if s in ("L", "R")), None)
    view = _text(dataset, "ViewPosition").upper() or None
    if view not in VIEWS:
        sequence = dataset.get("ViewCodeSequence")
        view = VIEW_CODES.get(_text(sequence[0], "CodeValue")) if sequence else None
    for text in (
        _text(dataset, "PatientOrientation"),
        _text(dataset, "PatientID"),
        _text(dataset, "SeriesDescription"),
        name,
    ):
        if side and view:
            break
        named_side, named_view = side_and_view(text)
        if not side and named_side:
            notes.append("The side comes from an identifier or a name: no Image Laterality (0020,0062) is given.")
        if not view and named_view:
            notes.append("The view comes from an identifier or a name: no View Position (0018,5101) is given.")
        side, view = side or named_side, view or named_view
    return side, view  # type: ignore[return-value]


def _padding(dataset: Any) -> tuple[int, int] | None:
    """Lowest and highest stored value of padding (PS3.3 C.7.5.1.1.2)."""
    if "PixelPaddingValue" not in dataset:
        return None
    first = _integer(dataset, "PixelPaddingValue", 0)
    last = _integer(dataset, "PixelPaddingRangeLimit", first)
    return min(first, last), max(first, last)


def _text(dataset: Any, keyword: str) -> str:
    """Value of an attribute as text, the first words of a multiple one joined; empty where it is missing."""
    value = dataset.get(keyword)
    if value is None:
        return ""
    if isinstance(value, pydicom.multival.MultiValue | list | tuple):
        return " ".join(str(part) for part in value)
    return str(value).strip("\0 ")


def _integer(dataset: Any, key: Any, default: int) -> int:
    """Value of an attribute as a whole number, or the default where it is missing or none."""
    value = dataset.get(key)
    value = getattr(value, "value", value)
    try:
        return int(value)
    except (TypeError, ValueError):
        return default
