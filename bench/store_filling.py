"""Puts the crowd straight into the tables of a store: what a pull would leave, without the rows that scoring never reads."""

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import psycopg

from bench import crowd as crowd_module
from bench.crowd import Crowd
from bench.engines.shards import FACTS, read_columns
from connector.core.people import SHARDS
from connector.store.columns import WORD_LISTS
from connector.store.facts import PAIR
from connector.store.store import DATABASE, create
from connector.store.values import dump_value

_DEALS = {f"deal.{state}": ("", (False, True)) for state in ("lost", "open", "won")}
"""Facts that everybody has; here nobody has a deal."""

Pairs = npt.NDArray[np.int32]


def filled(crowd: Crowd, directory: Path) -> Path:
    """The data directory with the crowd in it; made unless it is there whole."""
    done = directory / "complete"
    if not done.exists():
        shutil.rmtree(directory, ignore_errors=True)
        create(directory)
        with closing(sqlite3.connect(directory / DATABASE)) as database:
            database.execute("PRAGMA synchronous=OFF")
            table = Inserted(database)
            lists = _put_words(table)
            for shard in range(crowd_module.SHARDS):
                _put_people(table, crowd, shard, lists)
                _put_activities(table, crowd, shard)
                database.commit()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        done.touch()
    return directory


def fill_postgres(crowd: Crowd, url: str, *, now: datetime) -> None:
    """The crowd in an empty installation on PostgreSQL, moved in time as if it ended `now`."""
    with psycopg.connect(url) as connection:
        table = Copied(connection)
        lists = _put_words(table)
        later_s = int(now.timestamp()) - crowd_module.NOW_S
        for shard in range(crowd_module.SHARDS):
            _put_people(table, crowd, shard, lists)
            _put_activities(table, crowd, shard, later_s=later_s)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


class Table(Protocol):
    """Takes rows of a table."""

    def put(self, name: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None: ...


@dataclass(frozen=True, slots=True)
class Inserted:
    """Into SQLite."""

    database: sqlite3.Connection

    def put(self, name: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
        self.database.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows)


@dataclass(frozen=True, slots=True)
class Copied:
    """Into PostgreSQL."""

    connection: "psycopg.Connection[tuple[object, ...]]"

    def put(self, name: str, columns: Sequence[str], rows: Iterable[tuple[object, ...]]) -> None:
        with self.connection.cursor() as cursor, cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN".encode()) as copy:
            for row in rows:
                copy.write_row(row)


def _put_words(table: Table) -> dict[str, int]:
    """Every list with its words; the numbers of the lists of facts."""
    named: dict[str, list[str]] = {f"activity.{name}": list(crowd_module.WORDS[name][1:]) for name in WORD_LISTS}
    named |= {name: [dump_value(word) for word in words] for name, (_, words) in {**FACTS, **_DEALS}.items()}
    numbers = {name: number for number, name in enumerate(sorted(named), start=1)}
    table.put("lists", ("name", "no"), numbers.items())
    rows = ((numbers[name], place, word) for name, texts in named.items() for place, word in enumerate(texts, start=1))
    table.put("words", ("list", "id", "word"), rows)
    return {name: numbers[name] for name in (*FACTS, *_DEALS)}


def _put_people(table: Table, crowd: Crowd, shard: int, lists: dict[str, int]) -> None:
    columns = read_columns(str(crowd.people(shard)), None)
    ids = columns["person"].astype(np.int64) + 1
    ordered = sorted(lists, key=lists.__getitem__)
    pairs = np.empty((len(ids), len(ordered), 2), dtype=PAIR)
    for place, name in enumerate(ordered):
        pairs[:, place, 0] = lists[name]
        pairs[:, place, 1] = 1 if name in _DEALS else columns[FACTS[name][0]] + 1
    rows = ((int(i) % SHARDS, int(i), mine[mine[:, 1] > 0].tobytes()) for i, mine in zip(ids, pairs, strict=True))
    table.put("person_facts", ("shard", "person", "facts"), rows)
    people = ((int(i), 0, None, True, "", "", "", "", 0) for i in ids)
    table.put("persons", ("id", "created_at", "joined_into", "live", "name", "email", "company", "search", "scored"), people)


def _put_activities(table: Table, crowd: Crowd, shard: int, *, later_s: int = 0) -> None:
    columns = ("shard", "person", "at", "id", *WORD_LISTS, "seconds", "contact", "seen_at")
    table.put("activities", columns, _activity_rows(crowd, shard, later_s=later_s))


def _activity_rows(crowd: Crowd, shard: int, *, later_s: int) -> Iterator[tuple[int, ...]]:
    columns = read_columns(str(crowd.activities(shard)), None)
    person = columns["person"].astype(np.int64) + 1
    in_shard = np.argsort(person % SHARDS, kind="stable")
    number = np.arange(len(person)) + shard * 100_000_000
    at = (columns["at_s"].astype(np.int64) + later_s) * 1_000_000
    parts = [person % SHARDS, person, at, number, *(columns[n] for n in WORD_LISTS), columns["seconds"], person, np.zeros_like(person)]
    yield from zip(*(part[in_shard].tolist() for part in parts), strict=True)
