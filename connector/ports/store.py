"""What the product asks of its store. One implementation for SQLite and PostgreSQL fulfils it under `connector/store`.

Reads happen in `Store.read()`, writes in a unit given to `Store.write(unit)`: one transaction, all or nothing, at most about 500 rows,
no CRM call inside. A unit may be run again, after a transient failure or where another one failed beside it, so it computes nothing but
what it writes and gives back. Instants are aware UTC.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol, TypeVar

from connector.core.facts import Activities, People
from connector.core.people import PersonId
from connector.core.records import RecordKey
from connector.ports.connections import Connections, Sealing
from connector.ports.documents import Documents
from connector.ports.inbox import HeldEvents, Hints, Inbox, Leases, Marks, Workers
from connector.ports.people import ActivityStore, FollowUps, LadderStates, PeopleStore, Scores
from connector.ports.plans import Plans
from connector.ports.rows import Cursors, Raw, Records, UnknownValues
from connector.ports.runs import Journal, ParkedRows, Runs
from connector.ports.sites import Sites

T = TypeVar("T")


class Tx(Protocol):
    """All concerns inside one transaction."""

    @property
    def connections(self) -> Connections: ...
    @property
    def documents(self) -> Documents: ...
    @property
    def cursors(self) -> Cursors: ...
    @property
    def raw(self) -> Raw: ...
    @property
    def records(self) -> Records: ...
    @property
    def people(self) -> PeopleStore: ...
    @property
    def activities(self) -> ActivityStore: ...
    @property
    def scores(self) -> Scores: ...
    @property
    def ladder(self) -> LadderStates: ...
    @property
    def follow_ups(self) -> FollowUps: ...
    @property
    def plans(self) -> Plans: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def runs(self) -> Runs: ...
    @property
    def parked(self) -> ParkedRows: ...
    @property
    def unknowns(self) -> UnknownValues: ...
    @property
    def inbox(self) -> Inbox: ...
    @property
    def hints(self) -> Hints: ...
    @property
    def marks(self) -> Marks: ...
    @property
    def leases(self) -> Leases: ...
    @property
    def workers(self) -> Workers: ...
    @property
    def held_events(self) -> HeldEvents: ...
    @property
    def sites(self) -> Sites: ...
    @property
    def sealing(self) -> Sealing: ...
    def wake(self, job: str, *, key: str = "") -> None:
        """This job should look soon, at this key of its (a connection's name). Heard once the unit is durable; no work hangs on it."""

    def erase(self, keys: Sequence[RecordKey]) -> tuple[PersonId, ...]:
        """Forgets these rows as if they had never been read: values, history, what was written there, activities, and persons left without
        a row, with their scores, tasks and past. Only a hash of each row's key stays, so that nothing brings them back by itself. Gives the
        persons touched who have other rows.
        """


class Store(Protocol):
    """The whole store. A SQLite file is written by the one process that opened it so, and a second that tries gets StoreBusy; processes
    that write to PostgreSQL take turns.
    """

    def read(self) -> AbstractContextManager[Tx]:
        """A consistent snapshot."""

    def write(self, unit: Callable[[Tx], T]) -> T:
        """Runs the unit in the one writer and returns when it is durable. Raises what the unit raised; then nothing of it stands.

        A database that is away is waited for, about a minute; then StoreUnreachable, whose `in_doubt` says whether the unit may stand.
        """

    def load_people(self, people: Sequence[PersonId], *, facts: Sequence[str], since: datetime) -> tuple[People, Activities]:
        """A few persons with the named facts and their activities since then, ready for scoring."""

    def backup(self, to: Path) -> None:
        """A checked copy of the database in this file, made beside whoever writes. Raises UsageError where the database is no file."""

    def close(self) -> None: ...


class ShardReader(Protocol):
    """Whole shards as columns. Picklable until first used; lives in child processes that open the database in no other way."""

    def shard(self, shard: int, *, facts: Sequence[str], since: datetime) -> tuple[People, Activities]:
        """Persons of the shard with a live row, ascending, and their activities since then."""


class ShardPool(Protocol):
    """Child processes that each hold a ShardReader."""

    def each_shard(self, work: Callable[[ShardReader, int], T], *, shards: Sequence[int]) -> Iterator[T]:
        """`work` (a picklable module-level function or partial) on each shard; results as they come."""

    def close(self) -> None: ...
