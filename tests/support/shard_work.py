"""Work that shard children do in tests."""

import os
import sys
from datetime import UTC, datetime

from connector.core.facts import Activities, People
from connector.ports.store import ShardReader

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def read(reader: ShardReader, shard: int, *, facts: tuple[str, ...] = ()) -> tuple[People, Activities]:
    """The whole shard."""
    return reader.shard(shard, facts=facts, since=LONG_AGO)


def same_words(reader: ShardReader, shard: int, *, others: tuple[int, ...], facts: tuple[str, ...]) -> bool:
    """Whether all these shards carry the same tuples of words, not only equal ones, once the words of all of them are known."""
    for each in (shard, *others):
        read(reader, each, facts=facts)
    people, activities = read(reader, shard, facts=facts)
    return all(
        found.words is activities.words and all(of.facts[name].words is people.facts[name].words for name in people.facts)
        for of, found in (read(reader, other, facts=facts) for other in others)
    )


def loaded_modules(reader: ShardReader, shard: int) -> tuple[str, ...]:
    """Which database modules a child has loaded once it has read a shard."""
    read(reader, shard)
    return tuple(name for name in ("sqlite3", "_sqlite3", "sqlalchemy") if name in sys.modules)


def threads(_reader: ShardReader, _shard: int) -> str:
    """How many threads a child lets NumPy use."""
    return os.environ["OMP_NUM_THREADS"]


def fail_at_two(_reader: ShardReader, shard: int) -> int:
    """Raises for shard 2."""
    if shard == 2:
        raise ValueError(f"shard {shard} broke")
    return shard


def die_at_two(_reader: ShardReader, shard: int) -> int:
    """Ends the child at shard 2 without a word."""
    if shard == 2:
        os._exit(9)
    return shard
