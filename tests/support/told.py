"""What a store knows, as rows to compare two stores by: without when it learned it and how it numbers things."""

from collections.abc import Collection
from typing import Any

from tests.support.journeys import Desk

Everything = dict[str, list[tuple[Any, ...]]]

_KIND = "(SELECT w.word FROM words w JOIN lists l ON l.no = w.list WHERE l.name = 'activity.kind' AND w.id = a.kind)"
_WHO = "(SELECT group_concat(x.id, ' ') FROM (SELECT y.id FROM members y WHERE y.person = {person} ORDER BY y.id) x)"
RECORDS = {
    "raw": "SELECT o.connection, o.source, r.id, r.fields, r.deleted, r.survivor FROM raw r JOIN sources o ON o.no = r.source",
    "people": f"SELECT p.name, p.email, p.live, o.connection, o.source, m.id, {_WHO.format(person='p.id')} FROM members m"
    " JOIN persons p ON p.id = m.person JOIN sources o ON o.no = m.source",
    "contacts": "SELECT o.source, m.id, c.mapped, c.deleted, c.survivor FROM contacts c JOIN members m ON m.no = c.no"
    " JOIN sources o ON o.no = m.source",
    "companies": "SELECT o.source, c.id, c.mapped, c.deleted, c.survivor FROM companies c JOIN sources o ON o.no = c.source",
    "deals": "SELECT o.source, d.id, d.mapped, d.state, d.contacts, d.deleted FROM deals d JOIN sources o ON o.no = d.source",
    "activities": f"SELECT {_WHO.format(person='a.person')}, {_KIND}, a.at, a.seconds FROM activities a",
    "waiting": f"SELECT lane, {_WHO.format(person='k.person')} FROM marks k",
}
"""Rows and who is who."""
ACTED_ON = {
    "scores": f"SELECT {_WHO.format(person='s.person')}, s.fit, s.engagement, s.total, s.grade, s.temperature, s.excluded FROM scores s",
    "stages": f"SELECT {_WHO.format(person='l.person')}, l.stage FROM ladder_states l",
    "follow-ups": f"SELECT {_WHO.format(person='f.person')}, f.rule, f.connection, f.state FROM follow_ups f",
}
"""What was made of them."""


def told(desk: Desk, *, kinds: dict[str, str], without: Collection[str] = ()) -> Everything:
    """The rows of these queries, sorted; all but those `without`."""
    return {name: sorted(desk.rows(query), key=repr) for name, query in kinds.items() if name not in without}
