"""What the product asks of its store. One implementation for SQLite and PostgreSQL fulfils it under `connector/store`.

Reads happen in `Store.read()`, writes in a unit given to `Store.write(unit)`: one transaction, all or nothing, at most about 500 rows,
no CRM call inside. A unit may be run again, after a transient failure or where another one failed beside it, so it computes nothing but
what it writes and gives back. Instants are aware UTC.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

from connector.core.facts import Activities, People
from connector.core.people import Person, PersonId
from connector.core.qualification import LadderState, StageMove
from connector.core.records import Activity, Company, Contact, Deal, RecordKey
from connector.ports.crm import Json, NewTask, RawRecord, Refusal
from connector.ports.inbox import HeldEvents, Hints, Inbox, Leases, Marks, Workers
from connector.ports.sites import Sites

T = TypeVar("T")


class LiveStep(StrEnum):
    """How far a connection is live; each step includes the ones before it."""

    OFF = "off"
    FIELDS = "fields"
    STAGES = "stages"
    TASKS = "tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    name: str
    crm: str
    settings: Mapping[str, str]
    """What an admin typed, without the secrets."""
    account: str = ""
    """Organization or portal id, known since the first check; a connection never changes it."""
    production: bool = True
    zone: str = "UTC"
    live: LiveStep = LiveStep.OFF
    live_people: tuple[str, ...] | None = None
    """E-mail addresses (lower case) the connection is live for; None: everybody."""
    write_limit: int = 2000
    """Records one run may change before it stops and asks."""
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One published version of a mapping (`fields`), scoring model (`scoring`) or ladder (`lifecycle`)."""

    kind: str
    name: str
    version: int
    text: str
    published_at: datetime
    note: str = ""
    current: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRaw:
    fields: Mapping[str, Json]
    modified_at: datetime
    deleted: bool
    survivor: RecordKey | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """Puts a row into a person. `person` below 0 means a new person; equal negative numbers in one call mean the same new person."""

    key: RecordKey
    person: PersonId
    emails: tuple[str, ...] | None
    """Normalised addresses by which other rows may join; role mailboxes are not among them. None leaves those that are stored."""
    why: str
    confidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Two persons turn out to be one; rows, activities, state and history move to the survivor. A dated event that can be split again."""

    survivor: PersonId
    loser: PersonId
    why: str
    confidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """A score as it is kept: `lines` is a JSON list of `[level, side, kind, id, points, micropoints, count, latest_at]`."""

    person: PersonId
    model: str
    model_version: int
    as_of: datetime
    fit: int
    engagement: int
    total: int
    rank: int
    grade: str
    temperature: str
    excluded: str
    lines: str
    fired: str
    """JSON: hand-off id → seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A task that the product made or is about to make."""

    task: NewTask
    person: PersonId
    rule: str
    trigger: str
    connection: str
    state: str
    """`planned`, `open`, `closed` (completed or thrown away in the CRM), `refused`."""
    record: str = ""
    """The CRM's id of the task, once made."""
    made_at: datetime | None = None


class PlanState(StrEnum):
    PENDING = "pending"
    SENDING = "sending"
    """Committed before the call: after a kill its fate is unknown and is looked up."""
    DONE = "done"
    REFUSED = "refused"
    LEFT_OUT = "left_out"
    """Not written, because something changed since; `note` says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedField:
    field: str
    name: str
    before: Json
    after: Json
    ours: bool
    """Whether the field's ownership is `ours`; others are read again right before the write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedChange:
    seq: int
    key: RecordKey
    person: PersonId
    person_name: str
    fields: tuple[PlannedField, ...]
    state: PlanState = PlanState.PENDING
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTask:
    seq: int
    task: NewTask
    person: PersonId
    person_name: str
    rule: str
    trigger: str
    state: PlanState = PlanState.PENDING
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    id: int
    run: int
    created_at: datetime
    closed: bool
    """Whether it is complete; one that is not was cut off while being made, and is never executed."""
    calls: Mapping[str, int]
    """API calls the plan will cost, by `<connection> <purpose>`."""
    begun_at: datetime | None = None
    executed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    id: int
    verb: str
    started_at: datetime
    ended_at: datetime | None = None
    state: str = "running"
    """`running`, `done`, `failed`, `stopped` (by a person), `killed` (its worker ended without it)."""
    counts: Mapping[str, int] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One field of one row, as it was and as we made it."""

    run: int
    key: RecordKey
    person: PersonId
    field: str
    name: str
    before: Json
    after: Json
    at: datetime
    model: str
    model_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A row that could not be written, with why, until it is retried or the cause is gone."""

    key: RecordKey
    what: str
    """`fields`, or the Hotlead Key of a task."""
    person: PersonId
    refusal: Refusal
    at: datetime
    tries: int
    next_try_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownValue:
    """A value that a mapping does not know; kept and shown, never guessed."""

    connection: str
    source: str
    field: str
    value: str
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """One person in a list."""

    person: PersonId
    name: str
    email: str
    company: str
    score: ScoreRow | None
    stage: str


