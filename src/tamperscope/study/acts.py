"""What a reader may send about a case, and whether it fits the questions asked."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tamperscope.study.config import Part, Question

HEX_ID = r"^[0-9a-f]{32}$"
MAX_EVENTS, MAX_MARKS, MAX_TEXT = 200, 200, 4000
MAX_STORED = 20_000
"""Acts on one case: some hundred times what a careful reader does."""


class RefusedError(Exception):
    """The act is not taken; the message is one sentence for the reader's page."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Number = Annotated[float, Field(allow_inf_nan=False)]


class Shape(_Strict):
    """A place in the picture, in its pixels: left, top and size; a point has no size."""

    x: Number
    y: Number
    width: Annotated[Number, Field(ge=0)]
    height: Annotated[Number, Field(ge=0)]


class Mark(_Strict):
    """A marked place."""

    id: Annotated[str, Field(pattern=HEX_ID)]
    kind: Literal["point", "box", "ellipse"]
    shape: Shape
    confidence: Annotated[float, Field(ge=0, le=100)] | None = None


class Event(_Strict):
    """One act, with an id made by the reader's browser: sent twice, it is kept once."""

    uuid: Annotated[str, Field(pattern=HEX_ID)]
    kind: Literal["answer", "mark-add", "mark-edit", "mark-delete", "open", "close", "view"]
    at: Annotated[str, Field(max_length=40, pattern=r"^[0-9T:.Z+-]+$")]
    question: Annotated[str, Field(max_length=40)] | None = None
    value: Annotated[str, Field(max_length=MAX_TEXT)] | Annotated[float, Field(ge=0, le=100)] | None = None
    mark: dict[str, Any] | None = None
    active_ms: Annotated[int, Field(ge=0, le=24 * 3600 * 1000)] | None = None
    """Time at work since the last report, by the browser's monotonic clock."""

    def data(self) -> dict[str, Any]:
        """What is kept beside kind and times."""
        if self.kind == "answer":
            return {"question": self.question, "value": self.value}
        if self.kind.startswith("mark-"):
            return {"mark": self.mark}
        return {}


def read_events(body: Any, part: Part, width: int, height: int) -> list[Event]:
    """The acts in a request, each checked against the part's questions and the picture's size.

    Raises:
        RefusedError: anything in it is not as it must be; then none of it is taken.
    """
    if not isinstance(body, dict) or set(body) != {"events"} or not isinstance(body["events"], list):
        raise RefusedError("A list of events is wanted.")
    if len(body["events"]) > MAX_EVENTS:
        raise RefusedError(f"At most {MAX_EVENTS} events at a time.")
    questions = {question.id: question for question in part.questions}
    return [_read_event(said, questions, part, width, height) for said in body["events"]]


def _read_event(said: Any, questions: dict[str, Question], part: Part, width: int, height: int) -> Event:
    try:
        event = Event.model_validate(said)
        if event.kind.startswith("mark-"):
            _check_mark(event, part, width, height)
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors()[0]["loc"][:2])
        raise RefusedError(f"An event is not understood: {place[:80]}.") from error
    if event.kind == "answer":
        if event.question not in questions:
            raise RefusedError("There is no such question.")
        _check_answer(questions[event.question], event.value)
    return event


def _check_answer(question: Question, value: str | float | None) -> None:
    if value is None:
        return
    if question.kind == "choice" and value not in [option.value for option in question.options]:
        raise RefusedError("This is none of the answers.")
    if question.kind == "scale" and not (isinstance(value, int | float) and 0 <= value <= 100):
        raise RefusedError("A number from 0 to 100 is wanted.")
    if question.kind == "text" and not isinstance(value, str):
        raise RefusedError("A text is wanted.")


def _check_mark(event: Event, part: Part, width: int, height: int) -> None:
    if event.kind == "mark-delete" and isinstance(event.mark, dict) and set(event.mark) == {"id"}:
        _MarkId.model_validate(event.mark)
        return
    mark = Mark.model_validate(event.mark)
    if part.marks is None or mark.kind not in part.marks.kinds:
        raise RefusedError("Such marks are not asked for here.")
    shape = mark.shape
    if min(shape.x, shape.y) < 0 or shape.x + shape.width > width or shape.y + shape.height > height:
        raise RefusedError("The mark lies outside of the picture.")


class _MarkId(_Strict):
    id: Annotated[str, Field(pattern=HEX_ID)]
