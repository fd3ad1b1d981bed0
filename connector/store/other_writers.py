"""Several processes that write to one database take turns: a group of units at a time.

So numbers, words and turns are given out as by one writer, and commits become visible in the order in which turns were given out.
"""

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Table, select, text

from connector.store.schema import ledger
from connector.store.transaction import Memory, Transaction, inserting

WRITING = 0x686F746C656164
"""The advisory lock of whoever writes or migrates; any number that nobody else in the database uses."""

_TAKE_TURN = text(f"SELECT pg_advisory_xact_lock({WRITING})")
_LAST_WRITER = select(ledger.c.writer)


class OtherWriters:
    """One for each process."""

    def __init__(self) -> None:
        self._name = uuid4().hex

    def wait(self, connection: Connection, memory: Memory) -> None:
        """Returns when it is our turn, until the transaction ends. What we remember goes where another process has written since."""
        take_turn(connection)
        if connection.execute(_LAST_WRITER).scalar() != self._name:
            memory.forget()
            us = {"no": 1, "turn": 0, "writer": self._name}
            Transaction(connection=connection, memory=memory).fill(ledger, [us], _naming)


def take_turn(connection: Connection) -> None:
    """Returns when nobody else writes, and keeps it so until the transaction ends."""
    connection.execute(_TAKE_TURN)


def _naming(table: Table, dialect: str) -> Any:
    statement = inserting(table, dialect)
    return statement.on_conflict_do_update(index_elements=["no"], set_={"writer": statement.excluded.writer})
