"""Connections and their sealed credentials."""

import json
from typing import Any

from sqlalchemy import select, update

from connector.ports.connections import Connection, LiveStep
from connector.ports.errors import UsageError
from connector.store.instants import from_us, to_us
from connector.store.schema import connections
from connector.store.transaction import AnyRow, Transaction
from connector.store.values import dump


class SqlConnections:
    """Fulfils `ports.connections.Connections`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def all(self) -> tuple[Connection, ...]:
        """By name."""
        return tuple(_connection(row) for row in self._t.rows(select(connections).order_by(connections.c.name)))

    def get(self, name: str) -> Connection | None:
        row = self._t.first(select(connections).where(connections.c.name == name))
        return None if row is None else _connection(row)

    def put(self, connection: Connection) -> None:
        """Makes or replaces it; credentials stay. Raises UsageError where it would become another account's."""
        old = self._t.first(select(connections).where(connections.c.name == connection.name))
        if old is not None and old.account and connection.account != old.account:
            raise UsageError(
                f"The connection {connection.name!r} belongs to account {old.account}, not {connection.account or 'none'}.",
                hint="Connect the other account under a name of its own.",
            )
        self._t.upsert(connections, [{**_columns(connection), "sealed": None if old is None else old.sealed}])

    def secrets(self, name: str) -> bytes | None:
        sealed = self._t.value(select(connections.c.sealed).where(connections.c.name == name))
        return None if sealed is None else bytes(sealed)

    def put_secrets(self, name: str, sealed: bytes) -> None:
        """Raises UsageError where there is no such connection."""
        if not self._t.run(update(connections).where(connections.c.name == name).values(sealed=sealed)):
            raise UsageError(f"There is no connection {name!r}.", hint="Run `hotlead connect` first.")


def _columns(connection: Connection) -> dict[str, Any]:
    people = connection.live_people
    return {
        "name": connection.name,
        "crm": connection.crm,
        "settings": dump(dict(connection.settings)),
        "account": connection.account,
        "production": connection.production,
        "zone": connection.zone,
        "live": connection.live.value,
        "live_people": None if people is None else dump(list(people)),
        "write_limit": connection.write_limit,
        "created_at": to_us(connection.created_at),
    }


def _connection(row: AnyRow) -> Connection:
    return Connection(
        name=row.name,
        crm=row.crm,
        settings=json.loads(row.settings),
        account=row.account,
        production=row.production,
        zone=row.zone,
        live=LiveStep(row.live),
        live_people=None if row.live_people is None else tuple(json.loads(row.live_people)),
        write_limit=row.write_limit,
        created_at=from_us(row.created_at),
    )
