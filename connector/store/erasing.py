"""Forgets rows as if they had never been read, and whoever is left without one.

With a row go the deleted rows of the same person in the same connection (what was merged into it): the CRM will not tell of those again.
Deals and companies stay; they lose the link to the row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, delete, or_, select, update

from connector.core.people import SHARDS, PersonId
from connector.core.records import RecordKey
from connector.store.blanking import blank, unused, words_of_past, words_of_people, words_with_addresses
from connector.store.erased import remember_erased
from connector.store.person_rows import refresh
from connector.store.records import people_at
from connector.store.schema import (
    activities,
    activity_ids,
    addresses,
    companies,
    contacts,
    deal_contacts,
    deals,
    follow_ups,
    held_events,
    hints,
    history,
    identity_events,
    journal,
    ladder_states,
    marks,
    members,
    parked,
    plan_changes,
    plan_ladder,
    plan_tasks,
    raw,
    score_history,
    scores,
    stage_moves,
    unknown_values,
    visitors,
)
from connector.store.transaction import AnyRow, Transaction, chunks
from connector.store.values import dump, load

Pair = tuple[int, str]
MENTIONS_AT_ONCE = 50
LONG = 100
"""Characters from which an unknown value may have been cut off."""

_BY_ROW = (raw, history, journal, parked, hints, plan_changes)
_BY_PERSON = (scores, score_history, ladder_states, stage_moves, follow_ups, marks, parked, plan_tasks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leaving:
    """What is to go: rows, the members among them, who they belonged to."""

    rows: frozenset[Pair]
    members: tuple[AnyRow, ...]
    people: frozenset[PersonId]

    @property
    def numbers(self) -> list[int]:
        return [row.no for row in self.members]


def erase(t: Transaction, keys: Sequence[RecordKey]) -> tuple[PersonId, ...]:
    """The persons that have other rows, ascending."""
    refresh(t)
    leaving = _leaving(t, [t.pair(key) for key in keys])
    remember_erased(t, [*keys, *(t.key(*pair) for pair in leaving.rows)])
    emails = _addresses(t, leaving)
    facts = words_of_people(t, leaving.people) | words_of_past(t, leaving.rows)
    deeds = _deeds(t, leaving)
    told = words_with_addresses(t, deeds, emails)
    _take_deeds(t, leaving, deeds)
    _take_mentions(t, leaving)
    _take_unknown(t, leaving.rows)
    _take_links(t, leaving.rows)
    for table in _BY_ROW:
        _delete(t, table, leaving.rows)
    _take_firms_and_deals(t, leaving.rows)
    staying = _take_members(t, leaving)
    _take_tasks(t, leaving)
    _take_people(t, leaving.people - staying, numbers=leaving.numbers)
    _take_events(t, emails)
    t.stale.update(leaving.people)
    refresh(t)
    blank(t, told | unused(t, facts))
    return tuple(sorted(staying))


def _leaving(t: Transaction, pairs: Sequence[Pair]) -> _Leaving:
    found: dict[int, AnyRow] = {}
    for some in chunks(pairs):
        found.update({row.no: row for row in _members(t, t.among_pairs(members.c.source, members.c.id, some))})
    people = frozenset(row.person for row in found.values())
    theirs = {(row.person, t.key(row.source, "").connection) for row in found.values()}
    is_dead = members.c.no.in_(select(contacts.c.no).where(contacts.c.deleted.is_(True)))
    for some in chunks(people):
        dead = _members(t, members.c.person.in_(some), is_dead)
        found.update({row.no: row for row in dead if (row.person, t.key(row.source, "").connection) in theirs})
    rows = frozenset(pairs) | {(row.source, row.id) for row in found.values()}
    return _Leaving(rows=rows, members=tuple(found.values()), people=people)


def _members(t: Transaction, *conditions: ColumnElement[bool]) -> tuple[AnyRow, ...]:
    return tuple(t.rows(select(members.c.no, members.c.source, members.c.id, members.c.person).where(*conditions)))


def _delete(t: Transaction, table: Table, rows: Collection[Pair]) -> None:
    for some in chunks(rows):
        t.run(delete(table).where(t.among_pairs(table.c.source, table.c.id, some)))


def _addresses(t: Transaction, leaving: _Leaving) -> frozenset[str]:
    """Every address the rows tell, lower case."""
    found: set[str] = set()
    for some in chunks(leaving.numbers):
        found.update(row.address for row in t.rows(select(addresses.c.address).where(addresses.c.member.in_(some))))
        for row in t.rows(select(contacts.c.emails).where(contacts.c.no.in_(some))):
            found.update(email.lower() for email in load(row.emails))
    return frozenset(found)


def _deeds(t: Transaction, leaving: _Leaving) -> tuple[AnyRow, ...]:
    """Activities that came with the rows."""
    found: list[AnyRow] = []
    for some in chunks(leaving.members):
        whose = {row.person for row in some}
        here = (activities.c.shard.in_(sorted({person % SHARDS for person in whose})), activities.c.person.in_(sorted(whose)))
        found += t.rows(select(activities).where(*here, activities.c.contact.in_([row.no for row in some])))
    return tuple(found)


def _take_deeds(t: Transaction, leaving: _Leaving, deeds: Sequence[AnyRow]) -> None:
    """Activities, their ids, and the raw rows that told of them."""
    contact_ids = {row.no: row.id for row in leaving.members}
    for some in chunks(deeds):
        ids = [row.id for row in some]
        told = t.rows(select(activity_ids.c.source, activity_ids.c.id, activity_ids.c.contact).where(activity_ids.c.no.in_(ids)))
        _delete(t, raw, {(row.source, row.id.removesuffix(f"/{contact_ids[row.contact]}")) for row in told})
        here = (activities.c.shard.in_(sorted({row.shard for row in some})), activities.c.person.in_(sorted({row.person for row in some})))
        t.run(delete(activities).where(*here, activities.c.id.in_(ids)))
        t.run(delete(activity_ids).where(activity_ids.c.no.in_(ids)))


def _take_mentions(t: Transaction, leaving: _Leaving) -> None:
    """Raw rows of activities that name the rows, whether or not an activity came of them. Reads all raw rows of activities there."""
    by_connection: dict[str, set[str]] = {}
    for row in leaving.members:
        by_connection.setdefault(t.key(row.source, "").connection, set()).add(row.id)
    for connection, ids in by_connection.items():
        sources = [no for no in t.sources_of(connection) if not _holds_records(t, no)]
        for some in chunks(ids, size=MENTIONS_AT_ONCE):
            named = or_(*(raw.c.fields.contains(dump(id_), autoescape=True) for id_ in some))
            t.run(delete(raw).where(raw.c.source.in_(sources), named))


def _holds_records(t: Transaction, source: int) -> bool:
    """Whether rows of the source are contacts, companies or deals."""
    return any(t.first(select(table.c.id).where(table.c.source == source).limit(1)) for table in (members, companies, deals))


def _take_unknown(t: Transaction, rows: Collection[Pair]) -> None:
    """The values of these rows are no longer counted among those that no mapping knows."""
    for some in chunks(rows):
        for row in t.rows(select(raw.c.source, raw.c.fields).where(t.among_pairs(raw.c.source, raw.c.id, some))):
            mine = (unknown_values.c.source == row.source,)
            seen = t.rows(select(unknown_values.c.field, unknown_values.c.value).where(*mine))
            fields = load(row.fields)
            for field, value in seen:
                if _is_counted(fields.get(field), value):
                    here = (*mine, unknown_values.c.field == field, unknown_values.c.value == value)
                    t.run(update(unknown_values).where(*here).values(rows=unknown_values.c.rows - 1))
    t.run(delete(unknown_values).where(unknown_values.c.rows <= 0))


def _is_counted(value: object, counted: str) -> bool:
    """Long values are counted by their beginning."""
    told = "" if value is None else str(value)
    return told == counted or (len(counted) >= LONG and told.startswith(counted))


def _take_links(t: Transaction, rows: Collection[Pair]) -> None:
    """Deals no longer name these rows, nor does what is known of the deals' past."""
    gone = {tuple(_named(t, pair)) for pair in rows}
    for some in chunks(rows):
        linked = t.among_pairs(deal_contacts.c.contact_source, deal_contacts.c.contact_id, some)
        of = {(row.deal_source, row.deal_id) for row in t.rows(select(deal_contacts).where(linked))}
        t.run(delete(deal_contacts).where(linked))
        for deal in t.rows(select(deals.c.source, deals.c.id, deals.c.contacts).where(t.among_pairs(deals.c.source, deals.c.id, of))):
            left = [link for link in load(deal.contacts) if tuple(link[:3]) not in gone]
            t.run(update(deals).where(deals.c.source == deal.source, deals.c.id == deal.id).values(contacts=dump(left)))
        t.run(delete(history).where(t.among_pairs(history.c.source, history.c.id, of), history.c.field == "@contacts"))


