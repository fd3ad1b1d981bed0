"""How the rows of one table get into the database that a store is moved to, and out of it again, few in memory.

New rows lie in the temporary table `fresh` first and the keys of rows to go in `gone`, so that no order of changes meets a unique key.
"""

from collections.abc import Iterator

from connector.store.move_tables import Carried, Row, quoted
from connector.store.move_target import Session

PAGE_BYTES = 8 * 1024 * 1024
"""A page ends here, however few its rows."""


class Heap:
    """Rows on their way into a temporary table, few in memory."""

    MOST = 1000

    def __init__(self, session: Session, statement: bytes) -> None:
        self._session = session
        self._statement = statement
        self._rows: list[Row] = []
        self._size = 0

    def add(self, row: Row | None) -> None:
        if row is not None:
            self._rows.append(row)
            self._size += sum(len(value) for value in row if isinstance(value, str | bytes))
            if len(self._rows) >= self.MOST or self._size > PAGE_BYTES:
                self.empty()

    def empty(self) -> None:
        with self._session.cursor() as cursor, cursor.copy(self._statement) as copying:
            for row in self._rows:
                copying.write_row(row)
        self._rows, self._size = [], 0


def rows_over_there(session: Session, carried: Carried) -> Iterator[Row]:
    """Every row in the order of the key, few in memory."""
    with session.cursor(name="carried") as cursor:
        cursor.itersize = carried.at_once
        yield from cursor.execute(carried.all_of_target().encode())


def begin_fresh(session: Session, carried: Carried) -> None:
    session.execute(f'CREATE TEMPORARY TABLE "fresh" (LIKE {quoted([carried.name])}) ON COMMIT DROP'.encode())


def begin_gone(session: Session, carried: Carried) -> None:
    session.execute(
        f'CREATE TEMPORARY TABLE "gone" ON COMMIT DROP AS SELECT {quoted(carried.key)} FROM {quoted([carried.name])} LIMIT 0'.encode()
    )


def copy_into_fresh(carried: Carried) -> bytes:
    return f'COPY "fresh" ({quoted(carried.columns)}) FROM STDIN'.encode()


def copy_into_gone(carried: Carried) -> bytes:
    return f'COPY "gone" ({quoted(carried.key)}) FROM STDIN'.encode()


def insert_fresh(session: Session, carried: Carried, *, otherwise: str) -> None:
    columns = quoted(carried.columns)
    session.execute(f'INSERT INTO {quoted([carried.name])} ({columns}) SELECT {columns} FROM "fresh"{otherwise}'.encode())


def delete_gone(session: Session, carried: Carried) -> None:
    same = " AND ".join(f't."{name}" = g."{name}"' for name in carried.key)
    session.execute(f'DELETE FROM {quoted([carried.name])} t USING "gone" g WHERE {same}'.encode())
