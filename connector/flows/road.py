"""The whole road, or a stretch of it: pull every connection, score everybody, write back. Each stretch is what one command does."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from threading import Lock

from connector.core.follow_ups import Owner
from connector.flows.check import sources_there
from connector.flows.follow_up_states import close_ended_follow_ups
from connector.flows.last_pull import note_pulled
from connector.flows.planning import BREAKER_WRITES
from connector.flows.progress import Progress
from connector.flows.published import Published, earlier_mapping_of, mapping_of, published
from connector.flows.pull import Horizon, Pulled, horizon, pull
from connector.flows.runs import Running
from connector.flows.score import Scored, score_all
from connector.ports.connections import Connection
from connector.ports.crm import Crm
from connector.ports.errors import CrmError
from connector.ports.store import ShardPool, Store
from mappings.compile import FieldMapping, Recipe

Clock = Callable[[], datetime]


KNOWN_FOR = timedelta(hours=1)
"""How long the users and the sources of a CRM are taken as known before they are asked for again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a CRM told of itself, and when."""

    at: datetime
    users: Mapping[str, Owner] | None = None
    there: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    crm: Crm
    by: tuple[object, ...]
    """What it was opened with; other credentials open it anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """What the stretches need. A connection is opened once and kept. Safe for use by several threads."""

    store: Store
    open: Callable[[Connection], Crm]
    pool: Callable[[], ShardPool]
    clock: Clock
    progress: Progress
    deal_history: timedelta
    worker: str = ""
    """This process among those that show themselves; empty where it is alone."""
    breaker_writes: int = BREAKER_WRITES
    """So often within an hour a value of a row may go back; after that the row is left alone for an hour."""
    _opened: dict[str, _Opened] = field(default_factory=dict)
    _asked: dict[tuple[str, object], _Asked] = field(default_factory=dict)
    _opening: Lock = field(default_factory=Lock)

    def crm(self, connection: Connection) -> Crm:
        """The opened connection; opened anew where its settings or credentials are others by now."""
        with self.store.read() as tx:
            by = (connection.account, tuple(sorted(connection.settings.items())), tx.connections.secrets(connection.name))
        with self._opening:
            found = self._opened.get(connection.name)
            if found is None or found.by != by:
                found = self._opened[connection.name] = _Opened(crm=self.open(connection), by=by)
                for key in [key for key in self._asked if key[0] == connection.name]:
                    del self._asked[key]
            return found.crm

    def users(self, connection: Connection) -> Mapping[str, Owner]:
        """Who can own tasks there, as known within the hour."""
        crm, key, now = self.crm(connection), (connection.name, "users"), self.clock()
        known = self._asked.get(key)
        if known is None or known.users is None or now - known.at >= KNOWN_FOR:
            users = {u.id: Owner(id=u.id, email=u.email, active=u.active) for u in crm.users()}
            known = self._asked[key] = _Asked(at=now, users=users)
        return known.users or {}

    def there(self, connection: Connection, mapping: FieldMapping) -> frozenset[str]:
        """The sources of the mapping that the CRM shows, as known within the hour."""
        crm, key, now = self.crm(connection), (connection.name, frozenset(r.source for r in mapping.reads)), self.clock()
        known = self._asked.get(key)
        if known is None or known.there is None or now - known.at >= KNOWN_FOR:
            known = self._asked[key] = _Asked(at=now, there=sources_there(crm=crm, mapping=mapping))
        return known.there or frozenset()

    def ask_anew(self, connection: Connection) -> None:
        """What the CRM told of itself may not hold any more."""
        with self._opening:
            for key in [key for key in self._asked if key[0] == connection.name]:
                del self._asked[key]

    def documents(self) -> Published:
        with self.store.read() as tx:
            return published(tx)

    def calls(self) -> Mapping[str, Mapping[str, int]]:
        """API calls so far by connection and purpose."""
        return {name: dict(opened.crm.usage().calls) for name, opened in self._opened.items()}


def pull_stretch(road: Road, *, connections: Sequence[Connection], running: Running) -> tuple[Pulled, ...]:
    """Everything new in these connections, and which of our tasks there have ended.

    A connection that fails stops only itself, and stands in `running.failures`.
    """
    documents = road.documents()
    reach = horizon(models=documents.models, deals=road.deal_history)
    pulled: list[Pulled] = []
    for connection in connections:
        try:
            pulled.extend(_pull_one(road, connection=connection, documents=documents, reach=reach, running=running))
        except CrmError as err:
            road.ask_anew(connection)
            running.failures.append(err)
    return tuple(pulled)


def _pull_one(road: Road, *, connection: Connection, documents: Published, reach: Horizon, running: Running) -> Iterator[Pulled]:
    crm = road.crm(connection)
    with road.store.read() as tx:
        mapping = mapping_of(tx, connection=connection, ladder=documents.ladder)
    with road.store.read() as tx:
        mapping = mapping_of(tx, connection=connection, ladder=documents.ladder, sources=road.there(connection, mapping))
    for one in pull(
        store=road.store,
        crm=crm,
        connection=connection,
        mapping=mapping,
        earlier=partial(_earlier_mapping, road, connection=connection, documents=documents),
        reach=reach,
        clock=road.clock,
        progress=road.progress,
    ):
        running.counts[f"{one.connection} {one.source} read"] += one.rows
        running.counts[f"{one.connection} {one.source} new"] += one.fresh
        yield one
    if closed := close_ended_follow_ups(store=road.store, crm=crm):
        running.counts[f"{connection.name} tasks closed"] += closed
    road.store.write(partial(note_pulled, connection=connection.name, at=road.clock()))


def _earlier_mapping(road: Road, recipe: Recipe, *, connection: Connection, documents: Published) -> FieldMapping:
    with road.store.read() as tx:
        return earlier_mapping_of(tx, connection=connection, ladder=documents.ladder, recipe=recipe)


def score_stretch(road: Road, *, running: Running) -> Scored:
    """Everybody, as of now."""
    documents = road.documents()
    scored = score_all(
        store=road.store, pool=road.pool(), models=documents.models, now=road.clock(), clock=road.clock, progress=road.progress
    )
    running.counts["scored"] += scored.people
    running.counts["scores changed"] += scored.changed
    running.counts["excluded"] += scored.excluded
    return scored
