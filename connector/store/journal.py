"""The journal of writes: each field of each row as it was before and after."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Text, column, func, select, values

from connector.core.records import RecordKey
from connector.ports.crm import Json
from connector.ports.runs import JournalEntry
from connector.store.instants import from_us, to_us
from connector.store.schema import journal
from connector.store.transaction import AnyRow, Transaction, chunks
from connector.store.values import dump, load

LOOKS_AT_ONCE = 2_000
"""Fields asked for in one statement; each takes three parameters."""


class SqlJournal:
    """Fulfils `ports.runs.Journal`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def put(self, entries: Sequence[JournalEntry]) -> None:
        """Appends."""
        self._t.insert(journal, [_columns(self._t, entry) for entry in entries])

    def of_run(self, run: int) -> tuple[JournalEntry, ...]:
        """In the order written."""
        return tuple(_entry(self._t, row) for row in self._t.rows(select(journal).where(journal.c.run == run).order_by(journal.c.no)))

    def last_written(self, keys: Sequence[RecordKey], *, fields: Collection[str]) -> Mapping[tuple[RecordKey, str], Json]:
        found: dict[tuple[RecordKey, str], Json] = {}
        for some in chunks(keys) if fields else ():
            mine = self._t.among(journal.c.source, journal.c.id, some) & journal.c.field.in_(sorted(fields))
            last = (
                select(func.max(journal.c.no).label("no")).where(mine).group_by(journal.c.source, journal.c.id, journal.c.field).subquery()
            )
            for row in self._t.rows(select(journal).join(last, last.c.no == journal.c.no)):
                found[self._t.key(row.source, row.id), row.field] = load(row.after)
        return found

    def last(self, fields: Sequence[tuple[RecordKey, str]]) -> Mapping[tuple[RecordKey, str], JournalEntry]:
        """One look into the index a field, however long the history of its row is."""
        found: dict[tuple[RecordKey, str], JournalEntry] = {}
        for some in chunks(fields, size=LOOKS_AT_ONCE):
            rows = [(no, key.id, name) for key, name in some if (no := self._t.known_source(key.connection, key.source)) is not None]
            if not rows:
                continue
            asked = values(column("source", Integer), column("id", Text), column("field", Text)).data(rows).cte("asked")
            here = (journal.c.source == asked.c.source, journal.c.id == asked.c.id, journal.c.field == asked.c.field)
            newest = select(select(func.max(journal.c.no)).where(*here).scalar_subquery().label("no")).select_from(asked)
            numbers = [row.no for row in self._t.rows(newest) if row.no is not None]
            for row in self._t.rows(select(journal).where(journal.c.no.in_(numbers))):
                entry = _entry(self._t, row)
                found[entry.key, entry.field] = entry
        return found

    def since(self, keys: Sequence[RecordKey], *, at: datetime) -> tuple[JournalEntry, ...]:
        found: list[AnyRow] = []
        for some in chunks(keys):
            mine = self._t.among(journal.c.source, journal.c.id, some)
            found.extend(self._t.rows(select(journal).where(mine, journal.c.at >= to_us(at))))
        return tuple(_entry(self._t, row) for row in sorted(found, key=lambda row: int(row.no)))

    def busy(self, keys: Sequence[RecordKey], *, since: datetime) -> Mapping[RecordKey, int]:
        found: dict[RecordKey, int] = {}
        counted = select(journal.c.source, journal.c.id, func.count(journal.c.run.distinct()).label("runs")).where(
            journal.c.at >= to_us(since)
        )
        for some in chunks(keys):
            mine = counted.where(self._t.among(journal.c.source, journal.c.id, some)).group_by(journal.c.source, journal.c.id)
            found.update({self._t.key(row.source, row.id): row.runs for row in self._t.rows(mine)})
        return found


def _columns(t: Transaction, entry: JournalEntry) -> dict[str, Any]:
    return {
        "run": entry.run,
        "source": t.source(entry.key.connection, entry.key.source),
        "id": entry.key.id,
        "person": entry.person,
        "field": entry.field,
        "name": entry.name,
        "before": dump(entry.before),
        "after": dump(entry.after),
        "at": to_us(entry.at),
        "model": entry.model,
        "model_version": entry.model_version,
    }


def _entry(t: Transaction, row: AnyRow) -> JournalEntry:
    return JournalEntry(
        run=row.run,
        key=t.key(row.source, row.id),
        person=row.person,
        field=row.field,
        name=row.name,
        before=load(row.before),
        after=load(row.after),
        at=from_us(row.at),
        model=row.model,
        model_version=row.model_version,
    )
