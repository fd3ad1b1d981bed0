"""All shards of a store in two child processes: only read by ADBC (`read`), or read and scored by the shipped model (`score`)."""

import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench.crowd import NOW_S
from connector.core.model import Model
from connector.core.people import SHARDS
from connector.core.scoring import score_people
from connector.flows.score import compiled, facts_of, since
from connector.ports.store import ShardReader
from connector.store.columns import ACTIVITY_COLUMNS
from connector.store.instants import to_us
from connector.store.pool import ProcessShardPool
from connector.store.shards import AdbcShards

NOW = datetime.fromtimestamp(NOW_S, tz=UTC)
WORKERS = 2

_OPEN: dict[str, Any] = {}
"""The bare connection of a child."""


def only_read(_reader: ShardReader, shard: int, *, path: str, since_us: int) -> int:
    """Rows of the shard, read into Arrow by what a competent person would write, and dropped."""
    from adbc_driver_sqlite import dbapi  # in the child only

    if path not in _OPEN:
        _OPEN[path] = dbapi.connect(path)
    with _OPEN[path].cursor() as cursor:
        sql = f"SELECT {', '.join(ACTIVITY_COLUMNS)} FROM activities WHERE shard = ? AND at >= ?"
        cursor.execute(sql, (shard, since_us))
        deeds: int = cursor.fetch_arrow_table().num_rows
        cursor.execute("SELECT person, facts FROM person_facts WHERE shard = ?", (shard,))
        people: int = cursor.fetch_arrow_table().num_rows
    return deeds + people


def score(reader: ShardReader, shard: int, *, model: Model) -> int:
    """Everything a score is, for each person of the shard, and dropped; how many persons the model applies to."""
    people, activities = reader.shard(shard, facts=facts_of([model]), since=since([model], now=NOW))
    return int(score_people(compiled(model), people=people, activities=activities, now=NOW).applies.sum())


if __name__ == "__main__":
    from bench.engines import store_shards  # the children find the work by this name
    from bench.shipped import shipped
    from connector.store.store import DATABASE  # children must not load SQLAlchemy

    chosen, database = shipped(), str(Path(sys.argv[2]) / DATABASE)
    reading = partial(store_shards.only_read, path=database, since_us=to_us(since([chosen], now=NOW)))
    work = {"read": reading, "score": partial(store_shards.score, model=chosen)}[sys.argv[1]]
    pool = ProcessShardPool(AdbcShards(database), WORKERS)
    if not sum(pool.each_shard(work, shards=range(SHARDS))):
        raise SystemExit("the store is empty")
    pool.close()
