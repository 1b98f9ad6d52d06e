"""Training recipes: validated settings, one YAML file a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tamperscope.errors import TamperscopeError


class _Recipe(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GeneratorRecipe(_Recipe):
    """Arguments of ``networks.mammo_cgan.Generator``."""

    down: tuple[int, ...]
    up: tuple[int, ...]
    tail: tuple[int, ...] = ()
    down_dropout: tuple[float, ...]
    up_dropout: tuple[float, ...]
    keep_frame: bool = False
    norm: Literal["batch", "group"] = "batch"
    upsampling: Literal["nearest", "bilinear"] = "nearest"
    padding: Literal["zeros", "replicate"] = "zeros"
    components: int = Field(default=0, ge=0)
    exemplars: int = Field(default=0, ge=0)
    residual: bool = False


class DiscriminatorRecipe(_Recipe):
    """Arguments of ``networks.mammo_cgan.Discriminator``."""

    channels: tuple[int, ...]
    strides: tuple[int, ...]
    dropout: tuple[float, ...]
    spectral: bool = False
    patch: bool = False


class CganRecipe(_Recipe):
    """One of the two CGANs: networks, losses, the pause rule."""

    steps: int = Field(gt=0)
    generator: GeneratorRecipe
    discriminator: DiscriminatorRecipe
    adversarial_weight: float
    l1_weight: float
    generator_rate: float = Field(gt=0)
    discriminator_rate: float = Field(gt=0)
    pause_accuracy: float = Field(gt=0, le=1)
    """The discriminator rests when it tells real from generated more often than this."""
    pause_batches: int = Field(ge=0)
    condition_noise: float = Field(default=0.0, ge=0)
    """Standard deviation of the noise in the middle of the condition at the start; it falls to a tenth."""
    feature_weight: float = Field(default=0.0, ge=0)
    """Of the distance between the discriminator's mean maps of real and of generated squares."""
    shipped_strength: float = Field(default=1.0, gt=0, le=1)
    """Of what an adding generator adds: scales its last convolution when it is exported."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the networks' arithmetic; weights, losses and optimisers stay float32."""
    log_every: int = Field(default=200, gt=0)
    """Steps a row of the CSV of losses."""


class MammoCganRecipe(_Recipe):
    """Both CGANs and their data."""

    name: str
    seed: int
    augmented_squares: int = Field(gt=0)
    context: float = Field(gt=1)
    least_lift: float = -1100
    """Mean of a mass over the membrane through its square, reference intensity; fainter masses are left out."""
    batch: int = Field(gt=1)
    cgan1: CganRecipe
    cgan2: CganRecipe


class ForensicTransferRecipe(_Recipe):
    """ForensicTransfer and the score classifier, and the forgeries that they learn from."""

    name: str
    seed: int
    forgeries_per_image: int = Field(gt=0)
    square_sides: tuple[int, int]
    least_forged: float = Field(gt=0, lt=1)
    """A tile is fake where more than this part of it is forged."""
    tiles_per_epoch: int = Field(gt=0)
    batch: int = Field(gt=1)
    rate: float = Field(gt=0)
    epochs: int = Field(gt=0)
    patience: int = Field(gt=0)
    activation_weight: float
    reconstruction_weight: float
    selection: str = Field(pattern="^(score|label)$")
    """Which half the decoder gets in training: the one that the score chose (report) or the true one."""
    dropout: float = Field(default=0.2, ge=0, lt=1)
    """Channel-wise, after each encoder layer but the last."""
    decoded: float = Field(default=1.0, gt=0, le=1)
    """Share of each batch on which the reconstruction loss is estimated."""
    classifier_rate: float = Field(gt=0)
    classifier_batch: int = Field(gt=1)
    classifier_epochs: int = Field(gt=0)
    classifier_patience: int = Field(gt=0)


