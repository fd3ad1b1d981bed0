"""Child processes that read shards, and the handing out of shards to them."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from connector.ports.errors import StoreError
from connector.ports.store import ShardReader

T = TypeVar("T")

_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""More threads a child make small NumPy work slower on busy cores."""


class ProcessShardPool:
    """Fulfils `ports.store.ShardPool`. Children start with the first shard asked for and end with `close`."""

    def __init__(self, reader: ShardReader, workers: int) -> None:
        self._reader = pickle.dumps(reader)
        self._workers = max(1, workers)
        self._children: list[tuple[subprocess.Popen[bytes], Connection[Any, Any]]] = []

    def each_shard(self, work: Callable[[ShardReader, int], T], *, shards: Sequence[int]) -> Iterator[T]:
        """Results as they come. An error of the work is raised here; a child that dies raises StoreError. After either, the pool closes."""
        waiting = [pickle.dumps((work, shard)) for shard in reversed(shards)]
        self._start(min(self._workers, len(waiting)))
        busy: set[Connection[Any, Any]] = set()
        try:
            for _, pipe in self._children:
                _give(pipe, waiting, busy)
            while busy:
                for pipe in [pipe for pipe in wait(list(busy)) if isinstance(pipe, Connection)]:
                    result = _take(pipe)
                    busy.discard(pipe)
                    _give(pipe, waiting, busy)
                    yield result
        finally:
            if busy:
                self.close()

    def close(self) -> None:
        """Ends the children. Repeatable."""
        for _, pipe in self._children:
            pipe.close()
        for child, _ in self._children:
            try:
                child.wait(timeout=5)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._children = []

    def _start(self, many: int) -> None:
        while len(self._children) < many:
            ours, theirs = Pipe()
            command = [sys.executable, "-m", "connector.store.shard_child", str(theirs.fileno())]
            child = subprocess.Popen(
                command,
                pass_fds=[theirs.fileno()],
                env={**os.environ, **_ONE_THREAD},
                stdin=subprocess.DEVNULL,
                process_group=0,  # a Ctrl-C is for the parent alone, which ends its children by closing their pipes
            )
            theirs.close()
            self._children.append((child, ours))
            ours.send_bytes(self._reader)


def _give(pipe: "Connection[Any, Any]", waiting: list[bytes], busy: "set[Connection[Any, Any]]") -> None:
    if waiting:
        try:
            pipe.send_bytes(waiting.pop())
        except BrokenPipeError as error:
            raise StoreError("A child process that reads the database has died; its shard was not read.", hint="Run it again.") from error
        busy.add(pipe)


def _take(pipe: "Connection[Any, Any]") -> Any:
    try:
        _, result, error = pickle.loads(pipe.recv_bytes())  # noqa: S301 - our own child on a private pipe
    except (EOFError, ConnectionError) as lost:
        raise StoreError("A child process that reads the database has died; its shard was not read.", hint="Run it again.") from lost
    if error is not None:
        raise error
    return result
