"""When nightly work was last done. A kill repeats only the piece that it cut."""

from datetime import datetime

from connector.ports.store import Tx

MARKS = "@jobs"
"""Where it stands: among the cursors, beside those of connections, none of which can be called so."""


def ran_at(tx: Tx, *, job: str, key: str) -> datetime | None:
    """The night, as the instant at which it was due, whose work this job last did at this key; None where it never did."""
    text = tx.cursors.get(connection=MARKS, source=f"{job} {key}".strip())
    return None if text is None else datetime.fromisoformat(text)


def mark_as_run(tx: Tx, *, job: str, key: str, at: datetime) -> None:
    """Keeps that it did the work of the night that was due at `at`."""
    tx.cursors.put(connection=MARKS, source=f"{job} {key}".strip(), cursor=at.isoformat(), at=at)
