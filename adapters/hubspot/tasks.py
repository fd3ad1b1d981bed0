"""Follow-up tasks: exactly one for each Hotlead Key, on its contact, whatever happens to the connection.

Station: HubSpot adapter, NewTask -> Outcome, key -> TaskState. A task is made together with its association in one call, so there is never
a task without its contact (an upsert cannot associate). The key is a property whose values HubSpot keeps unique: before a task is made it
is looked for by its key, and a create that arrives a second time is refused as a conflict and then found by its key. A task that exists is
never written over: a rep may have moved or closed it.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from adapters.hubspot.batch import RowResult, send_batch
from adapters.hubspot.client import Hub
from adapters.hubspot.errors import Complaint, refusal
from adapters.hubspot.reread import reread_objects
from adapters.kit.budget import Purpose
from adapters.kit.paging import batches
from connector.ports.crm import NewTask, Outcome, Priority, TaskState, TaskStatus, TaskType

TASKS = "tasks"
CONTACTS = "contacts"
KEY = "hotlead_key"
STATUS = "hs_task_status"
DONE = "COMPLETED"
TASK_ROWS = 100
TASK_TO_CONTACT = 204
"""HubSpot's association type from a task to a contact ("Associations v4" guide, association type ids, 2026-11)."""
PRIORITIES: Mapping[Priority, str] = {Priority.HIGH: "HIGH", Priority.NORMAL: "MEDIUM", Priority.LOW: "LOW"}
TYPES: Mapping[TaskType, str] = {TaskType.CALL: "CALL", TaskType.EMAIL: "EMAIL", TaskType.TODO: "TODO"}


def make_tasks(hub: Hub, tasks: Sequence[NewTask]) -> Iterator[Outcome]:
    """One outcome a task, in order; three calls per hundred. A key that HubSpot has already gives that task back, unchanged."""
    for batch in batches(tasks, TASK_ROWS):
        wanted = {task.key: task for task in batch}
        found = find_tasks(hub, tuple(wanted))
        new = [task for key, task in wanted.items() if key not in found]
        contacts = _contacts_now(hub, new)
        inputs = [_input(task, contacts[task.contact.id]) for task in new if task.contact.id in contacts]
        results = send_batch(
            hub, f"{hub.paths.objects(TASKS)}/batch/create", inputs, purpose=Purpose.WRITE, key_property=KEY, essential=True
        )
        doubted = tuple(key for key, result in results.items() if result.complaint and result.complaint.code != "OBJECT_NOT_FOUND")
        # A refusal may mean that our own earlier try was taken: HubSpot words a conflict in several ways, the key tells.
        found |= find_tasks(hub, doubted)
        yield from (_made(task, found, results) for task in batch)


def task_states(hub: Hub, keys: Sequence[str]) -> Iterator[TaskState]:
    """One state a key, in order; one call per hundred. An archived task is gone."""
    for batch in batches(keys, TASK_ROWS):
        found = find_tasks(hub, tuple(dict.fromkeys(batch)), essential=False)
        yield from (_state(key, found.get(key)) for key in batch)


def close_tasks(hub: Hub, keys: Sequence[str]) -> Iterator[Outcome]:
    """One outcome a key, in order. Tasks that are completed already cost no write."""
    for batch in batches(keys, TASK_ROWS):
        found = find_tasks(hub, tuple(dict.fromkeys(batch)))
        still_open = [(key, row) for key, row in found.items() if row["properties"].get(STATUS) != DONE]
        inputs = [{"id": str(row["id"]), "properties": {STATUS: DONE}, "objectWriteTraceId": key} for key, row in still_open]
        results = send_batch(hub, f"{hub.paths.objects(TASKS)}/batch/update", inputs, purpose=Purpose.WRITE, essential=True)
        yield from (_closed(key, found, results) for key in batch)


def find_tasks(hub: Hub, keys: Sequence[str], *, essential: bool = True) -> dict[str, Mapping[str, Any]]:
    """The tasks that have these keys, by key; read by the unique property itself, not by the search index, which lags."""
    if not keys:
        return {}
    body = {"idProperty": KEY, "inputs": [{"id": key} for key in keys], "properties": [KEY, STATUS]}
    reply = hub.call("POST", f"{hub.paths.objects(TASKS)}/batch/read", purpose=Purpose.REREAD, essential=essential, body=body)
    return {str(row["properties"][KEY]): row for row in reply.body["results"] if row["properties"].get(KEY)}


def _contacts_now(hub: Hub, tasks: Sequence[NewTask]) -> Mapping[str, str]:
    """The contact each task goes on, by the id asked for: itself, or the one it was merged into; none for one that is gone.

    HubSpot does not document what it does with an association to a deleted record; a task without its contact helps nobody.
    """
    ids = tuple(dict.fromkeys(task.contact.id for task in tasks))
    rows = reread_objects(hub, source=CONTACTS, ids=ids, fields=(), essential=True)
    return {row.key.id: row.survivor.id if row.survivor else row.key.id for row in rows if row.survivor or not row.deleted}


def _input(task: NewTask, contact: str) -> Mapping[str, Any]:
    properties = {
        KEY: task.key,
        "hs_timestamp": _instant(task.due_at),
        "hs_task_subject": task.subject,
        "hs_task_body": escape(task.body, quote=False).replace("\n", "<br>"),
        STATUS: "NOT_STARTED",
        "hs_task_priority": PRIORITIES[task.priority],
        "hs_task_type": TYPES[task.type],
    }
    if task.owner:
        properties["hubspot_owner_id"] = task.owner
    kind = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": TASK_TO_CONTACT}
    return {
        "properties": properties,
        "associations": [{"to": {"id": contact}, "types": [kind]}],
        "objectWriteTraceId": task.key,
    }


def _made(task: NewTask, found: Mapping[str, Mapping[str, Any]], results: Mapping[str, RowResult]) -> Outcome:
    if task.key in found:
        return Outcome(key=task.key, ok=True, record=str(found[task.key]["id"]))
    result = results.get(task.key)
    if result is not None and result.row is not None:
        return Outcome(key=task.key, ok=True, record=str(result.row["id"]))
    gone = Complaint(code="OBJECT_NOT_FOUND", message="The contact of this task is not there any more; no task was made.")
    complaint = result.complaint if result is not None and result.complaint is not None else gone
    return Outcome(key=task.key, ok=False, refusal=refusal(complaint))


def _state(key: str, row: Mapping[str, Any] | None) -> TaskState:
    if row is None:
        return TaskState(key=key, status=TaskStatus.GONE)
    status = TaskStatus.COMPLETED if row["properties"].get(STATUS) == DONE else TaskStatus.OPEN
    return TaskState(key=key, status=status, record=str(row["id"]))


def _closed(key: str, found: Mapping[str, Mapping[str, Any]], results: Mapping[str, RowResult]) -> Outcome:
    if key not in found:
        gone = Complaint(code="OBJECT_NOT_FOUND", message="No task has this Hotlead Key any more.")
        return Outcome(key=key, ok=False, refusal=refusal(gone))
    record = str(found[key]["id"])
    result = results.get(key)
    if result is not None and result.complaint is not None:
        return Outcome(key=key, ok=False, record=record, refusal=refusal(result.complaint))
    return Outcome(key=key, ok=True, record=record)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
