"""What the product asks of a CRM. One folder under `adapters/` fulfils it for one CRM; nothing here knows which.

`source` is the CRM's own word for a kind of row (given by the field mapping, opaque to the callers); `fields` are the CRM's field names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from connector.core.records import RecordKey
from connector.ports.budgets import SharedBudget
from connector.ports.errors import Action
from connector.ports.hooks import HintFeed, Hooks
from connector.ports.tokens import TokenShelf

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRecord:
    """One row as the CRM gave it. `fields` holds just what was asked for, by the CRM's names, `None` where the CRM holds nothing.

    Related rows stand under `@<source>` as a list of `{"id": ..., "role": ...}`.
    """

    key: RecordKey
    modified_at: datetime
    fields: Mapping[str, Json]
    deleted: bool = False
    survivor: RecordKey | None = None
    """After a merge or a conversion: the row that lives on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What to read of one source.

    `since` bounds the first load by `since_field` (the CRM's name of the time that matters, such as when an activity happened); None reads
    everything. `cursor` is what the last stored page gave, or None for a first load. `related` names sources whose ids to bring along.
    """

    source: str
    fields: tuple[str, ...]
    related: tuple[str, ...] = ()
    since: datetime | None = None
    since_field: str = ""
    cursor: str | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Only rows whose field holds one of these values (for event types and the like); empty: all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows, and the cursor to store with them: reading on from it repeats none but the overlap and misses none."""

    records: tuple[RawRecord, ...]
    cursor: str
    expected: int | None = None
    """Rows in all that this read will give, where the CRM says so (for progress)."""


class FieldType(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    PICKLIST = "picklist"
    MULTI_PICKLIST = "multi_picklist"
    REFERENCE = "reference"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogField:
    name: str
    label: str
    type: FieldType
    length: int | None = None
    writable: bool = True
    options: tuple[str, ...] = ()
    """Values of a picklist as the API takes them."""
    open_options: bool = False
    """Whether a picklist takes values beyond its options."""
    unique: bool = False
    refers_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """Which sources and fields this connection's user can see now."""

    sources: Mapping[str, Mapping[str, CatalogField]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """New values for one existing row, by the CRM's field names, in the CRM's form. `None` clears."""

    key: RecordKey
    fields: Mapping[str, Json]


class TaskType(StrEnum):
    CALL = "call"
    EMAIL = "email"
    TODO = "todo"


class Priority(StrEnum):
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """A follow-up to be made on one contact row. `key` is the Hotlead Key: the second time with it makes no second task."""

    key: str
    contact: RecordKey
    subject: str
    body: str
    due_at: datetime
    due_on: date
    """The same instant as a date in the calendar of who is to act, for CRMs whose tasks have no time of day."""
    type: TaskType
    priority: Priority
    owner: str | None
    """The CRM's user id, or None to leave it to the CRM."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why one row failed: the CRM's code and message, our action, what it means and who can mend it."""

    action: Action
    code: str
    message: str
    cause: str
    mended_by: str
    """`admin of the CRM`, `admin of the mapping`, `owner of the record`, or `nobody` (heals by itself)."""
    field: str = ""
    survivor: RecordKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one `Write` or `NewTask`, in the order given. `record` is the CRM's id of the row written."""

    key: str
    """`RecordKey.id` of a Write, `NewTask.key` of a task."""
    ok: bool
    record: str = ""
    refusal: Refusal | None = None


class TaskStatus(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    GONE = "gone"
    """Thrown away, or not to be seen any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState:
    """How a task of ours stands in the CRM now."""

    key: str
    """The Hotlead Key."""
    status: TaskStatus
    record: str = ""
    """The CRM's id of the task; empty where it is gone."""


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of `hotlead check`: what is so, and what to do about it."""

    severity: Severity
    code: str
    message: str
    hint: str = ""
    mended_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallStep:
    """One thing that must exist in the CRM. `state`: present, missing, different (cannot be changed by us; `detail` says why)."""

    what: str
    """Such as `field Lead.Hotlead_Score__c (whole number)`."""
    state: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """API calls: made by us since this object was made, by purpose, and what the CRM's own headers say of its daily quota."""

    calls: Mapping[str, int]
    """By purpose: `auth`, `read`, `write`, `reread`, `catalog`, `install`."""
    day_used: int | None = None
    day_limit: int | None = None
    skew_s: float | None = None
    """How far our clock is ahead of the CRM's, by the Date header of its last answer, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we are connected as: the org or portal, and the API user."""

    account: str
    """Organization id or portal id."""
    name: str
    user: str
    base_currency: str | None
    zone: str
    production: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody in the CRM who can own records and tasks."""

    id: str
    name: str
    email: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What this CRM can do and in what sizes; said in the adapter's manifest."""

    crm: str
    label: str
    write_batch: int
    task_batch: int
    reread_batch: int
    tasks: bool
    """Whether follow-up tasks can be made."""
    calls_per_task_batch: int
    """API calls that one batch of new tasks costs when nothing goes wrong: looking the keys up and making the tasks."""
    read_by_time: tuple[str, ...] = ()
    """How the names of sources begin whose rows are found by time alone: they never change, and cannot be read again by their ids."""

    receiving: tuple[str, ...] = ()
    """What an admin does in this CRM, in order, so that it pushes to the address that receiving gives."""

    def rereads(self, source: str) -> bool:
        """Whether rows of this source can be read again by their ids."""
        return not source.startswith(self.read_by_time)


class Crm(Protocol):
    """One connection to one org or portal. Safe for use by several threads. Every method raises only `CrmError` classes."""

    connection: str

    @property
    def abilities(self) -> Abilities: ...

    def identity(self) -> Identity: ...

    def catalog(self, *, sources: Sequence[str]) -> Catalog:
        """The named sources; one that does not exist or cannot be seen is left out."""

    def users(self) -> tuple[User, ...]: ...

    def read(self, ask: Ask) -> Iterator[Page]:
        """Pages in an order that can be resumed from any page's cursor. First load without a cursor, then only what changed, with overlap.

        Deleted rows come with `deleted` set. Memory stays that of a page.
        """

    def reread(self, *, source: str, ids: Sequence[str], fields: Sequence[str], related: Sequence[str] = ()) -> Iterator[RawRecord]:
        """The named rows as they are now, in batches and in the order asked; one that is gone comes back with `deleted` set, and with its
        survivor where it was merged or converted. `related` brings ids along as in `Ask`: the row then equals what `read` gives of it.
        """

    def write(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """One outcome a write, in order, in batches of `abilities.write_batch` per source. Writing the same values twice does nothing more.

        Raises CrmUnreachable when the fate of a batch stays unknown; outcomes already given stand.
        """

    def make_tasks(self, tasks: Sequence[NewTask]) -> Iterator[Outcome]:
        """One outcome a task, in order. The same key again gives the same task back, also after a connection that dropped mid-call."""

    def task_states(self, keys: Sequence[str]) -> Iterator[TaskState]:
        """How the tasks with these Hotlead Keys stand now, one state a key, in order; looked up by the key, a hundred a call (`reread`)."""

    def close_tasks(self, keys: Sequence[str]) -> Iterator[Outcome]:
        """Marks tasks made by us (by Hotlead Key) as completed."""

    def plan_install(self) -> tuple[InstallStep, ...]: ...

    def install(self) -> Iterator[InstallStep]:
        """Makes what is missing, giving each step when done. Repeatable: what is there stays as it is."""

    def plan_push(self, *, url: str) -> tuple[InstallStep, ...]:
        """What must exist in the CRM so that it pushes to this address; empty where only an admin of the CRM can make it."""

    def install_push(self, *, url: str) -> Iterator[InstallStep]:
        """Makes what of it is missing or points elsewhere, giving each step as it is then. Repeatable."""

    def check(self, *, reads: Mapping[str, Sequence[str]], writes: Mapping[str, Sequence[str]]) -> tuple[Finding, ...]:
        """What is missing for reading and writing these fields by source: scopes, permissions, fields, quota, clock."""

    def record_url(self, key: RecordKey) -> str:
        """Where a person sees this row in the CRM's own pages."""

    def feed(self) -> HintFeed | None:
        """What the CRM would push, to be pulled; None where this connection's credentials give none."""

    def usage(self) -> Usage: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One thing an admin types to connect."""

    name: str
    label: str
    secret: bool = False
    required: bool = True
    default: str = ""
    help: str = ""


class CrmKind(Protocol):
    """One kind of CRM, found by its folder: what to type, and how to open a connection from it."""

    abilities: Abilities
    settings: tuple[Setting, ...]
    sandbox_module: str
    """The module that runs this CRM's sandbox as a process."""
    hooks: Hooks
    """How this CRM pushes."""

    def open(
        self, *, connection: str, settings: Mapping[str, str], tokens: TokenShelf | None = None, budget: SharedBudget | None = None
    ) -> Crm:
        """Checks the settings' shape only; no call is made. Raises UsageError naming each wrong setting.

        `tokens` is used where the CRM gives tokens to log in for; a key that an admin pasted is not shelved. Every call is drawn from
        `budget`, beside whoever else draws from it.
        """

    def sandbox_settings(self, *, url: str, credentials: Mapping[str, str]) -> Mapping[str, str]:
        """The settings that connect to a running sandbox of this CRM."""
