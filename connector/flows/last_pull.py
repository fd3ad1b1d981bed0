"""When a connection was last read to its end, by whatever asked for it: a poll, `hotlead pull`, `hotlead run`."""

from datetime import datetime

from connector.ports.store import Tx

SOURCE = "@pulled"
"""Where it stands among the cursors of a connection; no CRM has a source of that name."""


def note_pulled(tx: Tx, *, connection: str, at: datetime) -> None:
    """Every source of it was read to its end by then."""
    tx.cursors.put(connection=connection, source=SOURCE, cursor=at.isoformat(), at=at)


def pulled_at(tx: Tx, *, connection: str) -> datetime | None:
    """None where it never was."""
    text = tx.cursors.get(connection=connection, source=SOURCE)
    return None if text is None else datetime.fromisoformat(text)
