"""Rows on their way into empty tables: ids given out, defaults filled in, written many at a time.

Station: Salesforce sandbox, used by seeding only. Nothing is checked here: the seeder writes what the rules would allow.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from adapters.salesforce.sandbox.ids import make_id
from adapters.salesforce.sandbox.moments import instant_text
from adapters.salesforce.sandbox.org import Org


class _Table:
    """The rows of one object that wait to be written."""

    def __init__(self, org: Org, name: str) -> None:
        kind = org.catalogue.known(name)
        self.name = kind.table
        self.prefix = kind.sobject.prefix
        fields = list(kind.kept_fields())
        self.columns = [field.name for field in fields]
        self.place = {column: index for index, column in enumerate(self.columns)}
        self.blank: list[Any] = [int(field.default or 0) if field.type == "boolean" else field.default for field in fields]
        self.count = 0
        self.waiting: list[list[Any]] = []


class RowStore:
    """The tables being filled. Meant for one thread, inside one transaction."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._tables: dict[str, _Table] = {}

    def add(self, name: str, values: dict[str, Any], record_id: str | None = None) -> str:
        """Puts a row in line and gives its id. A value of None where the column has a default means null."""
        table = self._tables.get(name) or self._tables.setdefault(name, _Table(self._org, name))
        table.count += 1
        row = table.blank.copy()
        row[table.place["Id"]] = record_id = record_id or make_id(table.prefix, table.count)
        for column, value in values.items():
            row[table.place[column]] = value
        table.waiting.append(row)
        return record_id

    def flush_above(self, rows: int) -> None:
        """Writes the tables that have more than `rows` rows waiting."""
        for table in self._tables.values():
            if len(table.waiting) > rows:
                columns = [f'"{column}"' for column in table.columns]
                self._org.database.load(table.name, columns, table.waiting)
                table.waiting = []


def stamps(created: datetime, modified: datetime, user_id: str) -> dict[str, Any]:
    """The values that say when one user made a row and last changed it."""
    stamp = instant_text(modified)
    return {
        "CreatedDate": instant_text(created),
        "CreatedById": user_id,
        "LastModifiedDate": stamp,
        "LastModifiedById": user_id,
        "SystemModstamp": stamp,
    }
