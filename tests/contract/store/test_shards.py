"""Whole shards through child processes: the same columns as a few persons through SQLAlchemy."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.core.facts import Activities, People
from connector.core.people import SHARDS
from connector.core.records import DETAILS, Activity, Value
from connector.ports.errors import StoreError
from connector.ports.store import ShardPool, Tx
from connector.store.pool import ProcessShardPool
from connector.store.shards import AdbcShards
from connector.store.sql_store import SqlStore
from connector.store.store import shard_reader
from tests.support import shard_work
from tests.support.stores import at, attached, connection, contact, postgres_database, postgres_store, put_contact, sqlite_store, url_of

SALTS = count()
"""Examples share a store."""

FACTS = ("person.a", "person.b", "company.employees", "deal.open", "person.nix")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)

VALUES: st.SearchStrategy[Value] = st.one_of(
    st.text(alphabet="aé日'\" ", min_size=1, max_size=3),
    st.booleans(),
    st.integers(-2, 2),
    st.sampled_from([Decimal("1"), Decimal("1.0"), date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), ("x",), ()]),
)
Drawn = tuple[int, dict[str, Value], list[tuple[int, str, int]], bool]
"""Person, values, visits (day, path, seconds), deleted."""

ROWS: st.SearchStrategy[list[Drawn]] = st.lists(
    st.tuples(
        st.integers(1, 5),
        st.dictionaries(st.sampled_from(["a", "b", "company.employees"]), VALUES),
        st.lists(st.tuples(st.integers(0, 9), st.sampled_from(["", "/a", "/b"]), st.integers(0, 3)), max_size=4),
        st.booleans(),
    ),
    max_size=12,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A store and where it is."""

    store: SqlStore
    url: str


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    directory = tmp_path_factory.mktemp("shards ü %20 #?&") / "hotlead"
    if request.param == "sqlite":
        url, opening = url_of(directory), sqlite_store(directory)
    else:
        url = postgres_database(request.getfixturevalue("postgres"), directory)
        opening = postgres_store(directory, url=url)
    with opening as store:
        store.write(lambda tx: tx.connections.put(connection("crm")))
        yield Made(store=store, url=url)


@pytest.fixture(scope="module")
def store(made: Made) -> SqlStore:
    return made.store


@pytest.fixture(scope="module")
def pool(made: Made) -> Iterator[ShardPool]:
    pool = ProcessShardPool(shard_reader(made.url), workers=1)
    yield pool
    pool.close()


def facts_by_person(people: People) -> dict[int, dict[str, Value]]:
    return {
        int(person): {name: c.words[c.codes[row]] for name, c in people.facts.items() if c.codes[row] >= 0}
        for row, person in enumerate(people.ids)
    }


def activity_lines(people: People, activities: Activities) -> list[tuple[object, ...]]:
    names = ("kind", *DETAILS)
    return [
        (
            int(people.ids[activities.row[n]]),
            int(activities.at[n]),
            int(activities.seconds[n]),
            *(activities.words[name][getattr(activities, name)[n]] for name in names),
        )
        for n in range(len(activities.row))
    ]


def typed(facts: dict[int, dict[str, Value]]) -> dict[int, dict[str, tuple[type, str]]]:
    """Values that tell 1 from yes and 1.0 from 1."""
    return {person: {name: (type(value), str(value)) for name, value in mine.items()} for person, mine in facts.items()}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(rows=ROWS)
def test_a_shard_and_its_persons_one_by_one_are_the_same(store: SqlStore, pool: ShardPool, rows: list[Drawn]) -> None:
    salt = next(SALTS)

    def unit(tx: Tx) -> None:
        for number, (person, values, visits, deleted) in enumerate(rows):
            row = contact(f"{salt} {number}", values=values, deleted=deleted, modified=number)
            placed = tx.people.attach([attached(row.key, -person)], at=at())
            tx.records.put_contacts([row], seen_at=at())
            made = [
                Activity(
                    id=f"{salt} {number} {n}",
                    contact=row.key,
                    source="Visit",
                    kind=f"kind {s}",
                    at=at(days),
                    path=path,
                    form=path,
                    seconds=s,
                )
                for n, (days, path, s) in enumerate(visits)
            ]
            tx.activities.put([(placed[row.key], a) for a in made], seen_at=at())

    store.write(unit)

    shards = list(pool.each_shard(partial(shard_work.read, facts=FACTS), shards=range(SHARDS)))
    with store.read() as tx:
        everybody = tx.people.ids(after=0, limit=100_000)
    people, activities = store.load_people(everybody, facts=FACTS, since=LONG_AGO)
    together = {person: facts for shard, _ in shards for person, facts in facts_by_person(shard).items()}
    assert typed(together) == typed(facts_by_person(people))
    assert sorted(line for shard in shards for line in activity_lines(*shard)) == sorted(activity_lines(people, activities))
    with store.read() as tx:
        shown = {p.id: {n: v for n, v in p.facts.items() if n in FACTS} for p in tx.people.load(everybody)}
    assert typed(shown) == typed(together)


