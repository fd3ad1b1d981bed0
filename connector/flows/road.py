"""The whole road, or a stretch of it: pull every connection, score everybody, write back. Each stretch is what one command does."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from connector.flows.check import sources_there
from connector.flows.follow_up_states import close_ended_follow_ups
from connector.flows.progress import Progress
from connector.flows.published import Published, earlier_mapping_of, mapping_of, published
from connector.flows.pull import Horizon, Pulled, horizon, pull
from connector.flows.runs import Running
from connector.flows.score import Scored, score_all
from connector.ports.crm import Crm
from connector.ports.errors import CrmError
from connector.ports.store import Connection, ShardPool, Store
from mappings.compile import FieldMapping, Recipe

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """What the stretches need. A connection is opened once and kept."""

    store: Store
    open: Callable[[Connection], Crm]
    pool: Callable[[], ShardPool]
    clock: Clock
    progress: Progress
    deal_history: timedelta
    _opened: dict[str, Crm] = field(default_factory=dict)

    def crm(self, connection: Connection) -> Crm:
        if connection.name not in self._opened:
            self._opened[connection.name] = self.open(connection)
        return self._opened[connection.name]

    def documents(self) -> Published:
        with self.store.read() as tx:
            return published(tx)

    def calls(self) -> Mapping[str, Mapping[str, int]]:
        """API calls so far by connection and purpose."""
        return {name: dict(crm.usage().calls) for name, crm in self._opened.items()}


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
            running.failures.append(err)
    return tuple(pulled)


def _pull_one(road: Road, *, connection: Connection, documents: Published, reach: Horizon, running: Running) -> Iterator[Pulled]:
    crm = road.crm(connection)
    with road.store.read() as tx:
        mapping = mapping_of(tx, connection=connection, ladder=documents.ladder)
    there = sources_there(crm=crm, mapping=mapping)
    with road.store.read() as tx:
        mapping = mapping_of(tx, connection=connection, ladder=documents.ladder, sources=there)
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
