"""The recycle bin: records come out of it with what went in with them, or leave it for good.

Station: Salesforce sandbox, beside `records.py`. A record that has left the bin is gone from queryAll and still listed by
`/deleted` for as long as that looks back.
"""

from __future__ import annotations

import sqlite3

from adapters.salesforce.sandbox.catalogue import Kind
from adapters.salesforce.sandbox.errors import RowRefusal
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.records import Row, Writer

_PURGED = "CREATE TABLE IF NOT EXISTS _purged (kind TEXT, id TEXT, at TEXT)"


def undelete(org: Org, db: sqlite3.Connection, kind: Kind, row: Row, writer: Writer) -> None:
    """Takes a record out of the bin, and the dependants that went in in the same moment. A live one is refused.

    A record that lost in a merge stands by itself again; what the winner took from it stays there.
    """
    if not row.get("IsDeleted"):
        raise RowRefusal("UNDELETE_FAILED", "entity is not in the recycle bin")
    for child in kind.sobject.children:
        of = org.catalogue.known(child.child)
        if of.has("IsDeleted") and (child.cascade or child.field == "WhoId"):
            db.execute(
                f"UPDATE {of.table} SET IsDeleted = 0, SystemModstamp = ? "
                f'WHERE "{child.field}" = ? AND IsDeleted = 1 AND SystemModstamp = ?',
                (org.records.stamp_now(), row["Id"], row["SystemModstamp"]),
            )
    changed: Row = {"IsDeleted": 0, **({"MasterRecordId": None} if kind.has("MasterRecordId") else {})}
    org.records.stamp(kind, changed, writer)
    sets = ", ".join(f'"{name}" = ?' for name in changed)
    db.execute(f"UPDATE {kind.table} SET {sets} WHERE Id = ?", [*changed.values(), row["Id"]])
    org.records.notes.binned(kind.name, row["Id"], is_binned=False, by=writer.user_id)


def purge(org: Org, db: sqlite3.Connection, kind: Kind, row: Row, writer: Writer) -> None:
    """Removes a record for good: first into the bin, its dependants with it, if it is not there yet, then out of it."""
    if not row.get("IsDeleted"):
        org.records.delete(db, kind, row["Id"], writer)
    binned = org.records.raw(db, kind, row["Id"]) or row
    org.records.keep_number(db, kind)
    db.execute(_PURGED)
    db.execute("INSERT INTO _purged VALUES (?, ?, ?)", (kind.name, row["Id"], binned["SystemModstamp"]))
    db.execute(f"DELETE FROM {kind.table} WHERE Id = ?", (row["Id"],))


def purged_between(db: sqlite3.Connection, kind: Kind, start: str, end: str) -> list[tuple[str, str]]:
    """(id, stamp of the deletion) of the records that have left the bin for good, deleted in that window."""
    db.execute(_PURGED)
    return db.execute("SELECT id, at FROM _purged WHERE kind = ? AND at >= ? AND at < ?", (kind.name, start, end)).fetchall()
