"""Values that a mapping does not know, counted."""

from collections.abc import Sequence

from sqlalchemy import delete, select

from connector.ports.rows import UnknownValue
from connector.store.schema import unknown_values
from connector.store.transaction import Transaction


class SqlUnknowns:
    """Fulfils `ports.rows.UnknownValues`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def put(self, rows: Sequence[UnknownValue]) -> None:
        """Adds to the count of rows seen with the value."""
        for row in rows:
            place = {"source": self._t.source(row.connection, row.source), "field": row.field, "value": row.value}
            before = self._t.value(select(unknown_values.c.rows).filter_by(**place)) or 0
            self._t.upsert(unknown_values, [{**place, "rows": before + row.rows}])

    def clear(self, *, connection: str, source: str) -> None:
        """Forgets what was seen in a source: its rows are about to be mapped anew."""
        self._t.run(delete(unknown_values).where(unknown_values.c.source == self._t.known_source(connection, source)))

    def all(self) -> tuple[UnknownValue, ...]:
        """By source and field, most frequent first."""
        order = (unknown_values.c.source, unknown_values.c.field, unknown_values.c.rows.desc(), unknown_values.c.value)
        found = []
        for row in self._t.rows(select(unknown_values).order_by(*order)):
            key = self._t.key(row.source, "")
            found.append(UnknownValue(connection=key.connection, source=key.source, field=row.field, value=row.value, rows=row.rows))
        return tuple(found)
