"""A forged DICOM file: the source's attributes and marks, its pixels without any loss."""

from __future__ import annotations

import io
import warnings
from typing import Any

import jpeg_ls
import numpy as np
from pydicom import uid
from pydicom.encaps import encapsulate
from rle.rle import encode_frame as encode_rle_frame

from tamperscope.io.label import marked_dataset
from tamperscope.mammogram import Source

_UNCOMPRESSED = {
    uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian, uid.DeflatedExplicitVRLittleEndian
}  # fmt: skip


def encode_dicom(source: Source, record: dict[str, Any]) -> bytes:
    """The bytes of a marked DICOM file with ``source.stored`` as its pixels.

    Uncompressed sources stay uncompressed (explicit little endian), RLE stays RLE, and every other compression,
    lossy ones too, becomes JPEG-LS lossless, or RLE for signed pixels. Lossy Image Compression (0028,2110) stays as
    it is: what was lost stays lost.
    """
    with warnings.catch_warnings():
        # pydicom warns of oddities of the source's attributes, which are kept as they are.
        warnings.simplefilter("ignore")
        dataset = marked_dataset(source, record)
        stored = np.ascontiguousarray(source.stored)
        dataset.HighBit = int(dataset.BitsStored) - 1
        _widen_extremes(dataset, stored)
        syntax = _syntax(source.dataset, stored)
        dataset.file_meta.TransferSyntaxUID = syntax
        for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
            if keyword in dataset:
                del dataset[keyword]
        if syntax == uid.ExplicitVRLittleEndian:
            data = stored.astype(stored.dtype.newbyteorder("<"), copy=False).tobytes()
            dataset.PixelData = data + b"\0" * (len(data) % 2)
            dataset["PixelData"].VR = "OW" if stored.dtype.itemsize == 2 else "OB"
        else:
            dataset.PixelData = encapsulate([_compress(stored, syntax, int(dataset.BitsStored))])
            dataset["PixelData"].VR = "OB"
            dataset["PixelData"].is_undefined_length = True
        target = io.BytesIO()
        dataset.save_as(target, implicit_vr=False, little_endian=True, enforce_file_format=True)
        return target.getvalue()


def _syntax(original: Any, stored: np.ndarray) -> uid.UID:
    meta = getattr(original, "file_meta", None)
    before = meta.get("TransferSyntaxUID") if meta is not None else None
    if not before or before in _UNCOMPRESSED:
        return uid.ExplicitVRLittleEndian
    return uid.RLELossless if before == uid.RLELossless or stored.dtype.kind == "i" else uid.JPEGLSLossless


def _compress(stored: np.ndarray, syntax: uid.UID, bits_stored: int) -> bytes:
    rows, columns = stored.shape
    if syntax == uid.RLELossless:
        return bytes(encode_rle_frame(stored.tobytes(), rows, columns, 1, 8 * stored.dtype.itemsize, "<"))
    encoded = jpeg_ls.encode_pixel_data(
        stored.tobytes(), rows=rows, columns=columns, samples_per_pixel=1, bits_stored=bits_stored
    )
    return bytes(encoded)


def _widen_extremes(dataset: Any, stored: np.ndarray) -> None:
    """Keep Smallest and Largest Image Pixel Value (0028,0106/0107) true where they are given."""
    for keyword, choose, value in (
        ("SmallestImagePixelValue", min, int(stored.min())),
        ("LargestImagePixelValue", max, int(stored.max())),
    ):
        given = dataset.get(keyword)
        if isinstance(given, int) and choose(given, value) != given:
            setattr(dataset, keyword, value)
            dataset[keyword].VR = "SS" if stored.dtype.kind == "i" else "US"
