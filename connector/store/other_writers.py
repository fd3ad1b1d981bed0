"""Several processes that write to one database take turns: a group of units at a time.

So numbers, words and turns are given out as by one writer, and commits become visible in the order in which turns were given out.
"""

from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Table

from connector.store.filling import inserting
from connector.store.schema import ledger
from connector.store.transaction import Memory, Transaction

WRITING = 0x686F746C656164
"""The advisory lock of whoever writes or migrates; any number that nobody else in the database uses."""

_TAKE_TURN = f"SELECT pg_advisory_xact_lock({WRITING})"
_LAST_WRITER = f"SELECT {ledger.c.writer.name} FROM {ledger.name}"


class OtherWriters:
    """One for each process."""

    def __init__(self) -> None:
        self._name = uuid4().hex

    def wait(self, connection: Connection, memory: Memory) -> None:
        """Returns when it is our turn, until the transaction ends. What we remember goes where another process has written since."""
        if _last_writer(connection) != self._name:
            memory.forget()
            us = {"no": 1, "turn": 0, "writer": self._name}
            Transaction(connection=connection, memory=memory).fill(ledger, [us], _naming)


def take_turn(connection: Connection) -> None:
    """Returns when nobody else writes, and keeps it so until the transaction ends."""
    connection.exec_driver_sql(_TAKE_TURN)


def _last_writer(connection: Connection) -> str | None:
    """Who wrote before us, now that nobody else does: two statements in one journey, the second of which sees what the first waited for."""
    taken: Any = connection.exec_driver_sql(f"{_TAKE_TURN}; {_LAST_WRITER}")
    taken.cursor.nextset()
    found = taken.cursor.fetchone()
    taken.close()
    return None if found is None else str(found[0])


def _naming(table: Table, dialect: str) -> Any:
    statement = inserting(table, dialect)
    return statement.on_conflict_do_update(index_elements=["no"], set_={"writer": statement.excluded.writer})
