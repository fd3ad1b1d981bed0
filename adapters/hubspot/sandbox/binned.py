"""What hung on a record when it went into the bin, for when it comes back.

Station: HubSpot sandbox, state beside `store.py`. Called inside a turn at the store.
"""

from __future__ import annotations

from adapters.hubspot.sandbox.kinds import Kind
from adapters.hubspot.sandbox.store import Store

_TABLE = """
CREATE TABLE IF NOT EXISTS binned_links (
    kind TEXT, id INTEGER, to_kind TEXT, to_id INTEGER, type_id INTEGER,
    PRIMARY KEY (kind, id, to_kind, to_id, type_id)) WITHOUT ROWID
"""


def keep_links(store: Store, kind: Kind, record_id: int) -> None:
    """Remembers what a record is associated with."""
    store.connection.execute(_TABLE)
    store.connection.execute(
        "INSERT OR IGNORE INTO binned_links SELECT from_kind, from_id, to_kind, to_id, type_id FROM links WHERE from_kind=? AND from_id=?",
        (kind.name, record_id),
    )


def take_links(store: Store, kind: Kind, record_id: int) -> list[tuple[str, int, list[int]]]:
    """What a record was associated with when it went into the bin: (object type, id, type ids). Forgotten when told."""
    store.connection.execute(_TABLE)
    grouped: dict[tuple[str, int], list[int]] = {}
    found = store.connection.execute(
        "DELETE FROM binned_links WHERE kind=? AND id=? RETURNING to_kind, to_id, type_id", (kind.name, record_id)
    )
    for to_kind, to_id, type_id in found.fetchall():
        grouped.setdefault((to_kind, to_id), []).append(type_id)
    return [(*pair, sorted(types)) for pair, types in sorted(grouped.items())]
