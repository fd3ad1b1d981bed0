"""What web pages and products may send of their own: each event's shape, read once, strictly, into values that cannot hold nonsense.

Station: the receivers check a body by it before they keep it, the drain reads the kept body by it again, OpenAPI shows it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import ErrorDetails, PydanticCustomError

from mappings.convert.addresses import normal_address

MOST_EVENTS = 100
"""Events in one batch."""
MOST_AHEAD = timedelta(minutes=5)
"""How far in the future an event may lie, for clocks differ."""
FIRST = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing was sent from a page of ours before."""
DAY_S = 86_400

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
"""A NUL cannot be stored everywhere, and the others hide in lists."""


def _address(text: str) -> str:
    address = normal_address(text)
    if address is None or len(address) > 320:
        raise PydanticCustomError("address", "is not an e-mail address")
    return address


def _plain(text: str) -> str:
    if _CONTROL.search(text):
        raise PydanticCustomError("control", "holds control characters")
    return text


Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), AfterValidator(_plain)]
Address = Annotated[str, StringConstraints(max_length=400), AfterValidator(_address), Field(json_schema_extra={"format": "email"})]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[!-~]+$")]
VisitorId = Annotated[str, StringConstraints(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Event(_Shape):
    id: EventId = Field(description="Yours, and never used twice: the same id again changes nothing.", examples=["evt_01JD7Q2M8K"])
    at: AwareDatetime = Field(strict=True, description="When it happened, with a time zone.", examples=["2026-11-02T09:00:00Z"])
    email: Address | None = Field(default=None, description="Who did it.", examples=["ann@example.com"])
    visitor: VisitorId | None = Field(default=None, description="Which browser did it, as site.js names it, where nobody said who.")
    campaign: Line | None = Field(default=None, description="The campaign that led there.")

    @model_validator(mode="after")
    def _of_somebody(self) -> Self:
        if self.email is None and self.visitor is None:
            raise PydanticCustomError("nobody", "needs an email or a visitor")
        return self


class PageView(_Event):
    """Somebody looked at a page."""

    type: Literal["page_view"]
    path: Line | None = Field(default=None, description="Path of the page. Needed where url is not given.", examples=["/pricing"])
    url: Line | None = Field(default=None, description="Address of the page; only its path is kept.")
    seconds: int = Field(default=0, strict=True, ge=0, le=DAY_S, description="How long they looked.")

    @model_validator(mode="after")
    def _of_a_page(self) -> Self:
        if (self.path is None) == (self.url is None):
            raise PydanticCustomError("page", "needs either a path or a url")
        return self


class FormSubmit(_Event):
    """Somebody sent a form."""

    type: Literal["form_submit"]
    form: Line = Field(description="Name of the form.", examples=["contact-sales"])
    path: Line | None = Field(default=None, description="Path of the page it stood on.")


class Download(_Event):
    """Somebody downloaded something."""

    type: Literal["download"]
    asset: Line = Field(description="Name of what was downloaded.", examples=["pricing-guide.pdf"])
    path: Line | None = Field(default=None, description="Path of the page it was offered on.")


class ProductUse(_Event):
    """Somebody used a feature of the product."""

    type: Literal["product_use"]
    feature: Line = Field(description="Name of the feature.", examples=["export"])


class TrialStarted(_Event):
    """Somebody began to try the product."""

    type: Literal["trial_started"]
    feature: Line | None = Field(default=None, description="Which product or plan.")


class Inquiry(_Event):
    """Somebody asked for something, such as a quote."""

    type: Literal["inquiry"]
    form: Line | None = Field(default=None, description="Where they asked.", examples=["request-a-quote"])
    path: Line | None = Field(default=None, description="Path of the page they asked on.")


class Identify(_Shape):
    """A visitor turned out to be somebody: what they did before and do later counts for them."""

    type: Literal["identify"]
    id: EventId = Field(description="Yours, and never used twice.")
    at: AwareDatetime = Field(strict=True, description="When they said so, with a time zone.")
    email: Address = Field(description="Who it is.")
    visitor: VisitorId = Field(description="Which browser, as site.js names it.")


SiteEvent = Annotated[
    PageView | FormSubmit | Download | ProductUse | TrialStarted | Inquiry | Identify,
    Field(discriminator="type"),
]


class ScriptView(_Shape):
    """One page view as site.js sends it. When it happened is when it arrives, for a visitor's clock says little."""

    key: str | None = Field(default=None, max_length=64, description="The site's public key, where the address does not carry it.")
    id: EventId
    visitor: VisitorId
    path: Line
    seconds: int = Field(default=0, strict=True, ge=0, le=DAY_S)
    consent: bool = Field(default=False, strict=True, description="Whether the visitor agreed.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with one field. `field` is a path such as `[3].email`; empty: the whole body. No value of the sender is in it."""

    field: str
    problem: str


class EventsRefused(Exception):
    """The body is not what it should be; nothing of it is taken."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__(f"{len(wrong)} problems")
        self.wrong = tuple(wrong)


_ONE: TypeAdapter[Any] = TypeAdapter(SiteEvent)
_MANY: TypeAdapter[Any] = TypeAdapter(Annotated[list[SiteEvent], Field(min_length=1, max_length=MOST_EVENTS)])
MOST_TOLD = 20
"""Problems told of one body."""


def read_events(body: bytes, *, now: datetime) -> tuple[Any, ...]:
    """The events of a body that holds one or an array of up to `MOST_EVENTS`. Raises EventsRefused naming every wrong field."""
    many = body.lstrip(b" \t\r\n").startswith(b"[")
    try:
        events = _MANY.validate_json(body) if many else [_ONE.validate_json(body)]
    except ValidationError as err:
        raise EventsRefused(_wrong(err.errors(include_url=False, include_input=False), many=many)) from None
    untimely = [(n, e.at) for n, e in enumerate(events) if not FIRST <= e.at <= now + MOST_AHEAD]
    if untimely:
        problems = (
            (f"[{n}].at" if many else "at", "lies in the future" if at > now else "lies before the year 2000") for n, at in untimely
        )
        raise EventsRefused([Wrong(field=field, problem=problem) for field, problem in problems][:MOST_TOLD])
    return tuple(events)


def read_script_view(body: bytes) -> ScriptView:
    """Raises EventsRefused naming every wrong field."""
    try:
        return ScriptView.model_validate_json(body)
    except ValidationError as err:
        raise EventsRefused(_wrong(err.errors(include_url=False, include_input=False), many=False, tagged=False)) from None


_PROBLEMS: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of this event",
    "union_tag_invalid": "is not a type of event",
    "union_tag_not_found": "is missing",
    "json_invalid": "is not JSON",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_pattern_mismatch": "holds characters that are not allowed here",
    "timezone_aware": "needs a time zone",
    "list_type": "must be an array",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "datetime_type": "must be a time such as 2026-11-02T09:00:00Z",
    "datetime_parsing": "must be a time such as 2026-11-02T09:00:00Z",
    "datetime_from_date_parsing": "must be a time such as 2026-11-02T09:00:00Z",
    "model_attributes_type": "must be an object",
    "string_unicode": "is not UTF-8",
}
"""By pydantic's word. Its own sentences may repeat what was sent."""


def _wrong(errors: Iterable[ErrorDetails], *, many: bool, tagged: bool = True) -> list[Wrong]:
    return [Wrong(field=_path(e, many=many, tagged=tagged), problem=_problem(e)) for e in list(errors)[:MOST_TOLD]]


def _path(error: ErrorDetails, *, many: bool, tagged: bool) -> str:
    """Where it is wrong; the word that pydantic adds for the kind of event is left out, and so is a name that is not like ours."""
    loc = list(error["loc"])
    place = f"[{loc.pop(0)}]" if many and loc and isinstance(loc[0], int) else ""
    if tagged and loc:
        loc.pop(0)
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        loc = ["type"]
    names = [str(n) if re.fullmatch(r"[a-z_]{1,40}", str(n)) else "…" for n in loc]
    return ".".join(filter(None, [place, *names]))


def _problem(error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    match error["type"]:
        case "string_too_short" | "too_short":
            return f"is shorter than {context['min_length']}"
        case "string_too_long" | "too_long":
            return f"is longer than {context['max_length']}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}"
        case "less_than_equal":
            return f"must be at most {context['le']}"
        case "address" | "control" | "nobody" | "page":
            return error["msg"]
        case word:
            return _PROBLEMS.get(word, "is not valid")


def schemas(template: str) -> dict[str, Any]:
    """JSON Schema of every shape by name; `template` says how one refers to another, such as `#/components/schemas/{model}`."""
    _, found = TypeAdapter.json_schemas(
        [("Event", "validation", _ONE), ("ScriptView", "validation", TypeAdapter(ScriptView))],
        ref_template=template,
        schema_generator=GenerateJsonSchema,
    )
    return dict(found["$defs"])
