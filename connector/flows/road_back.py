"""The way back of the road: plan what the CRMs should hold, carry plans out, finish what was cut off."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from connector.flows.asking import settle
from connector.flows.days_off import with_public_holidays
from connector.flows.places import Place, place_of
from connector.flows.plan import plan_write_back
from connector.flows.planning import Intent
from connector.flows.published import Published, mapping_of
from connector.flows.road import Road
from connector.flows.runs import Running
from connector.flows.write_back import UNDECIDED, Written, write_back
from connector.ports.connections import Connection, LiveStep
from connector.ports.errors import CrmError, DocumentError, HotleadError, SecretsError, UsageError
from connector.ports.plans import Plan, PlanState
from connector.ports.store import Tx

NO_LIMIT = 1 << 62
"""For a plan that was allowed when it began."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan carried out. `resumed`: plans that a kill had cut off, finished first."""

    plan: Plan
    written: Written
    resumed: tuple[Written, ...]
    unreached: tuple[HotleadError, ...] = ()
    """Why connections took no part that could not be opened or asked."""

    @property
    def failures(self) -> tuple[HotleadError, ...]:
        """What stopped single connections; the next write-back goes on there."""
        return (*(f for w in (*self.resumed, self.written) for f in w.failures), *self.unreached)


def plan_stretch(
    road: Road,
    *,
    connections: Sequence[Connection],
    running: Running,
    as_if: LiveStep | None = None,
    kept_for_later: bool = True,
) -> Plan:
    """A stored plan for these connections, as live as they are, or as if they were at a step (for a look before going live)."""
    documents = at_work(road)
    chosen = {c.name for c in connections}
    with road.store.read() as tx:
        others = tuple(c for c in tx.connections.all() if c.name not in chosen and c.live is not LiveStep.OFF)
    number = plan_write_back(
        store=road.store,
        run=running.id,
        intent=Intent(
            places=places_for(road, connections=connections, documents=documents, as_if=as_if),
            others=others,
            as_if_live=as_if is not None,
            kept_for_later=kept_for_later,
            breaker_writes=road.breaker_writes,
        ),
        documents=documents,
        clock=road.clock,
        progress=road.progress,
    )
    with road.store.read() as tx:
        return plan_of(tx, number)


def plan_of(tx: Tx, number: int) -> Plan:
    """A plan that is known to be there. Raises LookupError where it is not."""
    plan = tx.plans.get(number)
    if plan is None:
        raise LookupError(f"there is no plan {number}")
    return plan


def execute_stretch(road: Road, *, plan: int, running: Running, look_again: bool, allow: int | None = None) -> Written:
    """Carries out a stored plan, in every connection that it names.

    Once its limit is settled, one that cannot be opened holds up only its own rows.
    """
    documents = at_work(road)
    with road.store.read() as tx:
        named = {key.rsplit(" ", 2)[0] for key in tx.plans.tally(plan)}
        connections = tuple(c for c in tx.connections.all() if c.name in named)
    reached = reach(road, connections=connections, documents=documents, for_planning=False)
    if reached.failures and allow != NO_LIMIT:
        raise next(iter(reached.failures.values()))
    written = write_back(
        store=road.store,
        plan=plan,
        run=running.id,
        places=reached.places,
        crms={c.name: road.crm(c) for c in connections if c.name not in reached.failures},
        unreached=reached.failures,
        documents=documents,
        clock=road.clock,
        progress=road.progress,
        look_again=look_again,
        allow=allow,
    )
    running.counts.update(written.tally)
    return written


def write_stretch(road: Road, *, connections: Sequence[Connection], running: Running, allow: int | None = None) -> Planned:
    """Finishes what a kill cut off, then plans and carries out what is to be written now, which answers what a lane has asked.

    A connection whose unfinished plan still cannot go on, or that cannot be opened, is left aside this time.
    """
    resumed = finish_cut_off(road, running=running)
    stuck = {key.rsplit(" ", 2)[0] for w in resumed if w.failures for key in w.tally}
    free = [c for c in connections if c.name not in stuck]
    unreached = reach(road, connections=free, documents=at_work(road)).failures
    reached = [c for c in free if c.name not in unreached]
    plan = plan_stretch(road, connections=reached, running=running, kept_for_later=False)
    written = execute_stretch(road, plan=plan.id, running=running, look_again=False, allow=allow)
    _answer(road, names=[c.name for c in reached], written=written)
    return Planned(plan=plan, written=written, resumed=resumed, unreached=tuple(unreached.values()))


def decide(road: Road, *, plan: int, running: Running, allow: int | None) -> Written:
    """As `execute_stretch`, of a plan that a person chose: that answers what a lane has asked about its connections."""
    written = execute_stretch(road, plan=plan, running=running, look_again=True, allow=allow)
    _answer(road, names={key.rsplit(" ", 2)[0] for key in written.tally}, written=written)
    return written


def _answer(road: Road, *, names: Iterable[str], written: Written) -> None:
    """Where all was written that was to be, nothing is left to ask."""
    left = set(undone(written.tally))
    road.store.write(partial(settle, connections=[name for name in names if name not in left], now=road.clock()))


def undone(tally: Mapping[str, int]) -> Iterator[str]:
    """Connections with rows whose fate is open."""
    for key, rows in tally.items():
        name, _, state = key.rsplit(" ", 2)
        if rows and PlanState(state) in UNDECIDED:
            yield name


def finish_cut_off(road: Road, *, running: Running) -> tuple[Written, ...]:
    """Carries out the rest of every plan that was begun and not ended; nothing is written twice."""
    with road.store.read() as tx:
        unfinished = tx.plans.unfinished()
    return tuple(execute_stretch(road, plan=p.id, running=running, look_again=True, allow=NO_LIMIT) for p in unfinished)


def at_work(road: Road) -> Published:
    """The published documents with the ladder's calendar filled with public holidays."""
    documents = road.documents()
    return documents.with_calendar(with_public_holidays(documents.ladder.calendar, road.clock()))


def places_of(road: Road, *, connections: Sequence[Connection]) -> tuple[Place, ...]:
    """The connections as planning sees them."""
    return places_for(road, connections=connections, documents=at_work(road))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """Connections that could be opened and asked; why others could not, by name."""

    places: tuple[Place, ...]
    failures: Mapping[str, HotleadError]


def reach(road: Road, *, connections: Sequence[Connection], documents: Published, for_planning: bool = True) -> Reached:
    """As `places_for`, each connection by itself, so that one that is down or has no credentials stops no other."""
    places: list[Place] = []
    failures: dict[str, HotleadError] = {}
    for connection in connections:
        try:
            places.extend(places_for(road, connections=[connection], documents=documents, for_planning=for_planning))
        except (CrmError, DocumentError, SecretsError, UsageError) as failure:
            failures[connection.name] = failure
    return Reached(places=tuple(places), failures=failures)


def places_for(
    road: Road, *, connections: Sequence[Connection], documents: Published, as_if: LiveStep | None = None, for_planning: bool = True
) -> tuple[Place, ...]:
    """The connections as they are now. Users, who may own tasks, are asked for only where tasks are planned."""
    places = []
    for connection in connections:
        with road.store.read() as tx:
            current = tx.connections.get(connection.name) or connection
            mapping = mapping_of(tx, connection=current, ladder=documents.ladder)
        shown = replace(current, live=as_if) if as_if is not None else current
        users = road.users(current) if for_planning and shown.live is LiveStep.TASKS else {}
        places.append(place_of(connection=shown, mapping=mapping, crm=road.crm(current), users=users))
    return tuple(places)
