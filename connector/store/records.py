"""Contacts, companies and deals as they are now, and what changed in them when.

History is one row for each mapped value, link or deletion that changed; a record seen for the first time has none.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Table, delete, func, select

from connector.core.people import PersonId
from connector.core.records import Company, Contact, Deal, RecordKey
from connector.ports.errors import StoreError
from connector.store.instants import to_us
from connector.store.rows import Columns, company_columns, contact_columns, contact_of, deal_columns
from connector.store.schema import activity_ids, companies, contacts, deal_contacts, deals, history, members
from connector.store.transaction import AnyRow, Transaction, chunks
from connector.store.values import dump

R = TypeVar("R", Contact, Company, Deal)
Pair = tuple[int, str]

LINKS = {
    "emails": "@emails",
    "company_id": "@company",
    "owner": "@owner",
    "deleted": "@deleted",
    "survivor": "@survivor",
    "name": "@name",
    "state": "@state",
    "contacts": "@contacts",
    "amount": "@amount",
    "closed_at": "@closed_at",
}
"""Columns beside the mapped values whose change counts, and what the history calls them."""


class SqlRecords:
    """Fulfils `ports.rows.Records`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def put_contacts(self, contacts_: Sequence[Contact], *, seen_at: datetime) -> tuple[RecordKey, ...]:
        t = self._t
        last = _last_by_key(contacts_)
        attached: dict[Pair, tuple[int, PersonId]] = {}
        for some in chunks(list(last)):
            statement = select(members.c.source, members.c.id, members.c.no, members.c.person)
            for row in t.rows(statement.where(t.among(members.c.source, members.c.id, some))):
                attached[row.source, row.id] = (row.no, row.person)
        rows: dict[Pair, Columns] = {}
        for key, contact in last.items():
            pair = (t.source(key.connection, key.source), key.id)
            if pair not in attached:
                raise StoreError(f"A {key.source} row of {key.connection!r} was to be stored before it was attached to a person.")
            rows[pair] = {"no": attached[pair][0], **contact_columns(t, contact)}
        of_pair = {pair: no for pair, (no, _) in attached.items()}
        old = _by_number(t, of_pair)
        changed = _keep(t, contacts, rows, old, seen_at=to_us(seen_at))
        t.stale.update(attached[pair][1] for pair in changed)
        return _keys(t, changed)

    def put_companies(self, companies_: Sequence[Company], *, seen_at: datetime) -> tuple[RecordKey, ...]:
        changed = self._put(companies, _last_by_key(companies_), company_columns, seen_at=seen_at)
        self._t.stale.update(people_at(self._t, changed))
        return _keys(self._t, changed)

    def put_deals(self, deals_: Sequence[Deal], *, seen_at: datetime) -> tuple[RecordKey, ...]:
        t = self._t
        last = _last_by_key(deals_)
        before = _people_of_deals(t, [(t.source(key.connection, key.source), key.id) for key in last])
        changed = self._put(deals, last, deal_columns, seen_at=seen_at)
        for source in {source for source, _ in changed}:
            mine = [id_ for of, id_ in changed if of == source]
            for some in chunks(mine):
                t.run(delete(deal_contacts).where(deal_contacts.c.deal_source == source, deal_contacts.c.deal_id.in_(some)))
        t.upsert(deal_contacts, [row for pair in changed for row in _deal_contacts(t, pair, last[t.key(*pair)])])
        after = _people_of_deals(t, changed)
        for pair in changed:
            t.stale.update(before.get(pair, ()))
            t.stale.update(after.get(pair, ()))
        return _keys(t, changed)

    def contact(self, key: RecordKey) -> Contact | None:
        columns = (members.c.source, members.c.id, *(c for c in contacts.columns if c.name != "no"))
        statement = select(*columns).join(members, members.c.no == contacts.c.no)
        row = self._t.first(statement.where(self._t.among(members.c.source, members.c.id, [key])))
        return None if row is None else contact_of(self._t, row)

    def counts(self) -> Mapping[str, int]:
        """Contacts, companies, deals and activities that are not deleted."""
        live_contacts = select(members.c.source, func.count()).join(contacts, contacts.c.no == members.c.no)
        statements = (
            live_contacts.where(contacts.c.deleted.is_(False)).group_by(members.c.source),
            select(companies.c.source, func.count()).where(companies.c.deleted.is_(False)).group_by(companies.c.source),
            select(deals.c.source, func.count()).where(deals.c.deleted.is_(False)).group_by(deals.c.source),
            select(activity_ids.c.source, func.count()).group_by(activity_ids.c.source),
        )
        counts: dict[str, int] = {}
        for statement in statements:
            for source, rows in self._t.rows(statement):
                key = self._t.key(source, "")
                name = f"{key.connection} {key.source}"
                counts[name] = counts.get(name, 0) + rows
        return dict(sorted(counts.items()))

    def _put(
        self, table: Table, last: Mapping[RecordKey, R], columns: Callable[[Transaction, R], Columns], *, seen_at: datetime
    ) -> list[Pair]:
        t = self._t
        rows: dict[Pair, Columns] = {}
        for key, record in last.items():
            source = t.source(key.connection, key.source)
            rows[source, key.id] = {"source": source, "id": key.id, **columns(t, record)}
        old: dict[Pair, AnyRow] = {}
        for some in chunks(list(rows)):
            old.update({(row.source, row.id): row for row in t.rows(select(table).where(t.among_pairs(table.c.source, table.c.id, some)))})
        return _keep(t, table, rows, old, seen_at=to_us(seen_at))


