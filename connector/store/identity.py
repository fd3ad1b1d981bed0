"""Which rows are one person: attaching rows, joining persons, moving a row. Each join and move is a dated event that can be undone."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, select, update

from connector.core.people import SHARDS, PersonId
from connector.core.records import RecordKey
from connector.ports.errors import StoreError
from connector.ports.people import Attach, Join
from connector.store.instants import to_us
from connector.store.ladder import SqlLadder, body_of, merge_states
from connector.store.marks import move_marks
from connector.store.schema import (
    activities,
    addresses,
    follow_ups,
    identity_events,
    journal,
    ladder_states,
    members,
    parked,
    persons,
    score_history,
    scores,
    stage_moves,
)
from connector.store.transaction import AnyRow, Transaction, chunks
from connector.store.values import dump


def attach(t: Transaction, rows: Sequence[Attach], *, at: datetime) -> dict[RecordKey, PersonId]:
    """Puts rows into persons; a row that is already in another person moves with its activities."""
    now = to_us(at)
    old = _members(t, [row.key for row in rows])
    fresh: dict[PersonId, PersonId] = {}
    new_people = len({row.person for row in rows if row.person < 0})
    next_person = t.next_number(persons.c.id, many=new_people)
    next_member = t.next_number(members.c.no, many=len({row.key for row in rows} - old.keys()))
    made: list[dict[str, Any]] = []
    placed: dict[RecordKey, PersonId] = {}
    numbers: dict[RecordKey, int] = {}
    wanted: dict[int, frozenset[str]] = {}
    for row in rows:
        if row.person < 0 and row.person not in fresh:
            fresh[row.person] = next_person + len(fresh)
    _make_people(t, tuple(fresh.values()), now=now)
    final = _final_people(t, {row.person for row in rows if row.person >= 0})
    for row in rows:
        person = fresh[row.person] if row.person < 0 else final[row.person]
        before = old.get(row.key)
        if before is not None:
            number = before.no
            if before.person != person:
                _move(t, before, person, row, now=now)
        elif row.key in numbers:
            number = numbers[row.key]
        else:
            number = next_member + len(made)
            source = t.source(row.key.connection, row.key.source)
            origin = {"no": number, "source": source, "id": row.key.id, "person": person}
            made.append({**origin, "why": row.why, "confidence": row.confidence, "at": now})
        numbers[row.key] = number
        if row.emails is not None:
            wanted[number] = frozenset(row.emails)
        placed[row.key] = person
    t.insert(members, made)
    _keep_addresses(t, wanted)
    return placed


def _final_people(t: Transaction, people: Collection[PersonId]) -> dict[PersonId, PersonId]:
    """Who each of these persons is after all joins. Raises StoreError for one that never was."""
    joined: dict[PersonId, PersonId | None] = {}
    for some in chunks(people):
        rows = t.rows(select(persons.c.id, persons.c.joined_into).where(t.one_of(persons.c.id, some)))
        joined.update({row.id: row.joined_into for row in rows})
    return {person: person if joined.get(person, person) is None else final_person(t, person) for person in people}


def final_person(t: Transaction, person: PersonId) -> PersonId:
    """Who this person is after all joins. Raises StoreError for one that never was."""
    while True:
        row = t.first(select(persons.c.joined_into).where(persons.c.id == person))
        if row is None:
            raise StoreError(f"There is no person {person}.")
        if row.joined_into is None:
            return person
        person = row.joined_into


def _members(t: Transaction, keys: Sequence[RecordKey]) -> dict[RecordKey, AnyRow]:
    found: dict[RecordKey, AnyRow] = {}
    for some in chunks(keys):
        found.update({t.key(r.source, r.id): r for r in t.rows(select(members).where(t.among(members.c.source, members.c.id, some)))})
    return found


def _make_people(t: Transaction, ids: Sequence[PersonId], *, now: int) -> None:
    empty = {"created_at": now, "joined_into": None, "live": False, "name": "", "email": "", "company": "", "search": "", "scored": 0}
    t.insert(persons, [{"id": person, **empty} for person in ids])


def _keep_addresses(t: Transaction, wanted: Mapping[int, frozenset[str]]) -> None:
    """Makes these the addresses of these rows, touching only what differs."""
    old: dict[int, set[str]] = {}
    for some in chunks(wanted):
        for row in t.rows(select(addresses).where(t.one_of(addresses.c.member, some))):
            old.setdefault(row.member, set()).add(row.address)
    differing = {no: now for no, now in wanted.items() if old.get(no, set()) != now}
    for some in chunks([no for no in differing if no in old]):
        t.run(delete(addresses).where(t.one_of(addresses.c.member, some)))
    t.insert(addresses, [{"address": address, "member": no} for no, now in differing.items() for address in sorted(now)])


def _move(t: Transaction, member: AnyRow, person: PersonId, row: Attach, *, now: int) -> None:
    """One row with its activities and its journal goes to another person."""
    place = {"shard": person % SHARDS, "person": person}
    mine = (activities.c.shard == member.person % SHARDS, activities.c.person == member.person, activities.c.contact == member.no)
    t.run(update(activities).where(*mine).values(place))
    t.run(update(members).where(members.c.no == member.no).values(person=person, why=row.why, confidence=row.confidence, at=now))
    _move_journal(t, [(member.source, member.id)], person)
    _write_down(t, what="move", person=person, other=member.person, members_=[member.no], why=row.why, confidence=row.confidence, now=now)
    t.stale.update((person, member.person))


def _write_down(
    t: Transaction,
    *,
    what: str,
    person: PersonId,
    other: PersonId,
    members_: list[int],
    why: str,
    confidence: int,
    now: int,
    state: str = "null",
) -> None:
    event = {"at": now, "what": what, "person": person, "other": other, "members": dump(members_)}
    t.insert(identity_events, [{**event, "why": why, "confidence": confidence, "state": state}])


def join(t: Transaction, joins: Sequence[Join], *, at: datetime) -> None:
    """Rows, activities, marks, addresses, ladder state, past and follow-ups of the loser become the survivor's."""
    for one in joins:
        survivor, loser = final_person(t, one.survivor), final_person(t, one.loser)
        if survivor != loser:
            _join(t, one, survivor, loser, now=to_us(at))


