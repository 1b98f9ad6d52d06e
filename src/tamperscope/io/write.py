"""Write a forged mammogram, marked as synthetic: there is no way not to."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tifffile

from tamperscope.errors import TamperscopeError
from tamperscope.io.files import beside
from tamperscope.io.label import SOFTWARE, STATEMENT, complete_record, raster_texts, to_json
from tamperscope.io.png import with_text
from tamperscope.io.raster import WHITE_IS_ZERO
from tamperscope.io.write_dicom import encode_dicom
from tamperscope.mammogram import Mammogram, Source, Spacing

_SUFFIXES = {
    "dicom": (".dcm", ".dicom", ".ima", ""),
    "png": (".png",),
    "jpeg": (".png",),
    "tiff": (".tif", ".tiff"),
    "npy": (".npy",),
}


def write_marked(path: str | Path, mammogram: Mammogram, *, mask: np.ndarray, record: dict[str, Any]) -> Path:
    """Write ``mammogram.source.stored`` as the kind of file it came from, with its mask and its record beside it.

    Files appear whole or not at all, the image last, so that it is never there without its record.

    Args:
        path: the image file. A JPEG is written as a 16-bit PNG, and a suffix ``.jpg`` becomes ``.png``; a missing
            suffix is added, except to DICOM.
        mammogram: with a source.
        mask: bool, H x W, True where the image was forged; becomes ``PATH.mask.png``, 0 and 255.
        record: everything needed to repeat the forgery; becomes ``PATH.record.json``, completed by what every
            record has (synthetic, statement, version, source).

    Returns:
        The path of the image that was written.

    Raises:
        TamperscopeError: the mammogram has no source file, the suffix is of another kind, the path is the source
            itself, or can't be written.
        ValueError: the mask is not bool or not of the image's shape.
    """
    source = mammogram.source
    if source is None:
        raise TamperscopeError("A mammogram made in memory can't be written: it has no source file to write a copy of.")
    if mask.dtype != np.bool_ or mask.shape != source.stored.shape:
        raise ValueError(f"mask must be bool {source.stored.shape}, not {mask.dtype} {mask.shape}")
    path = written_path(path, source.kind)
    mask_path, record_path = beside(path)
    for target in (path, mask_path, record_path):
        _check_target(target, source.path)
    image = _encode(source, mammogram.spacing, record)
    completed = complete_record(record, source, mammogram.spacing, written_sha256=hashlib.sha256(image).hexdigest())
    _write_whole({record_path: to_json(completed), mask_path: _png(mask.astype(np.uint8) * 255), path: image})
    return path


def written_path(path: str | Path, kind: str) -> Path:
    """The path under which a forgery of a source of this kind is written.

    Raises:
        TamperscopeError: its suffix belongs to another kind.
    """
    path, allowed = Path(path), _SUFFIXES[kind]
    suffix = path.suffix.lower()
    if suffix in allowed:
        return path
    if suffix == "":
        return path.with_name(path.name + allowed[0])
    if kind == "jpeg" and suffix in (".jpg", ".jpeg"):
        return path.with_suffix(".png")
    what = "JPEG is written as a lossless PNG" if kind == "jpeg" else f"{kind.upper()} stays {kind.upper()}"
    raise TamperscopeError(f"{path.name} can't be written: a forged {what}; end its name with {allowed[0]}.")


def usual_suffix(kind: str) -> str:
    """The suffix of a forgery's file whose source is of this kind."""
    return _SUFFIXES[kind][0]


def _encode(source: Source, spacing: Spacing, record: dict[str, Any]) -> bytes:
    """The image file as bytes, marked."""
    per_mm = 1 / spacing.mm if spacing.source == "file" else None
    if source.kind == "dicom":
        return encode_dicom(source, record)
    if source.kind in ("png", "jpeg"):
        return _png(source.stored, per_mm=per_mm)
    target = io.BytesIO()
    if source.kind == "npy":
        # An NPY file has no place for a mark: its record beside it is the mark.
        np.lib.format.write_array(target, np.ascontiguousarray(source.stored), allow_pickle=False)
        return target.getvalue()
    white_is_zero = str(source.intensity_map.describe().get("kind", "")).startswith(WHITE_IS_ZERO)
    tifffile.imwrite(
        target,
        source.stored,
        photometric="miniswhite" if white_is_zero else "minisblack",
        description=STATEMENT,
        software=SOFTWARE,
        metadata=None,
        resolution=None if per_mm is None else (per_mm * 10, per_mm * 10),
        resolutionunit=None if per_mm is None else "CENTIMETER",
    )
    return target.getvalue()


def _png(pixels: np.ndarray, *, per_mm: float | None = None) -> bytes:
    """A PNG file of 8 or 16 bits with the marks as text chunks."""
    done, encoded = cv2.imencode(".png", pixels)
    if not done:
        raise TamperscopeError("The picture can't be encoded as PNG.")
    return with_text(encoded.tobytes(), raster_texts(), per_metre=None if per_mm is None else round(1000 * per_mm))


def _check_target(target: Path, original: Path) -> None:
    if target.is_dir():
        raise TamperscopeError(f"{target.name} can't be written: there is a folder of that name.")
    same = os.path.realpath(target) == os.path.realpath(original)
    if same or (target.exists() and original.exists() and target.samefile(original)):
        raise TamperscopeError(f"{target.name} is the source of the forgery, which is never overwritten.")


def _write_whole(files: dict[Path, bytes]) -> None:
    """Write all files under temporary names first, then rename them in order."""
    parts: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{path.name}.{os.getpid()}.part")
            parts[path] = part
            part.write_bytes(content)
        for path, part in parts.items():
            part.replace(path)
    except OSError as error:
        raise TamperscopeError(f"{next(reversed(files)).name} can't be written: {error.strerror or error}.") from error
    finally:
        for part in parts.values():
            part.unlink(missing_ok=True)