class TraceRecipe(_Recipe):
    """The trace network and the pseudo-forgeries that it learns from."""

    name: str
    seed: int
    crop: int = Field(gt=0, multiple_of=8)
    """Side of a crop, pixels of 0.1 mm."""
    regions: int = Field(default=3, gt=0)
    """Forged in one crop, at most."""
    batch: int = Field(gt=0)
    steps: int = Field(gt=0)
    rate: float = Field(gt=0)
    """Largest learning rate, of Muon for the convolutions; Adam's, for the rest, is a fifth."""
    crop_weight: float = Field(ge=0)
    """Weight of the loss of whole crops beside that of their cells."""
    echo: int | None = Field(default=None, gt=0)
    """Steps after which a crop is learnt from again, turned, as half of a batch of even size; None: each is learnt from
    once. Half a batch of so many steps is kept in memory: 0.9 GB for 100 steps of 2 crops of 576 x 576."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """Of the convolutions in training; the comparison within the image is always exact."""
    untouched: float = Field(ge=0, le=1)
    """Share of crops without a forgery."""
    age_after: float = Field(ge=0, le=1)
    """How likely it is that something happens to a picture after it was forged."""
    kinds: dict[str, float]
    """Weight of each kind of pseudo-forgery."""

    @model_validator(mode="after")
    def _halves(self) -> TraceRecipe:
        if self.echo is not None and self.batch % 2:
            raise ValueError("with echo, batch must be even")
        return self


class Variant(_Recipe):
    """A trace training that differs in one thing from the others of an ablation."""

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    """Of its folder."""
    group: str
    """In the table; variants that differ by the seed alone share one, and follow each other."""
    seed: int = 0
    leaves_out: tuple[str, ...] = ()
    """Kinds of pseudo-forgeries that it never sees."""
    network: Literal["trace", "fine-only", "not-compared", "halves"] = "trace"


class AblationRecipe(_Recipe):
    """Short trainings of the trace network on one fold."""

    fold: int = Field(ge=0, le=2)
    steps: int = Field(gt=0)
    variants: tuple[Variant, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rows(self) -> AblationRecipe:
        names, groups = ([getattr(one, field) for one in self.variants] for field in ("name", "group"))
        if len(set(names)) < len(names):
            raise ValueError("two variants have the same name")
        if len([group for group, _ in groupby(groups)]) > len(set(groups)):
            raise ValueError("variants of a group must follow each other")
        return self


Loss = Literal["hole", "structure", "variation", "perceptual", "style"]
"""The losses of partial-convolution inpainting."""


class InpaintingRecipe(_Recipe):
    """Partial-convolution inpainting: network, holes, losses, schedule."""

    name: str
    seed: int
    channels: tuple[int, ...]
    """Of the contracting steps."""
    kernels: tuple[int, ...]
    crop: int = Field(gt=0, multiple_of=64)
    """Side of a crop, pixels."""
    sides: tuple[int, int]
    """Least and largest longer side of a hole, pixels of 0.1 mm."""
    context: float | None = Field(default=None, gt=1)
    """Without it a crop's pixels are those of 0.1 mm. With it crops are what the report's trip makes: the square around
    the hole, so many times the hole's longer side, resized to ``crop`` pixels."""
    batch: int = Field(gt=1)
    kept: int = Field(ge=0)
    """Steps for which a crop is kept: every batch has one new crop, and others of so many steps before."""
    perceived: int = Field(gt=0)
    """Crops of a batch on which the perceptual and the style loss are estimated."""
    perceived_every: int = Field(default=1, gt=0)
    """Steps from one such estimate to the next: it costs as much as half of all else."""
    steps: int = Field(gt=0)
    rate: float = Field(gt=0)
    mean_decay: float = Field(ge=0, lt=1)
    """Of the running mean of the weights, which is what ships."""
    largest_gradient: float = Field(gt=0)
    frozen_after: float = Field(ge=0, le=1)
    """Part of the training after which the contracting path's batch statistics rest."""
    weights: dict[Loss, float]
    """Of the losses, on intensities in units of 100."""


class AutoencoderRecipe(_Recipe):
    """The tissue autoencoder: network, crops, schedule."""

    name: str
    seed: int
    channels: tuple[int, int, int]
    """Of the three halvings."""
    latent: int = Field(gt=0)
    """Channels of the narrow middle."""
    crop: int = Field(gt=0, multiple_of=8)
    """Side of a crop, pixels of 0.1 mm."""
    batch: int = Field(gt=0)
    steps: int = Field(gt=0)
    rate: float = Field(gt=0)
    mean_decay: float = Field(ge=0, lt=1)
    """Of the running mean of the weights, which is what ships."""


RecipeT = TypeVar("RecipeT", bound=BaseModel)


def load_recipe(path: str | Path, kind: type[RecipeT], *, changes: Sequence[str] = ()) -> RecipeT:
    """Read and validate a recipe.

    Args:
        path: the YAML file.
        kind: what it is a recipe of.
        changes: settings that differ from the file's, ``cgan1.steps=100``; values are YAML.

    Raises:
        TamperscopeError: the file can't be read, or a setting is missing, unknown or out of range.
    """
    try:
        settings = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        for change in changes:
            _apply(settings, change)
        return kind.model_validate(settings)
    except (OSError, yaml.YAMLError) as error:
        raise TamperscopeError(f"{path} can't be read as a recipe: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise TamperscopeError(f"{path}: {where}: {first['msg']}") from error


def _apply(settings: Any, change: str) -> None:
    """Change one setting in place."""
    name, equals, value = change.partition("=")
    *parents, last = name.split(".")
    for parent in parents:
        settings = settings.get(parent) if isinstance(settings, dict) else None
    if not equals or not isinstance(settings, dict):
        raise TamperscopeError(f"'{change}' changes no setting: write NAME=VALUE, with the name as in cgan1.steps.")
    settings[last] = yaml.safe_load(value)