def _named(t: Transaction, pair: Pair) -> tuple[str, str, str]:
    key = t.key(*pair)
    return key.connection, key.source, key.id


def _take_firms_and_deals(t: Transaction, rows: Collection[Pair]) -> None:
    """Where a row is a company or a deal itself."""
    t.stale.update(people_at(t, rows))
    for some in chunks(rows):
        on_it = t.among_pairs(deal_contacts.c.deal_source, deal_contacts.c.deal_id, some)
        with_it = (members.c.source == deal_contacts.c.contact_source) & (members.c.id == deal_contacts.c.contact_id)
        t.stale.update(row.person for row in t.rows(select(members.c.person).join(deal_contacts, with_it).where(on_it)))
        t.run(delete(deal_contacts).where(on_it))
    _delete(t, companies, rows)
    _delete(t, deals, rows)


def _take_members(t: Transaction, leaving: _Leaving) -> frozenset[PersonId]:
    """The rows themselves; who of their persons still has another one."""
    for some in chunks(leaving.numbers):
        t.run(delete(addresses).where(addresses.c.member.in_(some)))
        t.run(delete(contacts).where(contacts.c.no.in_(some)))
        t.run(delete(members).where(members.c.no.in_(some)))
    staying: set[PersonId] = set()
    for some in chunks(leaving.people):
        staying.update(row.person for row in t.rows(select(members.c.person).where(members.c.person.in_(some))))
    return frozenset(staying)