def _join(t: Transaction, one: Join, survivor: PersonId, loser: PersonId, *, now: int) -> None:
    rows = t.rows(select(members.c.no, members.c.source, members.c.id).where(members.c.person == loser).order_by(members.c.no))
    moved = [row.no for row in rows]
    t.run(update(members).where(members.c.person == loser).values(person=survivor))
    here = (activities.c.shard == loser % SHARDS, activities.c.person == loser)
    t.run(update(activities).where(*here).values(shard=survivor % SHARDS, person=survivor))
    for table in (follow_ups, parked, stage_moves):
        t.run(update(table).where(table.c.person == loser).values(person=survivor))
    _move_journal(t, [(row.source, row.id) for row in rows], survivor)
    _move_past_scores(t, survivor, loser)
    t.run(delete(scores).where(scores.c.person == loser))
    move_marks(t, survivor=survivor, loser=loser)
    states = SqlLadder(t).get((survivor, loser))
    lost = body_of(states[loser]) if loser in states else "null"
    if loser in states:
        SqlLadder(t).put([merge_states(person=survivor, ours=states.get(survivor), theirs=states[loser])], moves=(), run=0)
        t.run(delete(ladder_states).where(ladder_states.c.person == loser))
    t.run(update(persons).where(persons.c.id == loser).values(joined_into=survivor, live=False))
    _write_down(t, what="join", person=survivor, other=loser, members_=moved, why=one.why, confidence=one.confidence, now=now, state=lost)
    t.stale.update((survivor, loser))


def _move_journal(t: Transaction, rows: Sequence[tuple[int, str]], person: PersonId) -> None:
    """Found by row: the journal is long and has no other way to them."""
    for some in chunks(rows):
        t.run(update(journal).where(t.among_pairs(journal.c.source, journal.c.id, some)).values(person=person))


def _move_past_scores(t: Transaction, survivor: PersonId, loser: PersonId) -> None:
    """Of two scores by one model as of the same time the survivor's stands; the other stays under the number that was joined."""
    theirs = score_history.alias()
    here = exists().where(theirs.c.person == survivor, theirs.c.model == score_history.c.model, theirs.c.as_of == score_history.c.as_of)
    t.run(update(score_history).where(score_history.c.person == loser, ~here).values(person=survivor))
