"""Whole shards as columns, through ADBC: for child processes that open the database in no other way.

ADBC carries a SQLite of its own, and two copies of SQLite on one file in one process drop each other's locks: closing a file in one of
them gives up the locks of the other, and committed rows have been seen to vanish. So this module imports neither SQLAlchemy nor sqlite3,
and refuses to open a file where sqlite3 is loaded.
"""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import numpy.typing as npt

from connector.core.facts import Activities, People
from connector.ports.errors import StoreError
from connector.store.columns import ACTIVITY_COLUMNS, WORD_LISTS, activities_of
from connector.store.instants import to_us
from connector.store.shard_words import ShardWords

_SQLITE_URL = "sqlite:///"


class AdbcShards:
    """Fulfils `ports.store.ShardReader` for SQLite. Picklable until its first use.

    The database must be at head: whoever starts the children has opened it. Each shard is read in one snapshot.
    """

    def __init__(self, url_or_path: str | Path) -> None:
        """`url_or_path`: a `sqlite:///` URL or a path."""
        text = str(url_or_path)
        self._path = unquote(text.removeprefix(_SQLITE_URL).partition("?")[0]) if text.startswith(_SQLITE_URL) else text
        self._connection: Any = None
        self._words = ShardWords()

    def __reduce__(self) -> tuple[type["AdbcShards"], tuple[str]]:
        return AdbcShards, (self._path,)

    def shard(self, shard: int, *, facts: Sequence[str], since: datetime) -> tuple[People, Activities]:
        """Raises StoreError in a process that has loaded sqlite3."""
        connection = self._open()
        try:
            ids, packed, sizes = self._packed(shard)
            rows = self._arrays(
                f"SELECT {', '.join(ACTIVITY_COLUMNS)} FROM activities WHERE shard = ? AND at >= ? ORDER BY person, at, id",
                (int(shard), to_us(since)),
            )
            columns = dict(zip(ACTIVITY_COLUMNS, rows, strict=True))
            people = People(ids=ids, facts=self._words.facts(self._pairs, packed=packed, sizes=sizes, names=facts))
            texts = self._words.texts(self._pairs, {name: int(columns[name].max(initial=0)) for name in WORD_LISTS})
            return people, activities_of(ids=ids, columns=columns, words=texts)
        finally:
            connection.rollback()

    def close(self) -> None:
        """Lets go of the file. Repeatable."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> Any:
        if self._connection is None:
            if "sqlite3" in sys.modules or "_sqlite3" in sys.modules:
                raise StoreError(
                    "Shards are read in child processes only: this one has loaded sqlite3, and two copies of SQLite on one file lose rows."
                )
            from adbc_driver_sqlite import dbapi  # only where a file is really opened

            self._connection = dbapi.connect(f"file:{quote(self._path)}?mode=ro")
        return self._connection

    def _table(self, sql: str, parameters: tuple[Any, ...] = ()) -> Any:
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetch_arrow_table()

    def _arrays(self, sql: str, parameters: tuple[Any, ...]) -> list[npt.NDArray[np.int64]]:
        table = self._table(sql, parameters)
        return [_int64(column) for column in table.columns]

    def _packed(self, shard: int) -> tuple[npt.NDArray[np.int64], bytes, npt.NDArray[np.int64]]:
        """Persons, their packed facts one behind the other, and the bytes of each."""
        table = self._table("SELECT person, facts FROM person_facts WHERE shard = ? ORDER BY person", (int(shard),))
        if not table.num_rows:
            return np.empty(0, dtype=np.int64), b"", np.empty(0, dtype=np.int64)
        blobs = table.column(1).to_pylist()
        return _int64(table.column(0)), b"".join(blobs), np.fromiter(map(len, blobs), dtype=np.int64, count=len(blobs))

    def _pairs(self, sql: str) -> list[tuple[Any, Any]]:
        table = self._table(sql)
        return list(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))


def _int64(column: Any) -> npt.NDArray[np.int64]:
    array: npt.NDArray[np.int64] = column.to_numpy()
    return array.astype(np.int64, copy=False)
