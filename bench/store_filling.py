"""Puts the crowd straight into the tables of a store: what a pull would leave, without the rows that scoring never reads."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt

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
            lists = _put_words(database)
            for shard in range(crowd_module.SHARDS):
                _put_people(database, crowd, shard, lists)
                _put_activities(database, crowd, shard)
                database.commit()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        done.touch()
    return directory


def _put_words(database: sqlite3.Connection) -> dict[str, int]:
    """Every list with its words; the numbers of the lists of facts."""
    named: dict[str, list[str]] = {f"activity.{name}": list(crowd_module.WORDS[name][1:]) for name in WORD_LISTS}
    named |= {name: [dump_value(word) for word in words] for name, (_, words) in {**FACTS, **_DEALS}.items()}
    numbers = {name: number for number, name in enumerate(sorted(named), start=1)}
    database.executemany("INSERT INTO lists (name, no) VALUES (?, ?)", numbers.items())
    rows = ((numbers[name], place, word) for name, texts in named.items() for place, word in enumerate(texts, start=1))
    database.executemany("INSERT INTO words (list, id, word) VALUES (?, ?, ?)", rows)
    return {name: numbers[name] for name in (*FACTS, *_DEALS)}


def _put_people(database: sqlite3.Connection, crowd: Crowd, shard: int, lists: dict[str, int]) -> None:
    columns = read_columns(str(crowd.people(shard)), None)
    ids = columns["person"].astype(np.int64) + 1
    ordered = sorted(lists, key=lists.__getitem__)
    pairs = np.empty((len(ids), len(ordered), 2), dtype=PAIR)
    for place, name in enumerate(ordered):
        pairs[:, place, 0] = lists[name]
        pairs[:, place, 1] = 1 if name in _DEALS else columns[FACTS[name][0]] + 1
    rows = ((int(i) % SHARDS, int(i), mine[mine[:, 1] > 0].tobytes()) for i, mine in zip(ids, pairs, strict=True))
    database.executemany("INSERT INTO person_facts (shard, person, facts) VALUES (?, ?, ?)", rows)
    people = ((int(i), "", "", "", "") for i in ids)
    database.executemany(
        "INSERT INTO persons (id, created_at, joined_into, live, name, email, company, search, scored)"
        " VALUES (?, 0, NULL, 1, ?, ?, ?, ?, 0)",
        people,
    )


def _put_activities(database: sqlite3.Connection, crowd: Crowd, shard: int) -> None:
    marks = ", ".join("?" * (len(WORD_LISTS) + 6))
    sql = f"INSERT INTO activities (shard, person, at, id, {', '.join(WORD_LISTS)}, seconds, contact, seen_at) VALUES ({marks}, 0)"
    database.executemany(sql, _activity_rows(crowd, shard))


def _activity_rows(crowd: Crowd, shard: int) -> Iterator[tuple[int, ...]]:
    columns = read_columns(str(crowd.activities(shard)), None)
    person = columns["person"].astype(np.int64) + 1
    in_shard = np.argsort(person % SHARDS, kind="stable")
    number = np.arange(len(person)) + shard * 100_000_000
    parts = [person % SHARDS, person, columns["at_s"] * 1_000_000, number, *(columns[n] for n in WORD_LISTS), columns["seconds"], person]
    yield from zip(*(part[in_shard].tolist() for part in parts), strict=True)