class Connections(Protocol):
    def all(self) -> tuple[Connection, ...]: ...
    def get(self, name: str) -> Connection | None: ...
    def put(self, connection: Connection) -> None: ...
    def secrets(self, name: str) -> bytes | None:
        """Sealed; only a `Vault` opens it."""

    def put_secrets(self, name: str, sealed: bytes) -> None: ...


class Documents(Protocol):
    def publish(self, *, kind: str, name: str, text: str, at: datetime, note: str = "") -> int:
        """The new version's number. The same text as the current version publishes nothing and gives the current number."""

    def current(self, *, kind: str, name: str) -> Document | None: ...
    def all_current(self, *, kind: str) -> tuple[Document, ...]: ...
    def versions(self, *, kind: str, name: str) -> tuple[Document, ...]:
        """Newest first."""

    def version(self, *, kind: str, name: str, version: int) -> Document | None: ...


class Cursors(Protocol):
    def get(self, *, connection: str, source: str) -> str | None: ...
    def put(self, *, connection: str, source: str, cursor: str, at: datetime) -> None: ...
    def clear(self, *, connection: str) -> None:
        """Forgets where reading stood, so that the next pull is a first load."""


class Raw(Protocol):
    def get(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, StoredRaw]: ...
    def put(self, records: Sequence[RawRecord], *, seen_at: datetime) -> None:
        """Replaces; fields absent from a record are not kept."""

    def erased(self, keys: Sequence[RecordKey]) -> frozenset[RecordKey]:
        """Those of these rows that were erased (`Tx.erase`): whoever reads them again must drop them."""

    def amend(self, written: Mapping[RecordKey, Mapping[str, Json]]) -> None:
        """Sets some fields of stored rows to what we just wrote there."""

    def rows(self, *, connection: str, source: str) -> Iterator[RawRecord]:
        """All stored rows, for replaying a changed mapping without a pull."""

    def live_ids(self, *, connection: str, source: str, after: str, limit: int) -> tuple[str, ...]:
        """Ids of stored rows that are neither deleted nor taken over by another, ascending, from the first one above `after`."""


class Records(Protocol):
    def put_contacts(self, contacts: Sequence[Contact], *, seen_at: datetime) -> tuple[RecordKey, ...]:
        """Keys whose canonical values, links or deletion changed. History is kept on change. The rows must be attached to persons."""

    def put_companies(self, companies: Sequence[Company], *, seen_at: datetime) -> tuple[RecordKey, ...]: ...
    def put_deals(self, deals: Sequence[Deal], *, seen_at: datetime) -> tuple[RecordKey, ...]: ...
    def contact(self, key: RecordKey) -> Contact | None: ...
    def counts(self) -> Mapping[str, int]:
        """Live rows by `<connection> <source>`, for people to read."""


