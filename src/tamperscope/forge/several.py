"""Several tumours in one mammogram, one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tamperscope.errors import TamperscopeError
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.injector import Injector
from tamperscope.mammogram import Mammogram


@dataclass(frozen=True)
class Lesion:
    """A tumour to inject: where, and the parameters of ``Injector.inject`` with the seed."""

    square: Square
    parameters: Mapping[str, Any] = field(default_factory=dict)


def inject_several(mammogram: Mammogram, lesions: Sequence[Lesion], injector: Injector) -> Forgery:
    """Inject lesions in their order, each into the result of the one before.

    Returns:
        The last image; the mask of all; a record with each lesion's square, parameters and mask under ``lesions``.

    Raises:
        TamperscopeError: there is no lesion, or one can't be injected.
    """
    if not lesions:
        raise TamperscopeError("there is no lesion to inject: draw a square first.")
    mask = np.zeros(mammogram.shape, np.bool_)
    records = []
    for lesion in lesions:
        forgery = injector.inject(mammogram, lesion.square, **lesion.parameters)
        mammogram, mask = forgery.mammogram, mask | forgery.mask
        records.append(forgery.record)
    record = {key: records[0][key] for key in ("forger", "package", "model")}
    record["lesions"] = [{key: own[key] for key in ("square", "parameters", "mask", "lesion")} for own in records]
    rules = dict.fromkeys(own["mask"]["rule"] for own in records)
    record["mask"] = {"rule": "; ".join(rules), "pixels": int(mask.sum())}
    return Forgery(mammogram, mask, record, forgery.stages)
