"""The injector as one forger among the others."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import ClassVar

from tamperscope.errors import TamperscopeError
from tamperscope.forge.blend import WEIGHTED, Weighted
from tamperscope.forge.card import Card
from tamperscope.forge.forger import Forger, checked_region
from tamperscope.forge.forgery import Forgery, Square
from tamperscope.forge.injector import CONTEXT, LEAST_SIDE, WHITE_NOISE, Injector, NoiseModel
from tamperscope.forge.region import Region
from tamperscope.mammogram import Mammogram
from tamperscope.runtime.weights import WEIGHTS, find_weights

PAPER_GENERATORS = "TAMPERSCOPE_PAPER_GENERATORS"


@dataclass(frozen=True, kw_only=True)
class MammoCgan(Forger):
    """Puts a synthetic tumour into the region, with the square around it (``Injector``).

    The square is 64/44 of the region's longer side, at least 32 pixels, and is moved into the image at its border.
    Unlike that of the other forgers the change is confined to the square, not to the region: the injector chooses the
    tumour's outline itself. ``lift`` of ``Injector.inject`` is off, so that benchmarks stay the same.

    Attributes:
        blend: Th, alpha and p of equation 2.2.
        noise: sigma of the noise of stage 7, reference intensity; None is the model's own (see ``Injector.inject``).
        noise_model: of stage 7.
        injector: with which generators; by default those that ship with the package.
    """

    card: ClassVar[Card] = Card(
        name="mammo-cgan",
        family="injection",
        does="Puts a synthetic tumour into the square around the region: two generators, merged by equation 2.1.",
        trace="A 64-pixel picture enlarged, under white noise: no fine structure of tissue, noise without its colour.",
        source="the report, section 2.1",
    )
    blend: Weighted = WEIGHTED
    noise: float | None = WHITE_NOISE
    noise_model: NoiseModel = "white"
    injector: Injector | None = None

    def repeat(self, mammogram: Mammogram, region: Region | Square, *, seed: int) -> Forgery:
        """See ``Forger.repeat``."""
        region = checked_region(mammogram, region)
        square = region.bounding_square(*mammogram.shape, least=LEAST_SIDE, context=CONTEXT)
        injector = self.injector or self._generators()
        blend = self.blend
        forgery = injector.inject(
            mammogram,
            square,
            threshold=blend.threshold,
            smoothing=blend.smoothing,
            power=blend.power,
            noise=self.noise,
            noise_model=self.noise_model,
            lift=False,
            seed=seed,
        )
        if not forgery.mask.any():
            raise TamperscopeError(f"{self.card.name} would change nothing here: its mask is empty.")
        own = forgery.record
        record = self.record(region, seed=seed, drawn={"square": own["square"]})
        record["parameters"].pop("injector")
        record["model"] = own["model"]
        record["mask"] = own["mask"]
        x, y, side = square.x, square.y, square.side
        record["reach"] = {"x0": x, "y0": y, "x1": x + side, "y1": y + side}
        return Forgery(forgery.mammogram, forgery.mask, record, forgery.stages)

    def _generators(self) -> Injector:
        return _loaded(WEIGHTS)


@dataclass(frozen=True, kw_only=True)
class MammoCganMatched(MammoCgan):
    """Mammo-CGAN whose stage 7 adds noise with the level and power spectrum of the tissue around the square."""

    card: ClassVar[Card] = Card(
        name="mammo-cgan-matched",
        family="injection",
        does="As mammo-cgan, with noise matched to the tissue around the square instead of white noise.",
        trace="Noise of random phase: the tissue's spectrum without its fine lines.",
        source="the report, section 2.1; random phase texture: Galerne, Gousseau and Morel, 2011",
    )
    noise: float | None = None
    noise_model: NoiseModel = "matched"


@dataclass(frozen=True, kw_only=True)
class MammoCganTissue(MammoCgan):
    """Mammo-CGAN whose stage 7 lets the texture of the tissue under the tumour show through."""

    card: ClassVar[Card] = Card(
        name="mammo-cgan-tissue",
        family="injection",
        does="As mammo-cgan, with the square's own fine texture instead of noise.",
        trace="The tissue's own lines and grain, a little stronger than around, over a smooth swelling.",
        source="the report, section 2.1",
    )
    noise: float | None = None
    noise_model: NoiseModel = "tissue"


@dataclass(frozen=True, kw_only=True)
class MammoCganPaper(MammoCgan):
    """Mammo-CGAN with generators trained by the report's own recipe, which are too large to ship (1.2 GB).

    They are those of the folder that ``TAMPERSCOPE_PAPER_GENERATORS`` names: the ``weights`` of
    ``tamperscope train mammo-cgan configs/mammo-cgan-paper.yaml``.
    """

    card: ClassVar[Card] = Card(
        name="mammo-cgan-paper",
        family="injection",
        does="As mammo-cgan, with generators trained by the report's own recipe, which do not ship.",
        trace="A 64-pixel picture enlarged, under white noise: no fine structure of tissue, noise without its colour.",
        source="the report, section 2.1",
        needs_weights=f"the folder that {PAPER_GENERATORS} names, of a training by configs/mammo-cgan-paper.yaml",
    )

    @classmethod
    def is_ready(cls) -> bool:
        """See ``Forger.is_ready``."""
        return _paper_generators() is not None

    @classmethod
    def weights_hash(cls) -> str:
        """See ``Forger.weights_hash``."""
        return "".join(find_weights(f"mammo-cgan-{number}", folder=cls._folder()).sha256[:16] for number in (1, 2))

    @classmethod
    def _folder(cls) -> Path:
        folder = _paper_generators()
        if folder is None:
            raise TamperscopeError(f"{cls.card.name} needs weights that do not ship: {cls.card.needs_weights}.")
        return folder

    def _generators(self) -> Injector:
        return _loaded(self._folder())


def _paper_generators() -> Path | None:
    """The folder of the paper recipe's generators, if it is named and has them."""
    named = os.environ.get(PAPER_GENERATORS)
    if not named or not all((Path(named) / f"mammo-cgan-{number}.onnx").is_file() for number in (1, 2)):
        return None
    return Path(named)


@cache
def _loaded(folder: Path) -> Injector:
    return Injector.load(threads=1, folder=folder)
