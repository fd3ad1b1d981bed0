"""Rows of activity sources → activities.

Station: compiled by `build_fields`; one row is one activity for each person it names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from connector.core.records import Activity, Record
from connector.ports.crm import Json, RawRecord
from mappings.activity_parts import Details, claim_of, first_instant, kind_of, link_fields, links_of, related_sources
from mappings.convert.registry import Fields, Spec, Surroundings
from mappings.field_mapping import Misread


class ActivityRows:
    """The activities of one source's rows.

    An activity's id is the row's; where a row names several people by relation, the person's id is added. A row that was an activity
    before and is none now, or names other people, gives the old ones as deleted.
    """

    def __init__(self, spec: Spec, *, source: str, connection: str, around: Surroundings) -> None:
        self._source = source
        self._at = first_instant(spec["at"], around)
        self._kind = kind_of(spec["activity"], around)
        self._links = links_of(spec["contacts"], connection)
        self._details = Details(spec, around)
        self._only = tuple(claim_of(test) for test in spec["only"])
        self._skip = tuple(claim_of(test) for test in spec["skip"])
        self._shared = any(link["related"] for link in spec["contacts"])
        self.related = related_sources(spec["contacts"])
        self.fields = (
            *spec["at"],
            *self._details.fields,
            *link_fields(spec["contacts"]),
            *(step[key] for step in spec["activity"] for key in ("from", "past") if step[key]),
            *(test["from"] for test in (*spec["only"], *spec["skip"])),
        )

    def __call__(self, raw: RawRecord, before: Mapping[str, Json] | None, seen_at: datetime, misread: Misread) -> Sequence[Record]:
        if raw.deleted:
            fields = raw.fields if any(raw.fields.values()) else before or {}
            return [replace(activity, deleted=True) for activity in self._activities(raw.key.id, fields, seen_at, misread)]
        now = self._activities(raw.key.id, raw.fields, seen_at, misread)
        if before is None:
            return now
        ids = {activity.id for activity in now}
        gone = [activity for activity in self._activities(raw.key.id, before, seen_at, []) if activity.id not in ids]
        return [*now, *(replace(activity, deleted=True) for activity in gone)]

    def _activities(self, row_id: str, fields: Fields, now: datetime, misread: Misread) -> list[Activity]:
        for claim in self._skip:
            if claim(fields):
                return []
        for claim in self._only:
            if not claim(fields):
                return []
        contacts = self._links(fields)
        kind = self._kind(fields, now, misread) if contacts else ""
        at = self._at(fields, misread) if kind else None
        if at is None:
            return []
        details = self._details.read(fields, misread)
        source = self._source
        if not self._shared:
            return [Activity(id=row_id, contact=contacts[0], source=source, kind=kind, at=at, **details)]
        return [Activity(id=f"{row_id}/{contact.id}", contact=contact, source=source, kind=kind, at=at, **details) for contact in contacts]