def test_shards_hold_their_own_people_ascending(store: SqlStore, pool: ShardPool) -> None:
    made = {put_contact(store, contact(f"ascending {n}")) for n in range(SHARDS)}

    shards = {n: people for n, (people, _) in zip([3, 4], pool.each_shard(shard_work.read, shards=[3, 4]), strict=True)}

    for number, people in shards.items():
        assert (people.ids % SHARDS == number).all()
        assert people.ids.tolist() == sorted(set(people.ids.tolist()))
        assert len(made.intersection(people.ids.tolist())) == 1, "of as many in a row as there are shards, each has one"


def test_words_are_the_same_tuples_in_every_shard(store: SqlStore, pool: ShardPool) -> None:
    put_contact(store, contact("words", values={"a": "x"}))

    (same,) = pool.each_shard(partial(shard_work.same_words, others=(1, 2, 63), facts=FACTS), shards=[0])

    assert same


def test_the_reader_is_the_one_that_suits_the_database(made: Made) -> None:
    assert type(shard_reader(made.url)).__name__ == ("AdbcShards" if made.url.startswith("sqlite") else "SqlShards")


def test_children_of_sqlite_load_neither_sqlalchemy_nor_sqlite3(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "hotlead"):
        pool = ProcessShardPool(shard_reader(url_of(tmp_path / "hotlead")), workers=1)

        loaded = list(pool.each_shard(shard_work.loaded_modules, shards=[0, 1]))

        pool.close()
    assert loaded == [(), ()]


def test_children_work_with_one_thread(pool: ShardPool) -> None:
    assert list(pool.each_shard(shard_work.threads, shards=[0])) == ["1"]


def test_an_error_of_the_work_is_raised_here(made: Made) -> None:
    pool = ProcessShardPool(shard_reader(made.url), workers=2)

    with pytest.raises(ValueError, match="shard 2"):
        list(pool.each_shard(shard_work.fail_at_two, shards=range(5)))

    assert len(list(pool.each_shard(shard_work.read, shards=[0]))) == 1
    pool.close()


def test_a_child_that_dies_is_told(made: Made) -> None:
    pool = ProcessShardPool(shard_reader(made.url), workers=2)

    with pytest.raises(StoreError, match="died"):
        list(pool.each_shard(shard_work.die_at_two, shards=range(5)))

    pool.close()


def test_a_shard_is_not_read_where_sqlite3_is_loaded(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "hotlead"), pytest.raises(StoreError, match="sqlite3"):
        AdbcShards(url_of(tmp_path / "hotlead")).shard(0, facts=[], since=LONG_AGO)


READ_AFTER_SQLITE3 = """
import json, sys
from datetime import datetime, UTC
from connector.store.shards import AdbcShards
if sys.argv[2] == "first open":
    import sqlite3
    sqlite3.connect(sys.argv[1]).execute("SELECT 1 FROM persons").fetchall()
try:
    people, _ = AdbcShards(sys.argv[1]).shard(0, facts=[], since=datetime(2000, 1, 1, tzinfo=UTC))
    print(json.dumps(len(people.ids)))
except Exception as error:
    print(json.dumps(type(error).__name__))
"""


@pytest.mark.parametrize(("how", "told"), [("first open", "StoreError"), ("do not open", 0)])
def test_a_process_that_opened_the_file_by_sqlite3_reads_no_shards(tmp_path: Path, how: str, told: object) -> None:
    with sqlite_store(tmp_path / "hotlead"):
        pass

    done = subprocess.run(
        [sys.executable, "-c", READ_AFTER_SQLITE3, str(tmp_path / "hotlead" / "hotlead.db"), how],
        capture_output=True,
        text=True,
        check=True,
    )

    assert json.loads(done.stdout) == told
