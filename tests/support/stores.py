"""Stores and records for tests: a fresh SQLite store in a directory, and short ways to make canonical rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from connector.core.people import PersonId
from connector.core.records import Activity, Company, Contact, Deal, DealContact, DealState, RecordKey, Value
from connector.ports.store import Attach, Connection
from connector.store.sql_store import SqlStore
from connector.store.store import DATABASE, create, open_store

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def at(days: float = 0) -> datetime:
    """So many days after the start of all tests."""
    return START + timedelta(days=days)


def url_of(directory: Path) -> str:
    return f"sqlite:///{directory / DATABASE}"


@contextmanager
def sqlite_store(directory: Path) -> Iterator[SqlStore]:
    """A store in a directory, made when it is not there, closed at the end."""
    create(directory)
    store = open_store(url=url_of(directory), directory=directory, command="test")
    try:
        yield store
    finally:
        store.close()


def key(id_: str, *, source: str = "Lead", connection: str = "crm") -> RecordKey:
    return RecordKey(connection, source, id_)


def connection(name: str = "crm", *, production: bool = True, account: str = "") -> Connection:
    return Connection(name=name, crm="salesforce", settings={}, account=account, production=production, created_at=START)


def contact(
    id_: str,
    *,
    values: Mapping[str, Value] | None = None,
    emails: Sequence[str] = (),
    company: RecordKey | None = None,
    modified: float = 0,
    deleted: bool = False,
    source: str = "Lead",
    connection: str = "crm",
) -> Contact:
    return Contact(
        key=key(id_, source=source, connection=connection),
        emails=tuple(emails),
        company=company,
        values=dict(values or {}),
        modified_at=at(modified),
        deleted=deleted,
    )


def company(
    id_: str, *, values: Mapping[str, Value] | None = None, owner: str | None = None, modified: float = 0, deleted: bool = False
) -> Company:
    return Company(key=key(id_, source="Account"), owner=owner, values=dict(values or {}), modified_at=at(modified), deleted=deleted)


def deal(
    id_: str,
    state: DealState,
    *,
    on_it: Sequence[RecordKey] = (),
    company: RecordKey | None = None,
    modified: float = 0,
    deleted: bool = False,
) -> Deal:
    links = tuple(DealContact(contact=one) for one in on_it)
    return Deal(
        key=key(id_, source="Opportunity"),
        name=id_,
        state=state,
        contacts=links,
        company=company,
        modified_at=at(modified),
        deleted=deleted,
    )


def activity(
    id_: str, of: RecordKey, *, days: float, kind: str = "page_view", path: str = "", seconds: int = 0, deleted: bool = False
) -> Activity:
    return Activity(id=id_, contact=of, source="Visit", kind=kind, at=at(days), path=path, seconds=seconds, deleted=deleted)


def attached(of: RecordKey, person: PersonId = -1, *, emails: Sequence[str] = ()) -> Attach:
    return Attach(key=of, person=person, emails=tuple(emails), why="first seen", confidence=100)


def put_contact(store: SqlStore, row: Contact, *, person: PersonId = -1) -> PersonId:
    """Attaches and stores one contact row; gives its person."""

    def unit(tx: object) -> PersonId:
        assert hasattr(tx, "people")
        people = tx.people.attach([attached(row.key, person, emails=row.emails)], at=at())
        tx.records.put_contacts([row], seen_at=at())  # type: ignore[attr-defined]
        found: PersonId = people[row.key]
        return found

    return store.write(unit)
