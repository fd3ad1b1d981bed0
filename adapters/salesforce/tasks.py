"""Makes follow-up tasks, tells how they stand and closes them, each known by its Hotlead Key.

Station: `NewTask`s in, `Outcome`s out; keys in, `TaskState`s out. A key that the org already knows gives its task back untouched (a rep may
have changed it, or thrown it away); a new one is made by upsert on the key, so that a call whose fate is unknown can be made again without
a second task.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from adapters.kit.budget import Purpose
from adapters.kit.paging import batches
from adapters.salesforce.batch import BATCH_ROWS, Collections, Row, RowResult
from adapters.salesforce.catalog import Catalogue
from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.errors import NOBODY, row_refusal
from adapters.salesforce.soql import words
from connector.ports.crm import NewTask, Outcome, Priority, Refusal, TaskState, TaskStatus, TaskType
from connector.ports.errors import Action, CrmField, CrmRefused

KEY_FIELD = "Hotlead_Key__c"
SUBJECT_LENGTH = 255
BODY_LENGTH = 32_000
KEYS_A_CALL = 100
"""Keys of one look-up: up to 64 characters each, in an address that may hold 16,384."""

USUAL_CLOSED_STATUS = "Completed"

_PRIORITIES = {Priority.HIGH: "High", Priority.NORMAL: "Normal", Priority.LOW: "Low"}
_TYPES = {TaskType.CALL: "Call", TaskType.EMAIL: "Email", TaskType.TODO: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTask:
    """A task of ours that is in the org, thrown away or not."""

    id: str
    closed: bool
    deleted: bool


class Tasks:
    """Tasks of one connection. Thread-safe."""

    def __init__(self, *, client: SalesforceClient, collections: Collections, catalogue: Catalogue) -> None:
        self._client = client
        self._collections = collections
        self._catalogue = catalogue
        self._closed_status = ""
        self._lock = Lock()

    def make(self, tasks: Sequence[NewTask]) -> Iterator[Outcome]:
        """One outcome a task, in order."""
        for batch in batches(tasks, BATCH_ROWS):
            known = self._known([task.key for task in batch])
            new = tuple({task.key: task for task in batch if task.key not in known}.values())
            rows = [self._row(task) for task in new]
            results = self._collections.upsert("Task", KEY_FIELD, rows, essential=True) if rows else ()
            made = dict(zip((task.key for task in new), results, strict=True))
            for task in batch:
                yield self._kept(task.key, known[task.key]) if task.key in known else self._outcome(task.key, made[task.key])

    def states(self, keys: Sequence[str]) -> Iterator[TaskState]:
        """One state a key, in order. A task in the recycle bin is gone."""
        for batch in batches(keys, KEYS_A_CALL):
            known = self._known(batch, essential=False)
            yield from (_state(key, known.get(key)) for key in batch)

    def close(self, keys: Sequence[str]) -> Iterator[Outcome]:
        """Completes the tasks with these keys, one outcome a key, in order. One already closed stays as it is."""
        for batch in batches(keys, BATCH_ROWS):
            known = self._known(batch)
            open_keys = [key for key in dict.fromkeys(batch) if key in known and not (known[key].closed or known[key].deleted)]
            rows = [{"attributes": {"type": "Task"}, "Id": known[key].id, "Status": self._status_of_closed()} for key in open_keys]
            results = self._collections.update(rows, essential=True) if rows else ()
            closed = dict(zip(open_keys, results, strict=True))
            for key in batch:
                if key in closed:
                    yield self._outcome(key, closed[key])
                else:
                    yield self._kept(key, known[key]) if key in known else _unknown(key)

    def _known(self, keys: Sequence[str], *, essential: bool = True) -> dict[str, KnownTask]:
        known: dict[str, KnownTask] = {}
        for batch in batches(tuple(dict.fromkeys(keys)), KEYS_A_CALL):
            soql = f"SELECT Id,{KEY_FIELD},IsClosed,IsDeleted FROM Task WHERE {KEY_FIELD} IN {words(batch)} ORDER BY IsDeleted DESC"
            found = self._client.rows(soql, purpose=Purpose.REREAD, every_row=True, essential=essential)
            for row in found:
                known[row[KEY_FIELD]] = KnownTask(id=row["Id"], closed=row["IsClosed"], deleted=row["IsDeleted"])
        return known

    def _row(self, task: NewTask) -> Row:
        row: dict[str, Any] = {
            "attributes": {"type": "Task"},
            KEY_FIELD: task.key,
            "WhoId": task.contact.id,
            "Subject": task.subject[:SUBJECT_LENGTH],
            "Description": task.body[:BODY_LENGTH],
            "ActivityDate": task.due_on.isoformat(),
            "Priority": _PRIORITIES[task.priority],
        }
        kind = _TYPES[task.type]
        if kind in self._type_options():
            row["Type"] = kind
        if task.owner:
            row["OwnerId"] = task.owner
        return row

    def _type_options(self) -> tuple[str, ...]:
        """Values of Task.Type, which an org may have changed or hidden."""
        described = self._catalogue.describe("Task")
        field = described.fields.get("Type") if described else None
        return field.options if field and field.writable else ()

    def _status_of_closed(self) -> str:
        with self._lock:
            if not self._closed_status:
                self._closed_status = self._ask_closed_status()
            return self._closed_status

    def _ask_closed_status(self) -> str:
        soql = "SELECT ApiName, IsDefault FROM TaskStatus WHERE IsClosed = true ORDER BY SortOrder"
        try:
            found = [row["ApiName"] for row in self._client.rows(soql, purpose=Purpose.CATALOG, essential=True)]
        except (CrmField, CrmRefused):
            # Not every API user may read the list of statuses; the usual one is then tried, and a refusal is shown.
            found = []
        return USUAL_CLOSED_STATUS if USUAL_CLOSED_STATUS in found or not found else found[0]

    def _kept(self, key: str, task: KnownTask) -> Outcome:
        return Outcome(key=key, ok=True, record=task.id)

    def _outcome(self, key: str, result: RowResult) -> Outcome:
        if not result.errors:
            return Outcome(key=key, ok=True, record=result.id)
        return Outcome(key=key, ok=False, refusal=row_refusal(result.errors, secrets=self._client.secrets()))


def _state(key: str, task: KnownTask | None) -> TaskState:
    if task is None or task.deleted:
        return TaskState(key=key, status=TaskStatus.GONE)
    return TaskState(key=key, status=TaskStatus.COMPLETED if task.closed else TaskStatus.OPEN, record=task.id)


def _unknown(key: str) -> Outcome:
    refusal = Refusal(
        action=Action.SKIP_RECORD,
        code="NOT_FOUND",
        message="No task in the org has this Hotlead Key.",
        cause="The task was never made, or it has been purged.",
        mended_by=NOBODY,
    )
    return Outcome(key=key, ok=False, refusal=refusal)
