"""The two pages a sandbox shows a person: the list of people, hot first, and one record as a rep sees it.

Station: sandbox ground. Each CRM passes plain page values through the `CrmPages` protocol; no CRM word lives here.
Server-rendered, no JavaScript, one inline style.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from flask import Blueprint, Flask, render_template, request
from werkzeug.exceptions import NotFound

from adapters.kit.sandbox.control import Control, UnknownRecordError

ROWS_PER_PAGE = 50
"""People the list shows at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRow:
    """One line of the list. `score` is None and the other Hotlead values "" until Hotlead wrote to the record.

    `temperature` is hot, warm, cold or "", in whatever case the CRM's value has.
    """

    source: str
    record_id: str
    name: str
    company: str
    title: str
    owner: str
    stage: str
    score: int | None = None
    grade: str = ""
    temperature: str = ""
    reasons: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of the list; `total` counts all people that match the text."""

    rows: tuple[ListRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hotlead:
    """The fields Hotlead writes, as they stand on the record; "" and None where nothing was written."""

    score: int | None = None
    fit: int | None = None
    engagement: int | None = None
    grade: str = ""
    temperature: str = ""
    reasons: str = ""
    stage: str = ""
    next_action: str = ""
    more: tuple[tuple[str, str], ...] = ()
    """(label, value) of its other fields: origin, disposition, model, scored at …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled group of (label, value) lines; a line whose value is "" is shown as empty, for a rep fills it in."""

    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLine:
    """A task on the record."""

    subject: str
    due: datetime | None
    has_time: bool = False
    """False when the CRM keeps only the day."""
    owner: str = ""
    status: str = ""
    priority: str = ""
    body: str = ""
    is_open: bool = True

    def is_late(self, now: datetime) -> bool:
        """True when it is still open past its due time, or past its due day when the CRM keeps only that."""
        if not self.is_open or self.due is None:
            return False
        return self.due < now if self.has_time else self.due.date() < now.date()


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineLine:
    """Something that happened. `kind` is a word a person reads ("Page view"), `text` what, `detail` the small print."""

    at: datetime
    kind: str
    text: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage:
    """A record as a rep sees it. `timeline` newest first; `links` are (label, address) to related records."""

    source: str
    record_id: str
    name: str
    headline: str
    owner: str
    hotlead: Hotlead | None
    sections: tuple[Section, ...]
    tasks: tuple[TaskLine, ...] = ()
    timeline: tuple[TimelineLine, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    note: str = ""
    """Shown on top: the record is deleted, converted, merged into another."""


class CrmPages(Protocol):
    """What a CRM's sandbox answers for its two pages."""

    def people(self, *, text: str, offset: int, limit: int) -> ListPage:
        """People whose name, company, e-mail or owner contains `text` in any case (all when ""), hot first.

        Order: highest Hotlead score first, unscored last, then by name.
        """
        ...

    def record(self, *, source: str, record_id: str) -> RecordPage:
        """The record's page. Raises UnknownRecordError."""
        ...


def mount_pages(app: Flask, *, crm: str, accent: str, control: Control, pages: CrmPages) -> None:
    """Serves `/` and `/record/<source>/<id>` on `app`. `crm` is its name in the heading, `accent` a CSS colour."""
    routes = Blueprint("sandbox_pages", __name__, template_folder="templates")

    @routes.context_processor
    def shared() -> dict[str, object]:
        return {"crm": crm, "accent": accent, "now": control.now()}

    @routes.get("/")
    def people_list() -> str:
        text = request.args.get("q", "").strip()
        number = max(request.args.get("page", 1, type=int), 1)
        listed = pages.people(text=text, offset=(number - 1) * ROWS_PER_PAGE, limit=ROWS_PER_PAGE)
        last = max(-(-listed.total // ROWS_PER_PAGE), 1)
        return render_template("sandbox_list.html", listed=listed, text=text, number=number, last=last)

    @routes.get("/record/<source>/<record_id>")
    def record_page(source: str, record_id: str) -> str:
        try:
            page = pages.record(source=source, record_id=record_id)
        except UnknownRecordError as error:
            raise NotFound(str(error)) from error
        return render_template("sandbox_record.html", page=page)

    routes.add_app_template_filter(moment_text, "moment")
    routes.add_app_template_filter(age_text, "age")
    routes.add_app_template_filter(clock_text, "clock")
    app.register_blueprint(routes)


def moment_text(at: datetime, has_time: bool = True) -> str:
    """The moment in UTC as "Mon 2 Nov 2026, 09:05", without the time when `has_time` is false."""
    local = at.astimezone(UTC)
    day = f"{local:%a} {local.day} {local:%b %Y}"
    return f"{day}, {local:%H:%M}" if has_time else day


def clock_text(at: datetime) -> str:
    """The time of day in UTC, as "09:05"."""
    return f"{at.astimezone(UTC):%H:%M}"


def age_text(at: datetime, now: datetime) -> str:
    """How far `at` lies from `now`, in the largest whole unit: "3 days ago", "in 2 hours"."""
    seconds = int((now - at).total_seconds())
    for unit, length in (("year", 31_536_000), ("month", 2_592_000), ("day", 86_400), ("hour", 3600), ("minute", 60)):
        count = abs(seconds) // length
        if count:
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{words} ago" if seconds > 0 else f"in {words}"
    return "just now"