def _last_by_key(records: Iterable[R]) -> dict[RecordKey, R]:
    """Of a record given twice the later one counts."""
    return {record.key: record for record in records}


def _keys(t: Transaction, pairs: Iterable[Pair]) -> tuple[RecordKey, ...]:
    return tuple(t.key(*pair) for pair in pairs)


def _by_number(t: Transaction, numbers: Mapping[Pair, int]) -> dict[Pair, AnyRow]:
    of_number = {no: pair for pair, no in numbers.items()}
    found: dict[Pair, AnyRow] = {}
    for some in chunks(of_number):
        found.update({of_number[row.no]: row for row in t.rows(select(contacts).where(t.one_of(contacts.c.no, some)))})
    return found


def _keep(t: Transaction, table: Table, rows: Mapping[Pair, Columns], old: Mapping[Pair, AnyRow], *, seen_at: int) -> list[Pair]:
    """Stores what differs; gives the rows whose values, links or deletion changed."""
    changed: list[Pair] = []
    store: list[Columns] = []
    past: list[Columns] = []
    for pair, new in rows.items():
        before = old.get(pair)
        new["seen_at"] = seen_at
        new["changed_at"] = new["modified_at"]
        if before is None:
            changed.append(pair)
            store.append(new)
            continue
        differences = _differences(before._mapping, new)
        if differences:
            changed.append(pair)
            origin = {"source": pair[0], "id": pair[1], "at": new["modified_at"], "seen_at": seen_at}
            past.extend({**origin, "field": name, "before": was, "after": now} for name, was, now in differences)
        else:
            new["changed_at"] = before.changed_at
        if differences or new["modified_at"] != before.modified_at:
            store.append(new)
    t.upsert(table, store)
    t.insert(history, past)
    return changed


def _differences(old: Mapping[Any, Any], new: Columns) -> list[tuple[str, str | None, str | None]]:
    """(field, before, after) as JSON, of mapped values and links."""
    found: list[tuple[str, str | None, str | None]] = []
    for column, name in LINKS.items():
        if column in new and (old[column] != new[column] or (column == "company_id" and old["company_source"] != new["company_source"])):
            found.append((name, dump(old[column]), dump(new[column])))
    if old["mapped"] != new["mapped"]:
        was, now = json.loads(old["mapped"]), json.loads(new["mapped"])
        for name in sorted(was.keys() | now.keys()):
            if was.get(name) != now.get(name) or type(was.get(name)) is not type(now.get(name)):
                found.append((name, dump(was[name]) if name in was else None, dump(now[name]) if name in now else None))
    return found


def people_at(t: Transaction, firms: Iterable[Pair]) -> set[PersonId]:
    """Persons with a live row at one of these companies."""
    people: set[PersonId] = set()
    for some in chunks(list(firms)):
        statement = select(members.c.person).join(contacts, contacts.c.no == members.c.no)
        condition = t.among_pairs(contacts.c.company_source, contacts.c.company_id, some)
        people.update(row.person for row in t.rows(statement.where(condition, contacts.c.deleted.is_(False))))
    return people


def _deal_contacts(t: Transaction, pair: Pair, deal: Deal) -> Iterable[Columns]:
    for link in deal.contacts:
        source = t.source(link.contact.connection, link.contact.source)
        yield {"contact_source": source, "contact_id": link.contact.id, "deal_source": pair[0], "deal_id": pair[1]}


def _people_of_deals(t: Transaction, pairs: Sequence[Pair]) -> dict[Pair, set[PersonId]]:
    """Persons on each stored deal or at its company."""
    people: dict[Pair, set[PersonId]] = {}
    on_it = (members.c.source == deal_contacts.c.contact_source) & (members.c.id == deal_contacts.c.contact_id)
    direct = select(deal_contacts.c.deal_source, deal_contacts.c.deal_id, members.c.person).join(members, on_it)
    at_firm = (contacts.c.company_source == deals.c.company_source) & (contacts.c.company_id == deals.c.company_id)
    through = select(deals.c.source, deals.c.id, members.c.person).join(contacts, at_firm).join(members, members.c.no == contacts.c.no)
    for some in chunks(pairs):
        for statement in (
            direct.where(t.among_pairs(deal_contacts.c.deal_source, deal_contacts.c.deal_id, some)),
            through.where(t.among_pairs(deals.c.source, deals.c.id, some)),
        ):
            for source, id_, person in t.rows(statement):
                people.setdefault((source, id_), set()).add(person)
    return people
