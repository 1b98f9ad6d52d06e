"""All forgers by name."""

from __future__ import annotations

from tamperscope.errors import TamperscopeError
from tamperscope.forge.autoencoder import Autoencoder
from tamperscope.forge.biharmonic import Biharmonic
from tamperscope.forge.calcifications import RemoveCalcifications
from tamperscope.forge.card import FAMILIES
from tamperscope.forge.control import CONTROLS
from tamperscope.forge.copy_move import CopyMove, PoissonCopyMove
from tamperscope.forge.forger import Forger
from tamperscope.forge.mammo_cgan import MammoCgan, MammoCganMatched, MammoCganPaper, MammoCganTissue
from tamperscope.forge.navier_stokes import NavierStokes
from tamperscope.forge.partial_convolution import PartialConvolution, PartialConvolution512
from tamperscope.forge.plain_fill import PlainBiharmonic, PlainNavierStokes, PlainTelea
from tamperscope.forge.real_mass import PoissonMass, RealMass
from tamperscope.forge.retouch import Blur, Contrast, Denoise, Sharpen
from tamperscope.forge.splice import PoissonSplice, Splice
from tamperscope.forge.telea import Telea
from tamperscope.forge.texture_fill import TextureFill

_ALL: tuple[type[Forger], ...] = (
    MammoCgan,
    MammoCganMatched,
    MammoCganTissue,
    MammoCganPaper,
    RealMass,
    PoissonMass,
    Telea,
    NavierStokes,
    Biharmonic,
    PlainTelea,
    PlainNavierStokes,
    PlainBiharmonic,
    TextureFill,
    PartialConvolution,
    PartialConvolution512,
    Autoencoder,
    RemoveCalcifications,
    CopyMove,
    PoissonCopyMove,
    Splice,
    PoissonSplice,
    Blur,
    Denoise,
    Contrast,
    Sharpen,
    *CONTROLS,
)

FORGERS: dict[str, type[Forger]] = {
    kind.card.name: kind for kind in sorted(_ALL, key=lambda kind: FAMILIES.index(kind.card.family))
}
"""Name to class; calling the class with parameters makes the forger."""


def find_forger(name: str) -> type[Forger]:
    """The forger of a name.

    Raises:
        TamperscopeError: there is none.
    """
    if name not in FORGERS:
        raise TamperscopeError(f"there is no forger '{name}': {', '.join(FORGERS)}.")
    return FORGERS[name]