def _take_tasks(t: Transaction, leaving: _Leaving) -> None:
    """Tasks on these rows, made or planned, of persons who stay."""
    gone = {tuple(_named(t, pair)) for pair in leaving.rows}
    for some in chunks(leaving.people):
        for row in t.rows(select(follow_ups.c.key, follow_ups.c.task).where(follow_ups.c.person.in_(some))):
            if tuple(load(row.task)["contact"]) in gone:
                t.run(delete(follow_ups).where(follow_ups.c.key == row.key))
        for row in t.rows(select(plan_tasks.c.plan, plan_tasks.c.seq, plan_tasks.c.task).where(plan_tasks.c.person.in_(some))):
            if tuple(load(row.task)["contact"]) in gone:
                t.run(delete(plan_tasks).where(plan_tasks.c.plan == row.plan, plan_tasks.c.seq == row.seq))


def _take_people(t: Transaction, gone: Collection[PersonId], *, numbers: Collection[int]) -> None:
    """What was found out about persons who have no row left, and how they came to their rows. Their numbers stay, so that none is used
    twice.
    """
    for some in chunks(gone):
        for table in _BY_PERSON:
            t.run(delete(table).where(table.c.person.in_(some)))
        t.run(delete(identity_events).where(identity_events.c.person.in_(some) | identity_events.c.other.in_(some)))
        for person in some:
            t.run(delete(plan_ladder).where(or_(*(plan_ladder.c.body.contains(f'"person":{person}{end}') for end in ",}"))))
    told = [(row.no, load(row.members)) for row in t.rows(select(identity_events.c.no, identity_events.c.members))] if numbers else []
    of_rows = [no for no, moved in told if not set(numbers).isdisjoint(moved)]
    for some in chunks(of_rows):
        t.run(delete(identity_events).where(identity_events.c.no.in_(some)))


def _take_events(t: Transaction, emails: Collection[str]) -> None:
    """First-party events held for these addresses, and which visitors said they had them."""
    for some in chunks(emails):
        theirs = select(visitors.c.visitor).where(visitors.c.email.in_(some))
        t.run(delete(held_events).where(held_events.c.email.in_(some) | held_events.c.visitor.in_(theirs)))
        t.run(delete(visitors).where(visitors.c.email.in_(some)))
