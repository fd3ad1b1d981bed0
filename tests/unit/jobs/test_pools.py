"""Child processes lent to one job at a time, and ended when nobody needs them."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from jobs.leased import LeaseBusy
from jobs.pools import PoolShelf


@dataclass
class Pool:
    """Stands where child processes would be."""

    closed: bool = False

    def each_shard(self, work: Callable[..., Any], *, shards: Sequence[int]) -> Iterator[Any]:
        raise AssertionError("nobody reads a shard here")

    def close(self) -> None:
        self.closed = True


def test_a_second_job_does_not_wait_for_the_pool() -> None:
    shelf = PoolShelf(Pool)
    with shelf.lend(), pytest.raises(LeaseBusy), shelf.lend():
        pass

    with shelf.lend() as again:
        assert isinstance(again, Pool)
        assert not again.closed
    shelf.close()


def test_the_same_pool_is_lent_again_until_it_has_been_idle() -> None:
    made: list[Pool] = []

    def make() -> Pool:
        made.append(Pool())
        return made[-1]

    shelf = PoolShelf(make, idle_s=0.05)
    with shelf.lend():
        pass
    with shelf.lend():
        pass
    many = len(made)
    time.sleep(0.3)

    assert (many, made[0].closed) == (1, True)
    with shelf.lend():
        assert len(made) == 2
    shelf.close()
    assert made[1].closed
