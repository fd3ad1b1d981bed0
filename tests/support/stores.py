"""Stores and records for tests: a fresh SQLite store in a directory, and short ways to make canonical rows."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from shutil import copytree
from uuid import uuid4

import psycopg
from sqlalchemy import make_url

from connector.core.people import PersonId
from connector.core.qualification import LadderState, StageMove
from connector.core.records import Activity, Company, Contact, Deal, DealContact, DealState, RecordKey, Value
from connector.ports.connections import Connection
from connector.ports.crm import NewTask, Priority, TaskType
from connector.ports.people import Attach, FollowUp, Join, ScoreRow
from connector.ports.store import Store, Tx
from connector.store.schema import METADATA
from connector.store.sql_store import SqlStore
from connector.store.store import create, database_url, open_store

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)


def at(days: float = 0) -> datetime:
    """So many days after the start of all tests."""
    return START + timedelta(days=days)


def url_of(directory: Path) -> str:
    return database_url(directory)


@contextmanager
def sqlite_store(directory: Path, *, template: Path | None = None) -> Iterator[SqlStore]:
    """A store in a directory, made when it is not there (as a copy of `template` where one is given), closed at the end."""
    if template is None:
        create(directory)
    else:
        copytree(template, directory)
    store = open_store(url=url_of(directory), directory=directory, command="test")
    try:
        yield store
    finally:
        store.close()


def postgres_database(server: str, directory: Path, *, durable: bool = False) -> str:
    """The URL of a new hotlead database of a PostgreSQL server. Unless it is `durable`, a server that is cut off loses the last commits."""
    name = f"hotlead_{uuid4().hex}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        if not durable:
            admin.execute(f"ALTER DATABASE {name} SET synchronous_commit TO off")
    url = make_url(server).set(drivername="postgresql+psycopg", database=name).render_as_string(hide_password=False)
    create(directory, url=url)
    return url


@contextmanager
def postgres_store(directory: Path, *, url: str) -> Iterator[SqlStore]:
    """A store in a PostgreSQL database that `create` has made, emptied first."""
    directory.mkdir(exist_ok=True)
    with psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True) as admin:
        tables = [table.name for table in reversed(METADATA.sorted_tables) if table.name != "made_by"]
        admin.execute(";".join(f"DELETE FROM {table}" for table in tables).encode())
    store = open_store(url=url, directory=directory, command="test")
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


def put_contact(store: Store, row: Contact, *, person: PersonId = -1) -> PersonId:
    """Attaches and stores one contact row; gives its person."""

    def unit(tx: Tx) -> PersonId:
        people = tx.people.attach([attached(row.key, person, emails=row.emails)], at=at())
        tx.records.put_contacts([row], seen_at=at())
        return people[row.key]

    return store.write(unit)


def join(survivor: PersonId, loser: PersonId) -> Join:
    return Join(survivor=survivor, loser=loser, why="same e-mail", confidence=100)


def score(
    person: PersonId, *, grade: str = "B2", temperature: str = "warm", rank: int = 50, days: float = 0, excluded: str = ""
) -> ScoreRow:
    return ScoreRow(
        person=person,
        model="default",
        model_version=1,
        as_of=at(days),
        fit=30,
        engagement=20,
        total=50,
        rank=rank,
        grade=grade,
        temperature=temperature,
        excluded=excluded,
        lines='[["rule","fit","rule","vp",30,30000000,0,null]]',
        fired="{}",
    )


def state(person: PersonId, *, stage: str = "lead", days: float = 0) -> LadderState:
    return LadderState(person=person, stage=stage, stage_since=at(days), temperature="cold")


def move(person: PersonId, *, before: str = "lead", after: str = "mql", days: float = 0) -> StageMove:
    return StageMove(person=person, at=at(days), before=before, after=after, why="hot", by="hotlead")


def task(key_: str = "task-1", *, of: RecordKey | None = None) -> NewTask:
    return NewTask(
        key=key_,
        contact=of or key("1"),
        subject="Call Ann",
        body="Because she asked",
        due_at=at(0.5),
        due_on=date(2026, 11, 2),
        type=TaskType.CALL,
        priority=Priority.HIGH,
        owner="005A",
    )


def follow_up(person: PersonId, key_: str = "task-1", *, state: str = "open", of: RecordKey | None = None) -> FollowUp:
    return FollowUp(
        task=task(key_, of=of), person=person, rule="call-hot", trigger="hot", connection="crm", state=state, record="00T1", made_at=at(1)
    )
