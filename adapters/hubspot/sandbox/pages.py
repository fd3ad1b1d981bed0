"""What a rep sees: contacts, hot first, and one record with its Hotlead properties, tasks and timeline.

Station: HubSpot sandbox; answers `adapters.kit.sandbox.pages.CrmPages` from the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from adapters.hubspot.sandbox.events import EventQuery, event_body, find_events
from adapters.hubspot.sandbox.kinds import BY_NAME, Kind, find_kind
from adapters.hubspot.sandbox.linking import Linking
from adapters.hubspot.sandbox.pipelines import STAGE_BY_ID
from adapters.hubspot.sandbox.portal import Owner, Portal
from adapters.hubspot.sandbox.reading import record_number
from adapters.hubspot.sandbox.stamps import from_ms, parse_instant
from adapters.hubspot.sandbox.store import Row
from adapters.kit.sandbox.control import UnknownRecordError
from adapters.kit.sandbox.pages import Hotlead, ListPage, ListRow, RecordPage, Section, TaskLine, TimelineLine

_SHOWN_EVENTS = 60
_NAMED = frozenset(
    {
        "hotlead_score", "hotlead_fit", "hotlead_engagement", "hotlead_grade", "hotlead_temperature", "hotlead_reasons",
        "hotlead_stage", "hotlead_next_action", "hotlead_breakdown",
    }
)  # fmt: skip
_SECTIONS: dict[str, tuple[tuple[str, tuple[tuple[str, str], ...]], ...]] = {
    "contacts": (
        (
            "About this contact",
            (
                ("Email", "email"),
                ("Phone", "phone"),
                ("Job title", "jobtitle"),
                ("Company", "company"),
                ("City", "city"),
                ("Country", "country"),
                ("Lifecycle stage", "lifecyclestage"),
                ("Lead status", "hs_lead_status"),
                ("Buying role", "hs_buying_role"),
                ("Message", "message"),
            ),
        ),
        (
            "Activity in numbers",
            (
                ("Page views", "hs_analytics_num_page_views"),
                ("Sessions", "hs_analytics_num_visits"),
                ("Last seen", "hs_analytics_last_timestamp"),
                ("Emails opened", "hs_email_open"),
                ("Emails clicked", "hs_email_click"),
                ("Form submissions", "num_conversion_events"),
                ("Last contacted", "notes_last_contacted"),
                ("Unsubscribed from all email", "hs_email_optout"),
            ),
        ),
    ),
    "companies": (
        (
            "About this company",
            (
                ("Domain", "domain"),
                ("Industry", "industry"),
                ("Employees", "numberofemployees"),
                ("Annual revenue", "annualrevenue"),
                ("Phone", "phone"),
                ("City", "city"),
                ("Country", "country"),
                ("Lifecycle stage", "lifecyclestage"),
                ("Description", "description"),
            ),
        ),
    ),
    "deals": (
        (
            "About this deal",
            (("Stage", "dealstage"), ("Amount", "amount"), ("Currency", "deal_currency_code"), ("Close date", "closedate")),
        ),
    ),
}


class PortalPages:
    """The portal's two pages."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal
        self._store = portal.store
        self._linking = Linking(portal)

    def people(self, *, text: str, offset: int, limit: int) -> ListPage:
        """Contacts that match; hot first, within that by grade and score, unscored last."""
        with self._store.turn():
            owners = [str(one.id) for one in self._portal.owners() if text and text.casefold() in _owner(one).casefold()]
            columns = " || ' ' || ".join(
                f"coalesce(json_extract(props, '$.{name}'), '')" for name in ("firstname", "lastname", "email", "company")
            )
            owned = f"json_extract(props, '$.hubspot_owner_id') IN ({','.join('?' * len(owners))})"
            where = f"archived_ms=0 AND (instr(folded({columns}), ?) > 0 OR {owned})" if text else "archived_ms=0"
            args = [text.casefold(), *owners] if text else []
            run = self._store.connection.execute
            total = run(f"SELECT count(*) FROM contacts WHERE {where}", args).fetchone()[0]
            ids = run(
                f"SELECT id FROM contacts WHERE {where} "
                "ORDER BY CASE json_extract(props, '$.hotlead_temperature') "
                "WHEN 'hot' THEN 0 WHEN 'warm' THEN 1 WHEN 'cold' THEN 2 ELSE 3 END, "
                "json_extract(props, '$.hotlead_grade'), CAST(json_extract(props, '$.hotlead_score') AS REAL) DESC, "
                "json_extract(props, '$.lastname'), json_extract(props, '$.firstname'), id LIMIT ? OFFSET ?",
                [*args, limit, offset],
            ).fetchall()
            rows = self._store.load_many(BY_NAME["contacts"], [one[0] for one in ids])
            return ListPage(rows=tuple(self._line(rows[one[0]]) for one in ids), total=int(total))

    def record(self, *, source: str, record_id: str) -> RecordPage:
        """The record's page."""
        kind = find_kind(source)
        with self._store.turn():
            number = record_number(record_id)
            row = self._store.load(kind, number) if kind is not None and number is not None else None
            if kind is None or row is None:
                raise UnknownRecordError(f"there is no {source} record {record_id}")
            return RecordPage(
                source=kind.name,
                record_id=str(row.id),
                name=_name(kind, row),
                headline=" · ".join(one for one in (row.props.get("jobtitle", ""), row.props.get("company", "")) if one),
                owner=self._owner_of(row),
                hotlead=self._hotlead(row) if kind.name == "contacts" else None,
                sections=self._sections(kind, row),
                tasks=self._tasks(kind, row),
                timeline=self._timeline(kind, row),
                links=self._links(kind, row),
                note=self._note(row, record_id),
            )

    def _line(self, row: Row) -> ListRow:
        props = row.props
        return ListRow(
            source="contacts",
            record_id=str(row.id),
            name=_name(BY_NAME["contacts"], row),
            company=props.get("company", ""),
            title=props.get("jobtitle", ""),
            owner=self._owner_of(row),
            stage=self._label("contacts", "lifecyclestage", props.get("lifecyclestage", "")),
            score=_whole(props.get("hotlead_score")),
            grade=props.get("hotlead_grade", ""),
            temperature=props.get("hotlead_temperature", ""),
            reasons=props.get("hotlead_reasons", ""),
        )

    def _hotlead(self, row: Row) -> Hotlead | None:
        props = row.props
        own = [one for one in self._portal.catalogue.listed("contacts") if one.name.startswith("hotlead_")]
        if not own:
            return None
        return Hotlead(
            score=_whole(props.get("hotlead_score")),
            fit=_whole(props.get("hotlead_fit")),
            engagement=_whole(props.get("hotlead_engagement")),
            grade=props.get("hotlead_grade", ""),
            temperature=props.get("hotlead_temperature", ""),
            reasons=props.get("hotlead_reasons", ""),
            stage=self._label("contacts", "hotlead_stage", props.get("hotlead_stage", "")),
            next_action=props.get("hotlead_next_action", ""),
            more=tuple(
                (one.label, self._shown(BY_NAME["contacts"], one.name, props[one.name]))
                for one in own
                if one.name not in _NAMED and one.name in props
            ),
        )

    def _sections(self, kind: Kind, row: Row) -> tuple[Section, ...]:
        return tuple(
            Section(
                title=title,
                lines=tuple((label, self._shown(kind, name, row.props.get(name, ""))) for label, name in lines),
            )
            for title, lines in _SECTIONS.get(kind.name, ())
        )

    def _tasks(self, kind: Kind, row: Row) -> tuple[TaskLine, ...]:
        tasks = self._store.load_many(BY_NAME["tasks"], self._linking.others(kind, row.id, BY_NAME["tasks"]))
        lines = [
            TaskLine(
                subject=task.props.get("hs_task_subject", ""),
                due=_instant(task.props.get("hs_timestamp")),
                has_time=True,
                owner=self._owner_of(task),
                status=self._label("tasks", "hs_task_status", task.props.get("hs_task_status", "")),
                priority=self._label("tasks", "hs_task_priority", task.props.get("hs_task_priority", "")),
                body=task.props.get("hs_task_body", ""),
                is_open=task.props.get("hs_task_status") != "COMPLETED",
            )
            for task in tasks.values()
            if not task.archived_ms
        ]
        return tuple(sorted(lines, key=lambda one: (not one.is_open, one.due.timestamp() if one.due else 0.0)))

    def _timeline(self, kind: Kind, row: Row) -> tuple[TimelineLine, ...]:
        lines = [*self._engagements(kind, row)]
        if kind.name == "contacts":
            lines += self._visits(row)
        return tuple(sorted(lines, key=lambda one: one.at, reverse=True)[:_SHOWN_EVENTS])

    def _engagements(self, kind: Kind, row: Row) -> Iterable[TimelineLine]:
        for name, subject, detail in (
            ("calls", "hs_call_title", "hs_call_disposition"),
            ("emails", "hs_email_subject", "hs_email_direction"),
            ("meetings", "hs_meeting_title", "hs_meeting_outcome"),
            ("notes", "hs_note_body", ""),
        ):
            other = BY_NAME[name]
            if other is kind:
                continue
            found = self._store.load_many(other, self._linking.others(kind, row.id, other))
            for one in found.values():
                at = _instant(one.props.get("hs_timestamp")) or from_ms(one.created_ms)
                small = self._label(name, detail, one.props.get(detail, "")) if detail else ""
                yield TimelineLine(at=at, kind=other.singular.capitalize(), text=one.props.get(subject, ""), detail=small)

    def _visits(self, row: Row) -> list[TimelineLine]:
        query = EventQuery(object_id=row.id)
        lines = []
        for _, found in zip(range(_SHOWN_EVENTS), find_events(self._store.connection, query), strict=False):
            body = event_body(found, self._portal.settings.site)
            seconds = found[5]
            lines.append(
                TimelineLine(
                    at=from_ms(found[3]),
                    kind=_event_word(str(body["eventType"])),
                    text=found[4] or "; ".join(f"{name}: {value}" for name, value in body["properties"].items()),
                    detail=f"{seconds} s on page" if seconds else "",
                )
            )
        return lines

    def _links(self, kind: Kind, row: Row) -> tuple[tuple[str, str], ...]:
        links = []
        for name in ("companies", "deals", "contacts"):
            other = BY_NAME[name]
            found = self._store.load_many(other, self._linking.others(kind, row.id, other)[:20])
            for one in found.values():
                stage = STAGE_BY_ID.get(one.props.get("dealstage", ""))
                label = f"{_name(other, one)} ({stage.label})" if stage else _name(other, one)
                links.append((f"{other.singular.capitalize()}: {label}", f"/record/{name}/{one.id}"))
        return tuple(links)

    def _note(self, row: Row, asked: str) -> str:
        if row.archived_ms:
            return "This record is in the recycling bin."
        return f"Record {asked} was merged into this one." if asked != str(row.id) else ""

    def _owner_of(self, row: Row) -> str:
        wanted = row.props.get("hubspot_owner_id")
        return next((_owner(one) for one in self._portal.owners() if str(one.id) == wanted), "")

    def _shown(self, kind: Kind, name: str, value: str) -> str:
        found = self._portal.catalogue.get(kind.name, name)
        if found is not None and found.type == "datetime" and value:
            return value[:16].replace("T", " ") + " UTC"
        return self._label(kind.name, name, value)

    def _label(self, kind_name: str, name: str, value: str) -> str:
        if name == "dealstage" and value in STAGE_BY_ID:
            return STAGE_BY_ID[value].label
        found = self._portal.catalogue.get(kind_name, name)
        labels = {one.value: one.label for one in found.options} if found is not None else {}
        return ", ".join(labels.get(part, part) for part in value.split(";")) if labels else value


def _name(kind: Kind, row: Row) -> str:
    props = row.props
    if kind.name == "contacts":
        full = _person(props.get("firstname", ""), props.get("lastname", ""))
        return full or props.get("email", "") or str(row.id)
    return next((props[name] for name in kind.searched if props.get(name)), str(row.id))


def _person(first: str, last: str) -> str:
    # A Japanese name is written family name first.
    is_kanji = any(ord(letter) > 0x2E80 for letter in last)
    return (f"{last} {first}" if is_kanji else f"{first} {last}").strip()


def _owner(owner: Owner) -> str:
    return _person(owner.first_name, owner.last_name)


def _whole(text: str | None) -> int | None:
    return round(float(text)) if text else None


def _instant(text: str | None) -> datetime | None:
    return from_ms(parse_instant(text)) if text else None


def _event_word(type_: str) -> str:
    if type_ == "e_visited_page":
        return "Page view"
    if type_ == "e_submitted_form":
        return "Form submission"
    return type_.partition("_")[2].replace("_", " ").capitalize()