class PeopleStore(Protocol):
    def of(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, PersonId]: ...
    def holders(self, emails: Sequence[str], *, production: bool) -> Mapping[str, tuple[PersonId, ...]]:
        """Who holds a row with this normalised address among connections of the same kind (production or test)."""

    def attach(self, rows: Sequence[Attach], *, at: datetime) -> Mapping[RecordKey, PersonId]: ...
    def join(self, joins: Sequence[Join], *, at: datetime) -> None: ...
    def at_companies(self, companies: Sequence[RecordKey]) -> tuple[PersonId, ...]: ...
    def count(self) -> int:
        """Persons with at least one live row."""

    def ids(self, *, after: PersonId, limit: int) -> tuple[PersonId, ...]:
        """Persons with a live row, ascending."""

    def load(self, people: Sequence[PersonId]) -> tuple[Person, ...]: ...
    def find(self, text: str, *, limit: int = 20) -> tuple[PersonLine, ...]:
        """By e-mail address, record id, person number, or part of a name or company."""


class ActivityStore(Protocol):
    def put(self, rows: Sequence[tuple[PersonId, Activity]], *, seen_at: datetime) -> tuple[PersonId, ...]:
        """Persons whose activities really changed; the same activity again changes nothing, a deleted one is taken away."""

    def of(self, person: PersonId) -> tuple[Activity, ...]:
        """Oldest first."""

    def roll_ups_of(self, contacts: Sequence[RecordKey]) -> tuple[tuple[RecordKey, str], ...]:
        """Row and id of each activity that these contact rows told themselves (moments and counters)."""

    def count(self) -> int: ...
    def kinds(self) -> Mapping[str, int]:
        """How many persons have at least one activity of each kind, for starved rules."""


class Scores(Protocol):
    def put(self, rows: Sequence[ScoreRow]) -> None:
        """Becomes the current score; a row goes to the history when its grade differs from the one before."""

    def current(self, people: Sequence[PersonId], *, model: str) -> Mapping[PersonId, ScoreRow]: ...
    def know(self, people: Sequence[PersonId], *, turn: int) -> None:
        """The scores of these people, or that they have none, come of everything that was marked up to this turn."""

    def knowing_more(self, people: Sequence[PersonId], *, than: int) -> frozenset[PersonId]:
        """Those of these people whose scores are known to come of something that was marked after this turn."""

    def keep(self, rows: Sequence[ScoreRow]) -> None:
        """Adds to the history (it was written to a CRM)."""

    def hottest(self, *, model: str, limit: int) -> tuple[PersonLine, ...]:
        """Not excluded, by temperature, then grade, then rank."""

    def grades(self, *, model: str) -> Mapping[str, int]: ...


class LadderStates(Protocol):
    def get(self, people: Sequence[PersonId]) -> Mapping[PersonId, LadderState]: ...
    def put(self, states: Sequence[LadderState], *, moves: Sequence[StageMove], run: int) -> None: ...
    def moves(self, person: PersonId) -> tuple[StageMove, ...]: ...
    def counts(self) -> Mapping[str, int]:
        """Persons by stage."""


class FollowUps(Protocol):
    def put(self, follow_up: FollowUp) -> None: ...
    def open_of(self, people: Sequence[PersonId]) -> Mapping[PersonId, tuple[FollowUp, ...]]: ...
    def get(self, key: str) -> FollowUp | None: ...
    def open_in(self, connection: str, *, after: str, limit: int) -> tuple[str, ...]:
        """Hotlead Keys of the tasks that are open in this connection, ascending, from the first one above `after`."""

    def close(self, keys: Sequence[str]) -> None:
        """These ended; one that is not open stays as it is."""


