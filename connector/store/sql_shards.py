"""Whole shards as columns, through SQLAlchemy: for databases that know no two copies of themselves in one process (PostgreSQL)."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from connector.core.facts import Activities, People
from connector.store.columns import ACTIVITY_COLUMNS, WORD_LISTS, activities_of
from connector.store.engine import open_engine, store_error
from connector.store.instants import to_us
from connector.store.loader import columns_of_rows
from connector.store.shard_words import ShardWords

_PACKED = text("SELECT person, facts FROM person_facts WHERE shard = :shard ORDER BY person")
_DEEDS = text(f"SELECT {', '.join(ACTIVITY_COLUMNS)} FROM activities WHERE shard = :shard AND at >= :since ORDER BY person, at, id")


class SqlShards:
    """Fulfils `ports.store.ShardReader`. Picklable until its first use. Each shard is read in one snapshot."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._engine: Engine | None = None
        self._words = ShardWords()

    def __reduce__(self) -> tuple[type["SqlShards"], tuple[str]]:
        return SqlShards, (self._url,)

    def shard(self, shard: int, *, facts: Sequence[str], since: datetime) -> tuple[People, Activities]:
        """Raises StoreUnreachable or another StoreError."""
        try:
            return self._read(shard, facts=facts, since=since)
        except DBAPIError as error:
            raise store_error(error) from error

    def _read(self, shard: int, *, facts: Sequence[str], since: datetime) -> tuple[People, Activities]:
        if self._engine is None:
            self._engine = open_engine(self._url, writable=False)
        with self._engine.connect() as connection, connection.begin():
            pairs = partial(_pairs, connection)
            packed = connection.execute(_PACKED, {"shard": shard}).fetchall()
            rows = connection.execute(_DEEDS, {"shard": shard, "since": to_us(since)}).fetchall()
            columns = columns_of_rows(rows)
            ids = np.array([row[0] for row in packed], dtype=np.int64)
            blobs = [bytes(row[1]) for row in packed]
            sizes = np.array([len(blob) for blob in blobs], dtype=np.int64)
            people = People(ids=ids, facts=self._words.facts(pairs, packed=b"".join(blobs), sizes=sizes, names=facts))
            texts = self._words.texts(pairs, {name: int(columns[name].max(initial=0)) for name in WORD_LISTS})
            return people, activities_of(ids=ids, columns=columns, words=texts)

    def close(self) -> None:
        """Lets go of the database. Repeatable."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def _pairs(connection: Connection, sql: str) -> Sequence[Any]:
    return connection.execute(text(sql)).fetchall()
