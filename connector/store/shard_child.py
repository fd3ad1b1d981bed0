"""A child process that holds a shard reader: started by `store.pool`, asked over a pipe, ended when the pipe closes.

Started as a module of its own, so that nothing its parent has imported comes along.
"""

import pickle
import sys
from multiprocessing.connection import Connection
from typing import Any


def serve(pipe: "Connection[Any, Any]") -> None:
    """Answers (work, shard) with (shard, result, error) until the pipe closes. The first message is the reader."""
    reader = pickle.loads(pipe.recv_bytes())  # noqa: S301 - our own parent on a private pipe
    while True:
        try:
            pipe.send_bytes(_answer(reader, pipe.recv_bytes()))
        except (EOFError, ConnectionError):
            return


def _answer(reader: Any, order: bytes) -> bytes:
    shard = -1
    try:
        work, shard = pickle.loads(order)  # noqa: S301 - our own parent on a private pipe
        return pickle.dumps((shard, work(reader, shard), None))
    except Exception as error:  # noqa: BLE001 - handed to the parent, which raises it
        try:
            pickle.loads(pickle.dumps(error))  # noqa: S301 - whether the parent will be able to read it
            return pickle.dumps((shard, None, error))
        except Exception:  # noqa: BLE001 - an error that cannot travel is told by its text
            return pickle.dumps((shard, None, RuntimeError(f"{type(error).__name__}: {error}")))


if __name__ == "__main__":
    serve(Connection(int(sys.argv[1])))
