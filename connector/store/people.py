"""Persons: whom a row belongs to, who is to be scored, and one person whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from connector.core.people import SHARDS, Person, PersonId
from connector.core.records import RecordKey
from connector.ports.people import Attach, Join, PersonLine
from connector.store import identity
from connector.store.dictionary import activity_list, known_list
from connector.store.instants import from_us
from connector.store.person_rows import PEOPLE_AT_ONCE, gather
from connector.store.records import people_at
from connector.store.schema import activities, addresses, connections, ladder_states, members, persons, scores, sources, words
from connector.store.scores import score_of
from connector.store.transaction import AnyRow, Transaction, chunks

TOUCHES = ("call", "call_connected", "meeting", "meeting_held", "email_sent")
"""Kinds of activity that a rep did with a person."""


class SqlPeople:
    """Fulfils `ports.people.PeopleStore`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def of(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, PersonId]:
        found: dict[RecordKey, PersonId] = {}
        statement = select(members.c.source, members.c.id, members.c.person)
        for some in chunks(keys):
            rows = self._t.rows(statement.where(self._t.among(members.c.source, members.c.id, some)))
            found.update({self._t.key(row.source, row.id): row.person for row in rows})
        return found

    def holders(self, emails: Sequence[str], *, production: bool) -> Mapping[str, tuple[PersonId, ...]]:
        """Rows that the CRM deleted still count, so that somebody who comes back is the same person. Persons ascending."""
        found: dict[str, set[PersonId]] = {}
        statement = (
            select(addresses.c.address, members.c.person)
            .join(members, members.c.no == addresses.c.member)
            .join(sources, sources.c.no == members.c.source)
            .join(connections, connections.c.name == sources.c.connection)
            .where(connections.c.production.is_(production))
        )
        for some in chunks(set(emails)):
            for address, person in self._t.rows(statement.where(self._t.one_of(addresses.c.address, some))):
                found.setdefault(address, set()).add(person)
        return {address: tuple(sorted(people)) for address, people in found.items()}

    def attach(self, rows: Sequence[Attach], *, at: datetime) -> Mapping[RecordKey, PersonId]:
        return identity.attach(self._t, rows, at=at)

    def join(self, joins: Sequence[Join], *, at: datetime) -> None:
        identity.join(self._t, joins, at=at)

    def at_companies(self, companies: Sequence[RecordKey]) -> tuple[PersonId, ...]:
        """Ascending."""
        pairs = ((self._t.known_source(key.connection, key.source), key.id) for key in companies)
        return tuple(sorted(people_at(self._t, [(no, id_) for no, id_ in pairs if no is not None])))

    def count(self) -> int:
        return int(self._t.value(select(func.count()).select_from(persons).where(persons.c.live.is_(True))))

    def ids(self, *, after: PersonId, limit: int) -> tuple[PersonId, ...]:
        statement = select(persons.c.id).where(persons.c.id > after, persons.c.live.is_(True)).order_by(persons.c.id).limit(limit)
        return tuple(row.id for row in self._t.rows(statement))

    def load(self, people: Sequence[PersonId]) -> tuple[Person, ...]:
        """In the order asked for. A person without a live row is left out."""
        found: dict[PersonId, Person] = {}
        for some in chunks(people, size=PEOPLE_AT_ONCE):
            touches = _last_touches(self._t, some)
            for person, rows in gather(self._t, some).items():
                found[person] = Person(
                    id=person,
                    members=tuple(rows.members),
                    facts=rows.facts(),
                    deals=tuple(rows.deals),
                    last_touch_at=touches.get(person),
                )
        return tuple(found[person] for person in people if person in found)

    def find(self, text: str, *, limit: int = 20) -> tuple[PersonLine, ...]:
        """An exact number (of a joined person: the survivor), address or record id comes alone; else whoever has the part, by name."""
        asked = text.strip()
        if not asked:
            return ()
        exact = set(self._exactly(asked))
        if exact:
            return person_lines(self._t, _lines().where(persons.c.id.in_(sorted(exact))).order_by(persons.c.id).limit(limit))
        part = persons.c.search.contains(asked.casefold(), autoescape=True) | persons.c.email.contains(asked.casefold(), autoescape=True)
        return person_lines(self._t, _lines().where(persons.c.live.is_(True), part).order_by(persons.c.name, persons.c.id).limit(limit))

    def _exactly(self, asked: str) -> list[PersonId]:
        statements: list[Select[Any]] = [
            select(members.c.person).join(addresses, addresses.c.member == members.c.no).where(addresses.c.address == asked.lower()),
            select(persons.c.id).where(persons.c.email == asked, persons.c.live.is_(True)),
            select(members.c.person).where(members.c.source.in_(select(sources.c.no)), members.c.id == asked),
        ]
        found = [row[0] for statement in statements for row in self._t.rows(statement)]
        if asked.isascii() and asked.isdigit() and len(asked) < 18:
            numbered = self._t.rows(select(persons.c.id).where(persons.c.id == int(asked)))
            found += [identity.final_person(self._t, row.id) for row in numbered]
        return found


def _lines() -> Select[Any]:
    """Persons with their stage, as `person_lines` reads them."""
    columns = (persons.c.id.label("person_id"), persons.c.name, persons.c.email, persons.c.company, ladder_states.c.stage)
    return select(*columns).select_from(persons).outerjoin(ladder_states, ladder_states.c.person == persons.c.id)


def person_lines(t: Transaction, statement: Select[Any]) -> tuple[PersonLine, ...]:
    """Lines in the order of the statement, each with its newest current score."""
    rows = t.rows(statement)
    newest: dict[PersonId, AnyRow] = {}
    for some in chunks([row.person_id for row in rows]):
        for row in t.rows(select(scores).where(scores.c.person.in_(some)).order_by(scores.c.as_of, scores.c.model.desc())):
            newest[row.person] = row
    return tuple(
        PersonLine(
            person=row.person_id,
            name=row.name or row.email or f"Person {row.person_id}",
            email=row.email,
            company=row.company,
            score=score_of(newest[row.person_id]) if row.person_id in newest else None,
            stage=row.stage or "",
        )
        for row in rows
    )


def _last_touches(t: Transaction, people: Sequence[PersonId]) -> dict[PersonId, datetime]:
    """When a rep last did something with each person; a meeting that still lay ahead when we read it is no touch."""
    no = known_list(t, activity_list("kind"))
    kinds = [row.id for row in t.rows(select(words.c.id).where(words.c.list == no, words.c.word.in_(TOUCHES)))]
    if not kinds:
        return {}
    here = (activities.c.shard == persons.c.id % SHARDS) & (activities.c.person == persons.c.id)
    statement = select(persons.c.id, func.max(activities.c.at).label("at")).join(activities, here)
    happened = activities.c.kind.in_(kinds) & (activities.c.at <= activities.c.seen_at)
    rows = t.rows(statement.where(persons.c.id.in_(sorted(people)), happened).group_by(persons.c.id))
    return {row.id: from_us(row.at) for row in rows}
