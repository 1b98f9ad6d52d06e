"""Many injections, row by row of a plan: stopped at any moment, a second call does what is left, and nothing twice.

A result counts as there once its image is, which is written last and whole (``io/write.py``). Its record keeps the
row's request, so that a result of another plan is never taken for this one's, nor written over.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Forgery
from tamperscope.forge.injector import DEFAULT_SIDE_MM, Injector
from tamperscope.forge.mass_places import PLACES
from tamperscope.forge.plan import BadRow, Row
from tamperscope.io.files import beside, file_sha256
from tamperscope.io.read import read_mammogram
from tamperscope.io.write import usual_suffix
from tamperscope.mammogram import Mammogram

_KINDS: tuple[Literal["dicom", "png", "tiff", "npy"], ...] = ("dicom", "png", "tiff", "npy")


@dataclass(frozen=True)
class Outcome:
    """What became of a row: its file, or the reason why there is none."""

    number: int
    image: str
    status: Literal["done", "there already", "failed"]
    file: Path | None = None
    reason: str = ""


def run_plan(rows: Iterable[Row | BadRow], out: Path, injector: Injector) -> Iterator[Outcome]:
    """Make what a plan asks for and what is not there yet.

    Rows are done image by image, so that each image is read once. A row that fails is told and does not stop others.

    Args:
        rows: of one plan.
        out: folder of the results, which is made.
        injector: Mammo-CGAN.

    Raises:
        TamperscopeError: another batch writes into the folder.
        OSError: the folder can't be made.
    """
    with alone_in(out):
        by_image: dict[Path, list[Row]] = {}
        for row in rows:
            if isinstance(row, BadRow):
                yield Outcome(row.number, row.image, "failed", reason=row.reason)
            else:
                by_image.setdefault(row.image, []).append(row)
        for image, wanted in by_image.items():
            read: Callable[[], Mammogram | Exception] = cache(partial(read_or_reason, image))
            for row in wanted:
                yield _run_row(row, read, out, injector)


def _run_row(row: Row, read: Callable[[], Mammogram | Exception], out: Path, injector: Injector) -> Outcome:
    try:
        there = find_result(out, row, model=injector.model)
        if there is not None:
            return Outcome(row.number, str(row.image), "there already", there)
        mammogram = read()
        if isinstance(mammogram, Exception):
            raise mammogram
        file = save_result(inject_row(row, mammogram, injector), row, out)
        return Outcome(row.number, str(row.image), "done", file)
    except TamperscopeError as error:
        return Outcome(row.number, str(row.image), "failed", reason=str(error))
    except Exception as error:
        # A fault of ours must not cost the other rows.
        reason = f"internal error: {type(error).__name__}: {error}"
        return Outcome(row.number, str(row.image), "failed", reason=reason)


def read_or_reason(image: Path) -> Mammogram | Exception:
    """The image, or why it can't be read: returned, so that it is told once for each row, and tried once."""
    try:
        return read_mammogram(image)
    except TamperscopeError as error:
        return error


def inject_row(row: Row, mammogram: Mammogram, injector: Injector) -> Forgery:
    """The forgery that a row asks for, with the request in its record.

    Raises:
        TamperscopeError: it can't be made, or would change nothing.
    """
    square = row.square
    if square is None:
        side = round((row.size_mm or DEFAULT_SIDE_MM) / mammogram.spacing.mm)
        square = PLACES["anywhere" if row.anywhere else "random"](
            mammogram, np.random.default_rng(row.seed), sides=(side, side)
        )
    forgery = injector.inject(mammogram, square, **row.parameters, seed=row.seed)
    forgery.check()
    return replace(forgery, record={**forgery.record, "request": row.request()})


def save_result(forgery: Forgery, row: Row, out: Path) -> Path:
    """Write a row's forgery under the name that ``find_result`` looks for."""
    source = forgery.mammogram.source
    assert source is not None, "a mammogram that was read has a source"
    return forgery.save(out / f"{_stem(row)}{usual_suffix(source.kind)}")


def find_result(out: Path, *rows: Row, model: Mapping[str, Any]) -> Path | None:
    """The image that one of the rows has been made into, whole and of the same source and generators; or None.

    Raises:
        TamperscopeError: under its name there is something else.
    """
    for file in (out / f"{stem}{usual_suffix(kind)}" for stem in {_stem(row): None for row in rows} for kind in _KINDS):
        if file.exists():
            record = read_record(file)
            row = next((row for row in rows if row.request() == record.get("request")), None)
            if row is None:
                raise TamperscopeError(f"{file.name} is there already and is not of this row: take another --out.")
            _check_same(file, record, row, model)
            return file
    return None


def _check_same(file: Path, record: Mapping[str, Any], row: Row, model: Mapping[str, Any]) -> None:
    """A result that was damaged, or made from another image or by other generators, is not this row's."""
    if record.get("model") != model:
        raise TamperscopeError(f"{file.name} is there already, by other generators: take another --out.")
    if row.image.is_file() and _hash_of_source(row.image) != record.get("source", {}).get("sha256"):
        raise TamperscopeError(f"{file.name} is there already, of another image of that name: take another --out.")
    if not beside(file)[0].is_file() or file_sha256(file) != record.get("written_sha256"):
        raise TamperscopeError(f"{file.name} is damaged, or its mask is missing: remove it, and call again.")


def _hash_of_source(image: Path) -> str:
    state = image.stat()
    return _source_sha256(image, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=2)
def _source_sha256(image: Path, _modified_ns: int, _size: int) -> str:
    """Of a plan's image, read once for all of its rows as long as it stays what it is."""
    return file_sha256(image)


def read_record(file: Path) -> dict[str, Any]:
    """The record beside an image; empty where there is none."""
    try:
        record = json.loads(beside(file)[1].read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _stem(row: Row) -> str:
    return f"{row.number:06}-{row.image.stem}"


@contextlib.contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Keep a second batch out of a folder, and clear away what a killed one left half written.

    The system forgets the lock when the process ends, however it ends.

    Raises:
        TamperscopeError: another batch writes into the folder.
        OSError: the folder can't be made.
    """
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("a") as lock:
        try:
            # Windows has no such locks; there two batches in one folder are the caller's business.
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except OSError as error:
            raise TamperscopeError(
                f"another batch is writing into {out}: wait for it, or take another --out."
            ) from error
        _remove_parts(out)
        yield


def _remove_parts(out: Path) -> None:
    """Remove what a killed call left half written."""
    for part in out.glob(".[0-9][0-9][0-9][0-9][0-9][0-9]-*.part"):
        with contextlib.suppress(OSError):
            part.unlink()
