"""Protocols: which forged and untouched images a benchmark holds, declared in a YAML file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tamperscope.benchmark.families import FAMILIES, SHIPPED
from tamperscope.errors import TamperscopeError
from tamperscope.forge.processing import Step

STEPS: dict[str, type[Step]] = {kind.__name__.lower(): kind for kind in Step.__subclasses__()}
Role = Literal["train", "validation", "test"]
Preparation = Literal["auto", "added-noise", "own-noise", "as-is"]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Settings):
    """What happens to an image after it was forged, or to an untouched one."""

    name: str = Field(pattern="^[a-z0-9-]+$")
    step: dict[str, Any]
    """``kind`` is the lower-case name of a subclass of ``forge.processing.Step``; the rest are its fields."""
    scope: Literal["image", "region"] = "image"

    @model_validator(mode="after")
    def _known(self) -> Condition:
        self.make()
        return self

    def make(self) -> Step:
        """The step."""
        settings = dict(self.step)
        kind = settings.pop("kind", None)
        if kind not in STEPS:
            raise ValueError(f"there is no step '{kind}': {', '.join(STEPS)}")
        try:
            return STEPS[kind](**settings)
        except TypeError as error:
            raise ValueError(f"the step '{kind}' takes other settings: {error}") from error


class _Set(_Settings):
    name: str = Field(pattern="^[a-z0-9-]+$")
    role: Role = "test"
    part: str | None = None
    """Of the split; all images of the source where it is not given."""
    source: int = Field(default=0, ge=0)
    """Which of the sources, in the order in which they are given."""
    images: Literal["all", "healthy", "unhealthy"] = "all"
    conditions: tuple[Condition, ...] = ()
    """Each image once in every condition, beside the plain one unless ``plain`` is false."""
    plain: bool = True


class UntouchedSet(_Set):
    """Images without a forgery; with conditions, the controls of hidden forgeries."""

    kind: Literal["untouched"]


class MassSet(_Set):
    """Annotated masses in untouched images: what an injector learns from."""

    kind: Literal["masses"]


class ForgedSet(_Set):
    """Forged images.

    Every image gets ``per_image`` forgeries of each family, or ``count`` are made in all, spread over the images.
    """

    kind: Literal["forged"]
    families: tuple[str, ...] = SHIPPED
    forgers: tuple[str, ...] = ()
    """Only these of the families, where the version has them."""
    together: bool = False
    """Draw from all families, instead of taking each in turn."""
    per_image: float = Field(default=1, gt=0)
    count: int | None = Field(default=None, gt=0)
    regions: Literal["random", "lesions"] = "random"
    """``lesions`` takes annotated outlines where an image has them, and random regions elsewhere."""

    @model_validator(mode="after")
    def _known(self) -> ForgedSet:
        unknown = [family for family in self.families if family not in FAMILIES]
        if unknown:
            raise ValueError(f"there is no family '{unknown[0]}': {', '.join(FAMILIES)}")
        return self


AnySet = Annotated[UntouchedSet | MassSet | ForgedSet, Field(discriminator="kind")]


class Split(_Settings):
    """By patient: in named parts whose images stand in given shares, or in folds."""

    shares: dict[str, float] | None = None
    folds: int | None = Field(default=None, ge=2)

    @model_validator(mode="after")
    def _one(self) -> Split:
        if (self.shares is None) == (self.folds is None):
            raise ValueError("a split needs either shares or folds")
        if self.shares is not None and (not self.shares or min(self.shares.values()) <= 0):
            raise ValueError("shares must be more than 0")
        return self

    @property
    def parts(self) -> tuple[str, ...]:
        """Names of the parts, in the order of patient numbers."""
        if self.shares is not None:
            return tuple(self.shares)
        return tuple(f"fold-{number}" for number in range(self.folds or 0))


class Protocol(_Settings):
    """A benchmark, declared."""

    name: str = Field(pattern="^[a-z0-9-]+$")
    version: int = Field(ge=1)
    purpose: str
    seed: int = 0
    sources: int = Field(default=1, ge=1)
    """How many sources it takes."""
    prepare: Preparation = "auto"
    """``auto``: lossy sources are made like lossless ones with added noise, others are taken as they are.
    ``own-noise`` halves an image and adds nothing."""
    tone: float = Field(default=0, ge=0, le=1)
    """Detectors differ in their display curves: each source image's is bent by a power drawn between exp(-tone) and
    exp(tone). Without it all images of a source have nearly one histogram, and one bright mass more shows in it."""
    split: Split
    sets: tuple[AnySet, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Protocol:
        names = [one.name for one in self.sets]
        if len(set(names)) != len(names):
            raise ValueError("two sets have the same name")
        for one in self.sets:
            if one.part is not None and one.part not in self.split.parts:
                raise ValueError(f"set '{one.name}': the split has no part '{one.part}'")
            if one.source >= self.sources:
                raise ValueError(f"set '{one.name}': there are only {self.sources} sources, counted from 0")
        return self


def shipped_protocols() -> dict[str, Path]:
    """Name to file of the protocols that come with the package."""
    folder = Path(str(files("tamperscope.benchmark") / "protocols"))
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def load_protocol(name: str) -> Protocol:
    """A protocol that comes with the package, or of a file.

    Args:
        name: of a shipped protocol, or path of a YAML file.

    Raises:
        TamperscopeError: there is none, or a setting is missing, unknown or out of range.
    """
    shipped = shipped_protocols()
    path = shipped.get(name, Path(name))
    if not path.is_file():
        raise TamperscopeError(f"there is no protocol '{name}': {', '.join(shipped)}, or the path of a YAML file.")
    try:
        return Protocol.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TamperscopeError(f"{path.name} can't be read as a protocol: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise TamperscopeError(f"{path.name}: {where}: {first['msg']}") from error
