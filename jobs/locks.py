"""The names of the leases that work runs under. Work under one name excludes each other, in every process on the same store."""

from collections.abc import Callable

from connector.ports.inbox import SITE

SCORE = "score"
DAILY = "daily"
WRITE_BACK = "write_back"
SCHEDULER = "scheduler"


def shards(key: str) -> str:
    """A range of shards that somebody scores."""
    return f"{DAILY}:{key}"


def reading(connection: str) -> str:
    """Whoever takes rows of this connection in: pull, drain, reconcile, a replay."""
    return SITE if connection == SITE else f"read:{connection}"


def always(name: str) -> Callable[[str], str]:
    """The same name whatever the key."""

    def lock(key: str) -> str:
        del key
        return name

    return lock
