"""Side and view from free text: file names, patient identifiers, orientation fields."""

from __future__ import annotations

import re
from typing import Literal

VIEWS = ("MLO", "LMO", "XCCL", "XCCM", "CC", "ML", "LM", "FB", "SIO", "ISO", "AT", "CV")
VIEW_CODES = {
    "399162004": "CC", "R-10242": "CC",
    "399368009": "MLO", "R-10226": "MLO",
    "399260004": "ML", "R-10224": "ML",
    "399352003": "LM", "R-10228": "LM",
    "399099002": "LMO", "R-10230": "LMO",
    "399196006": "FB", "R-10244": "FB",
    "399192008": "XCCL", "R-1024A": "XCCL",
    "399101009": "XCCM", "R-1024B": "XCCM",
    "399188001": "SIO", "R-102D0": "SIO",
    "441555000": "ISO", "R-40AAA": "ISO",
}  # fmt: skip
"""View codes of DICOM PS3.16 CID 4014, in SNOMED CT and in the older SNOMED RT, as view positions."""
_SIDES: dict[str, Literal["L", "R"]] = {"L": "L", "LEFT": "L", "R": "R", "RIGHT": "R"}
_JOINED = re.compile(rf"^([LR])({'|'.join(VIEWS)})$")
_CBIS_PATIENT = re.compile(r"_(P_\d+)_(?:LEFT|RIGHT)_")


def side_and_view(text: str) -> tuple[Literal["L", "R"] | None, str | None]:
    """Side and view that a text names in words of their own, as ``P_1_LEFT_CC`` or ``case7-RMLO`` do.

    Returns:
        Each None where it is not named, or named in two ways.
    """
    sides: set[Literal["L", "R"]] = set()
    views: set[str] = set()
    for word in re.split(r"[^A-Za-z0-9]+", text.upper()):
        joined = _JOINED.match(word)
        if joined:
            sides.add(_SIDES[joined[1]])
            views.add(joined[2])
        elif word in _SIDES:
            sides.add(_SIDES[word])
        elif word in VIEWS:
            views.add(word)
    return (sides.pop() if len(sides) == 1 else None), (views.pop() if len(views) == 1 else None)


def patient_of(identifier: str) -> str | None:
    """The part of a patient identifier that groups images of one person.

    CBIS-DDSM writes set, side and view around it: ``Mass-Test_P_00173_LEFT_CC`` is ``P_00173``.
    """
    found = _CBIS_PATIENT.search(identifier)
    return found[1] if found else identifier.strip() or None
