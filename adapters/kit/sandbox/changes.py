"""What changed in a sandbox's records, kept in the transaction that changed them, for whoever is told of it afterwards.

Station: sandbox ground. A CRM's records note changes here; `pushes.py` and a CRM's journal read them. A note that belongs
to a row taken back (a savepoint) or a call that failed goes with it. While nobody listens nothing is written.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from adapters.kit.sandbox.storage import SandboxDatabase

_TABLE = "CREATE TABLE IF NOT EXISTS _changes (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT, told TEXT)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that happened: `number` grows with every change, `told` is the CRM's own description of it."""

    number: int
    at: datetime
    told: dict[str, Any]


class Changes:
    """The notes of one sandbox. `note` is called inside the transaction that changes the record."""

    def __init__(self, *, database: SandboxDatabase, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._listeners: list[Callable[[], None]] = []
        self.are_wanted = False
        """True once somebody listens; asked before every note, so that nothing is spent before."""

    def listen(self, woken: Callable[[], None]) -> int:
        """Calls `woken` after every note from now on; the number of the last change there was."""
        with self._database.writing() as db:
            db.execute(_TABLE)
            if woken not in self._listeners:
                self._listeners.append(woken)
            self.are_wanted = True
            return self._last(db)

    def note(self, told: dict[str, Any]) -> None:
        """Keeps one change with the transaction that is open."""
        with self._database.reading() as db:
            stamp = self._now().astimezone(UTC).isoformat()
            db.execute("INSERT INTO _changes (at, told) VALUES (?, ?)", (stamp, json.dumps(told, ensure_ascii=False)))
        # The listener waits for the database, which this transaction holds until it ends.
        for woken in self._listeners:
            woken()

    def after(self, number: int, *, most: int = 100_000) -> list[Change]:
        """The changes behind `number`, oldest first. Waits for a transaction that is open."""
        with self._database.reading() as db:
            rows = db.execute("SELECT id, at, told FROM _changes WHERE id > ? ORDER BY id LIMIT ?", (number, most)).fetchall()
        return [Change(number=row[0], at=datetime.fromisoformat(row[1]), told=json.loads(row[2])) for row in rows]

    def forget(self, *, before: datetime) -> None:
        """Drops what is older than `before`."""
        with self._database.writing() as db:
            db.execute("DELETE FROM _changes WHERE at < ?", (before.astimezone(UTC).isoformat(),))

    @staticmethod
    def _last(db: Any) -> int:
        return int(db.execute("SELECT IFNULL(MAX(id), 0) FROM _changes").fetchone()[0])