class Plans(Protocol):
    def create(self, *, run: int, at: datetime) -> int: ...
    def add(
        self,
        plan: int,
        *,
        changes: Sequence[PlannedChange],
        tasks: Sequence[PlannedTask],
        states: Sequence[LadderState],
        moves: Sequence[StageMove],
    ) -> None:
        """Appends. `states` and `moves` are what becomes true when the plan is executed."""

    def close(self, plan: int, *, calls: Mapping[str, int]) -> None:
        """Nothing more will be added; only now can it be executed."""

    def get(self, plan: int) -> Plan | None: ...
    def unfinished(self) -> tuple[Plan, ...]:
        """Closed plans whose execution began and did not end."""

    def begin(self, plan: int, *, run: int, at: datetime) -> None: ...
    def end(self, plan: int, *, at: datetime) -> None: ...
    def changes(
        self, plan: int, *, connection: str, source: str, states: Sequence[PlanState], after: int, limit: int
    ) -> tuple[PlannedChange, ...]:
        """By `seq`, from the first one above `after`."""

    def tasks(self, plan: int, *, connection: str, states: Sequence[PlanState], after: int, limit: int) -> tuple[PlannedTask, ...]: ...
    def targets(self, plan: int) -> tuple[tuple[str, str], ...]:
        """Each (connection, source) that has changes in the plan."""

    def ladder(self, plan: int) -> tuple[tuple[LadderState, ...], tuple[StageMove, ...]]: ...
    def set_changes(self, plan: int, seqs: Sequence[int], *, state: PlanState, note: str = "") -> None: ...
    def set_tasks(self, plan: int, seqs: Sequence[int], *, state: PlanState, note: str = "") -> None: ...
    def tally(self, plan: int) -> Mapping[str, int]:
        """Rows by `<connection> <fields|tasks> <state>`."""

    def forget(self, *, before: datetime, limit: int) -> int:
        """Takes away plans from before then, oldest first, about `limit` rows at a time; how many rows went, 0 when none is left.

        One that was begun and not finished stays.
        """


class Journal(Protocol):
    def put(self, entries: Sequence[JournalEntry]) -> None: ...
    def of_run(self, run: int) -> tuple[JournalEntry, ...]: ...
    def last_written(self, keys: Sequence[RecordKey], *, fields: Collection[str]) -> Mapping[tuple[RecordKey, str], Json]:
        """Of these fields of the CRM, by row and field name."""

    def last(self, fields: Sequence[tuple[RecordKey, str]]) -> Mapping[tuple[RecordKey, str], JournalEntry]:
        """The newest entry of each of these fields of rows that was ever written."""

    def since(self, keys: Sequence[RecordKey], *, at: datetime) -> tuple[JournalEntry, ...]:
        """What was written in these rows from then on, in the order written."""

    def busy(self, keys: Sequence[RecordKey], *, since: datetime) -> Mapping[RecordKey, int]:
        """In how many runs each row was written since then; rows that were not are left out."""


class Runs(Protocol):
    def start(self, *, verb: str, at: datetime, worker: str = "") -> int:
        """Marks as killed the runs left without an end by a worker that is not among `Tx.workers` (nor this one)."""

    def finish(self, run: int, *, at: datetime, state: str, counts: Mapping[str, int], message: str = "") -> None: ...
    def recent(self, *, limit: int) -> tuple[Run, ...]: ...
    def forget(self, *, before: datetime, limit: int) -> int:
        """Takes away up to `limit` runs from before then that no plan names; how many went. What they wrote stays in the journal."""


class ParkedRows(Protocol):
    def put(self, rows: Sequence[Parked]) -> None: ...
    def get(self, keys: Sequence[RecordKey]) -> Mapping[tuple[RecordKey, str], Parked]: ...
    def clear(self, rows: Sequence[tuple[RecordKey, str]]) -> None: ...
    def all(self, *, limit: int) -> tuple[Parked, ...]: ...
    def due(self, *, at: datetime, connections: Collection[str], limit: int, after: Parked | None = None) -> tuple[Parked, ...]:
        """Those of these connections whose next try has come, the longest due first; only what comes after `after`, where it is given."""

    def count(self) -> int: ...


class UnknownValues(Protocol):
    def put(self, rows: Sequence[UnknownValue]) -> None: ...
    def clear(self, *, connection: str, source: str) -> None: ...
    def all(self) -> tuple[UnknownValue, ...]: ...


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


class Vault(Protocol):
    """Seals and opens credentials with a key kept outside the database."""

    def seal(self, secrets: Mapping[str, str]) -> bytes: ...
    def open(self, sealed: bytes) -> Mapping[str, str]:
        """Raises SecretsError where the key does not fit."""
