"""The whole road, or a stretch of it: pull every connection, score everybody, write back. Each stretch is what one command does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from connector.flows.check import sources_there
from connector.flows.days_off import with_public_holidays
from connector.flows.follow_up_states import close_ended_follow_ups
from connector.flows.plan import Place, place_of, plan_write_back
from connector.flows.progress import Progress
from connector.flows.published import Published, mapping_of, published
from connector.flows.pull import Pulled, horizon, pull
from connector.flows.runs import Running
from connector.flows.score import Scored, score_all
from connector.flows.write_back import Written, write_back
from connector.ports.crm import Crm
from connector.ports.store import Connection, LiveStep, Plan, ShardPool, Store
from mappings.compile import FieldMapping

Clock = Callable[[], datetime]
NO_LIMIT = 1 << 62
"""For a plan that was allowed when it began."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan made or executed: `written` is None for a dry run. `resumed`: plans that a kill had cut off, finished first."""

    plan: Plan
    written: Written | None
    resumed: tuple[Written, ...]


def pull_stretch(road: Road, *, connections: Sequence[Connection], running: Running) -> tuple[Pulled, ...]:
    """Everything new in these connections, and which of our tasks there have ended."""
    documents = road.documents()
    reach = horizon(models=documents.models, deals=road.deal_history)
    pulled: list[Pulled] = []
    for connection in connections:
        crm = road.crm(connection)
        with road.store.read() as tx:
            mapping = mapping_of(tx, connection=connection, ladder=documents.ladder)
        there = sources_there(crm=crm, mapping=mapping)
        with road.store.read() as tx:
            mapping = mapping_of(tx, connection=connection, ladder=documents.ladder, sources=there)
        earlier = partial(_earlier_mapping, road, connection=connection, documents=documents)
        for one in pull(
            store=road.store,
            crm=crm,
            connection=connection,
            mapping=mapping,
            earlier=earlier,
            reach=reach,
            clock=road.clock,
            progress=road.progress,
        ):
            running.counts[f"{one.connection} {one.source} read"] += one.rows
            running.counts[f"{one.connection} {one.source} new"] += one.fresh
            pulled.append(one)
        if closed := close_ended_follow_ups(store=road.store, crm=crm):
            running.counts[f"{connection.name} tasks closed"] += closed
    return tuple(pulled)


def _earlier_mapping(road: Road, version: int, *, connection: Connection, documents: Published) -> FieldMapping:
    with road.store.read() as tx:
        return mapping_of(tx, connection=connection, ladder=documents.ladder, version=version)


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


def plan_stretch(
    road: Road, *, connections: Sequence[Connection], running: Running, as_if: LiveStep | None = None, kept_for_later: bool = False
) -> Plan:
    """A stored plan for these connections, as live as they are, or as if they were at a step (for a look before going live).

    `kept_for_later`: it is to be looked at, and carried out by its number.
    """
    documents = at_work(road)
    places = _places(road, connections=connections, documents=documents, as_if=as_if)
    number = plan_write_back(
        store=road.store,
        run=running.id,
        places=places,
        documents=documents,
        clock=road.clock,
        progress=road.progress,
        from_baseline=as_if is not None,
        kept_for_later=kept_for_later,
    )
    with road.store.read() as tx:
        plan = tx.plans.get(number)
    if plan is None:
        raise LookupError(f"plan {number} was just stored")
    return plan


def execute_stretch(road: Road, *, plan: int, running: Running, look_again: bool, allow: int | None = None) -> Written:
    """Carries out a stored plan, in every connection that it names."""
    documents = at_work(road)
    with road.store.read() as tx:
        named = {key.rsplit(" ", 2)[0] for key in tx.plans.tally(plan)}
        connections = tuple(c for c in tx.connections.all() if c.name in named)
    written = write_back(
        store=road.store,
        plan=plan,
        run=running.id,
        places=_places(road, connections=connections, documents=documents, for_planning=False),
        crms={c.name: road.crm(c) for c in connections},
        documents=documents,
        clock=road.clock,
        progress=road.progress,
        look_again=look_again,
        allow=allow,
    )
    running.counts.update(written.tally)
    return written


def write_stretch(road: Road, *, connections: Sequence[Connection], running: Running, allow: int | None = None) -> Planned:
    """Finishes what a kill cut off, then plans and carries out what is to be written now."""
    with road.store.read() as tx:
        unfinished = tx.plans.unfinished()
    resumed = tuple(execute_stretch(road, plan=p.id, running=running, look_again=True, allow=NO_LIMIT) for p in unfinished)
    plan = plan_stretch(road, connections=connections, running=running)
    written = execute_stretch(road, plan=plan.id, running=running, look_again=False, allow=allow)
    return Planned(plan=plan, written=written, resumed=resumed)


def at_work(road: Road) -> Published:
    """The published documents with the ladder's calendar filled with public holidays."""
    documents = road.documents()
    return documents.with_calendar(with_public_holidays(documents.ladder.calendar, road.clock()))


def _places(
    road: Road, *, connections: Sequence[Connection], documents: Published, as_if: LiveStep | None = None, for_planning: bool = True
) -> tuple[Place, ...]:
    """The connections as they are now. Users, who may own tasks, are asked for only where tasks are planned."""
    places = []
    for connection in connections:
        with road.store.read() as tx:
            current = tx.connections.get(connection.name) or connection
            mapping = mapping_of(tx, connection=current, ladder=documents.ladder)
        shown = replace(current, live=as_if) if as_if is not None else current
        needs_users = for_planning and shown.live is LiveStep.TASKS
        places.append(place_of(connection=shown, mapping=mapping, crm=road.crm(current), needs_users=needs_users))
    return tuple(places)


def places_of(road: Road, *, connections: Sequence[Connection]) -> tuple[Place, ...]:
    """The connections as planning sees them."""
    return _places(road, connections=connections, documents=at_work(road))
