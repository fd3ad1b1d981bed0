"""Work that shard children do in tests."""

import sys
from datetime import UTC, datetime

from connector.core.facts import Activities, People
from connector.ports.store import ShardReader

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def read(
    reader: ShardReader, shard: int, facts: tuple[str, ...] = ("person.seniority", "company.employees", "deal.open")
) -> tuple[People, Activities]:
    """The whole shard."""
    return reader.shard(shard, facts=facts, since=LONG_AGO)


def loaded_modules(reader: ShardReader, shard: int) -> tuple[str, ...]:
    """Which database modules a child has loaded once it has read a shard."""
    read(reader, shard)
    return tuple(name for name in ("sqlite3", "_sqlite3", "sqlalchemy") if name in sys.modules)
