"""How a first-party body lies in the inbox: one line that says which site sent it and how, then the body as it came."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from connector.core.records import Activity
from connector.flows.event_shapes import EventsRefused, Identify, PageView, ScriptView, SiteEvent, read_events, read_script_view
from mappings.convert.addresses import read_url_path

_DETAILS = ("form", "asset", "feature", "campaign")


class Via(StrEnum):
    SERVER = "server"
    """Signed: what it says of whom is believed."""
    SCRIPT = "script"
    """From a visitor's browser, unsigned: it can say nothing but page views of a visitor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    site: str
    production: bool
    """Whether the site's visitors are real people, as it was when the body arrived."""
    via: Via
    body: bytes

    def wrapped(self) -> bytes:
        head = {"site": self.site, "production": self.production, "via": self.via.value}
        return json.dumps(head).encode() + b"\n" + self.body


def unwrapped(kept: bytes) -> Envelope:
    """Raises EventsRefused for what no receiver of ours kept."""
    line, _, body = kept.partition(b"\n")
    try:
        head = json.loads(line)
        return Envelope(site=str(head["site"]), production=bool(head["production"]), via=Via(head["via"]), body=body)
    except (ValueError, KeyError, TypeError, RecursionError) as err:
        raise EventsRefused([]) from err


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One event of a site, whoever sent it and however. Ids and visitors are told apart by site."""

    id: str
    kind: str
    """A kind of activity, or `identify`."""
    at: datetime
    production: bool
    email: str = ""
    """Normalised; empty where only the visitor is known."""
    visitor: str = ""
    path: str = ""
    form: str = ""
    asset: str = ""
    feature: str = ""
    campaign: str = ""
    seconds: int = 0
    grows: bool = False
    """Whether the same id may come again with more seconds: a visitor left the page and came back to it."""

    @property
    def text(self) -> str:
        """As JSON, for `deed_of`."""
        told = {name: getattr(self, name) for name in self.__slots__}
        kept = {name: value for name, value in told.items() if value}
        return json.dumps({**kept, "at": self.at.isoformat(), "production": self.production}, ensure_ascii=False)

    def by(self, email: str) -> "Deed":
        return replace(self, email=email)

    def as_kept(self, activity: Activity) -> "Deed":
        """This deed as an activity has kept it."""
        return replace(self, at=activity.at, seconds=activity.seconds)

    def merged(self, other: "Deed") -> "Deed":
        """This deed as two messages about it tell it, whichever came first: where it grows, since the earlier and with most seconds."""
        if not (self.grows and other.grows):
            return self
        return replace(self, at=min(self.at, other.at), seconds=max(self.seconds, other.seconds))


def deed_of(text: str) -> Deed:
    """The deed of this text."""
    told = json.loads(text)
    return Deed(**{**told, "at": datetime.fromisoformat(told["at"])})


def deeds(kept: bytes, *, arrived_at: datetime) -> tuple[Deed, ...]:
    """What a kept body tells, in its order. Raises EventsRefused where it is not what a receiver keeps."""
    envelope = unwrapped(kept)
    if envelope.via is Via.SCRIPT:
        return (_viewed(read_script_view(envelope.body), envelope=envelope, at=arrived_at),)
    return tuple(_told(event, envelope=envelope) for event in read_events(envelope.body, now=arrived_at))


def _viewed(view: ScriptView, *, envelope: Envelope, at: datetime) -> Deed:
    """The ids of scripts are kept apart from those of servers, so that no visitor can use one up."""
    return Deed(
        id=f"{envelope.site}/script/{view.id}",
        kind="page_view",
        at=at,
        production=envelope.production,
        visitor=f"{envelope.site}/{view.visitor}",
        path=_path(view.path),
        seconds=view.seconds,
        grows=True,
    )


def _told(event: SiteEvent, *, envelope: Envelope) -> Deed:
    told: dict[str, Any] = {name: getattr(event, name, None) or "" for name in _DETAILS}
    page = (event.url or event.path) if isinstance(event, PageView) else getattr(event, "path", None)
    return Deed(
        id=f"{envelope.site}/{event.id}",
        kind=event.type if not isinstance(event, Identify) else "identify",
        at=event.at.astimezone(UTC),
        production=envelope.production,
        email=event.email or "",
        visitor=f"{envelope.site}/{event.visitor}" if event.visitor else "",
        path=_path(page) if page else "",
        seconds=event.seconds if isinstance(event, PageView) else 0,
        **told,
    )


def _path(text: str) -> str:
    found = read_url_path(text)
    return found if isinstance(found, str) else ""
