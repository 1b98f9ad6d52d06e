"""What a study is: parts, images, readers and questions, as a YAML file says it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tamperscope.errors import TamperscopeError

IDENTIFIER = r"^[a-z][a-z0-9-]{0,39}$"
TELLING = re.compile(
    r"forg|fake|tamper|synthe|manipul|inject|authentic|genuin|\breal\b|generat|artificial|deep|\bgan\b|\bai\b", re.I
)
"""Words that a reader of a blind part must not meet."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(_Strict):
    """One answer of a choice: what is kept and what is shown."""

    value: Annotated[str, Field(min_length=1, max_length=60)]
    words: Annotated[str, Field(min_length=1, max_length=120)]


class Question(_Strict):
    """One question about each case."""

    id: Annotated[str, Field(pattern=IDENTIFIER)]
    kind: Literal["choice", "scale", "text"]
    words: Annotated[str, Field(min_length=1, max_length=300)]
    help: str | None = None
    required: bool = True
    options: tuple[Option, ...] = ()
    ends: tuple[str, str] | None = None
    """What 0 and 100 of a scale mean."""

    @model_validator(mode="after")
    def _options_fit(self) -> Question:
        values = [option.value for option in self.options]
        if self.kind == "choice" and len(values) < 2:
            raise ValueError(f"the choice {self.id} needs two options or more")
        if self.kind != "choice" and values:
            raise ValueError(f"the question {self.id} is no choice, so it has no options")
        if len(set(values)) < len(values):
            raise ValueError(f"the choice {self.id} has an option twice")
        return self


class Marking(_Strict):
    """What can be marked in the picture."""

    kinds: tuple[Literal["point", "box", "ellipse"], ...] = ("point", "box", "ellipse")
    confidence: bool = True
    words: str = "Mark each lesion."


class Window(_Strict):
    """A window preset, the same for all images, in stored values."""

    words: str
    centre: Annotated[float, Field(ge=0, le=65535)]
    width: Annotated[float, Field(gt=0, le=131070)]


class Draw(_Strict):
    """How many images of each class a part takes from the list, at random by the study's seed."""

    forged: Annotated[int, Field(ge=0)] = 0
    healthy: Annotated[int, Field(ge=0)] = 0
    unhealthy: Annotated[int, Field(ge=0)] = 0
    real: Annotated[int, Field(ge=0)] = 0
    """Of unknown health, as a benchmark's untouched images are."""


class Part(_Strict):
    """A series of cases with the same questions."""

    id: Annotated[str, Field(pattern=IDENTIFIER)]
    title: Annotated[str, Field(min_length=1, max_length=120)]
    instructions: str = ""
    blind: bool = False
    """Nothing in this part may say that some images are forged; its own words are checked."""
    images: str | None = None
    """A list of this part alone; without it the study's list is used."""
    draw: Draw | None = None
    """Without it, all images of the list that no part before has taken."""
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
    marks: Marking | None = Marking()
    series_remark: str | None = "Remark on the series as a whole"
    wash_out_hours: Annotated[float, Field(ge=0, le=24 * 366)] = 0
    """Time between the locking of the part before and the opening of this one."""

    @model_validator(mode="after")
    def _says_nothing_telling(self) -> Part:
        ids = [question.id for question in self.questions]
        if len(set(ids)) < len(ids):
            raise ValueError(f"the part {self.id} has a question twice")
        if self.blind:
            for words in _all_words(self.model_dump(exclude={"images", "draw", "blind"})):
                if found := TELLING.search(words):
                    raise ValueError(
                        f"the part {self.id} is blind, but its words say {found.group()!r}: {words[:80]!r}"
                    )
        return self


class Reader(_Strict):
    """Who reads; ``simulated`` readers are labelled so wherever their data shows."""

    id: Annotated[str, Field(pattern=IDENTIFIER)]
    name: Annotated[str, Field(min_length=1, max_length=80)]
    simulated: bool = False


class StudyConfig(_Strict):
    """A whole study."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    seed: int = 0
    images: str | None = None
    """A CSV or JSON-lines file (``image_list.py``), or a benchmark's folder; relative to the YAML file."""
    readers: Annotated[tuple[Reader, ...], Field(min_length=1)]
    parts: Annotated[tuple[Part, ...], Field(min_length=1)]
    presets: tuple[Window, ...] = ()
    grey_step: Annotated[int, Field(ge=1, le=4096)] = 1
    """What values are divided by. A forged JPEG has finer greys than an untouched one, and 257 takes both to 8 bits."""
    session_hours: Annotated[float, Field(gt=0, le=72)] = 12
    idle_minutes: Annotated[float, Field(gt=0, le=24 * 60)] = 120

    @model_validator(mode="after")
    def _holds_together(self) -> StudyConfig:
        for kind, ids in (("part", [p.id for p in self.parts]), ("reader", [r.id for r in self.readers])):
            if len(set(ids)) < len(ids):
                raise ValueError(f"a {kind} has the same id as another")
        if not self.images and any(part.images is None for part in self.parts):
            raise ValueError("there is no list of images: give images for the study or for each part")
        if any(part.blind for part in self.parts) and (found := TELLING.search(self.title)):
            raise ValueError(f"a part is blind, but the study's title says {found.group()!r}")
        # What a blind part hides, an open part before it would have told.
        blind = [part.blind for part in self.parts]
        if blind != sorted(blind, reverse=True):
            raise ValueError("a blind part comes after one that isn't blind")
        return self


def _all_words(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    return [words for one in value for words in _all_words(one)] if hasattr(value, "__iter__") else []


def load_config(path: str | Path) -> StudyConfig:
    """Read a study's YAML file.

    Raises:
        TamperscopeError: no such file, no YAML, or not a study; the message names the place.
    """
    path = Path(path)
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TamperscopeError(f"There is no file {path}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TamperscopeError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    if not isinstance(said, dict):
        raise TamperscopeError(f"{path} describes no study: title, readers and parts are wanted.")
    try:
        return StudyConfig.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        words = first["msg"].removeprefix("Value error, ")
        raise TamperscopeError(f"{path}: {place + ': ' if place else ''}{words}.") from error
