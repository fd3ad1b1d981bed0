"""Tasks to be made in a CRM. Station: tests, support; the contract suites use it."""

from datetime import UTC, date, datetime
from itertools import count

from connector.core.records import RecordKey
from connector.ports.crm import NewTask, Priority, TaskType

_numbers = count(1)


def new_key() -> str:
    """A key that no task has."""
    return f"contract-{next(_numbers)}-{datetime.now(UTC):%H%M%S%f}"


def call_task(
    contact: RecordKey,
    key: str,
    *,
    subject: str = "Call: asked for a price",
    body: str = "Pricing page 3 times\nWebinar attended",
    priority: Priority = Priority.HIGH,
) -> NewTask:
    """A call to be made on 1 December 2026, by whoever owns the contact."""
    return NewTask(
        key=key,
        contact=contact,
        subject=subject,
        body=body,
        due_at=datetime(2026, 12, 1, 1, 0, tzinfo=UTC),
        due_on=date(2026, 12, 1),
        type=TaskType.CALL,
        priority=priority,
        owner=None,
    )
