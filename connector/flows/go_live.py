"""Takes a connection one step further towards live, for a list of people or for all, with history as the baseline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from connector.core.follow_ups import Surroundings
from connector.core.people import PersonId
from connector.core.qualification import LadderState, baseline, baseline_after
from connector.flows.plan import Place, standing_of, surroundings
from connector.flows.progress import Progress, Step
from connector.flows.published import Published
from connector.ports.errors import UsageError
from connector.ports.store import Connection, LiveStep, Store, Tx

Clock = Callable[[], datetime]
BATCH_PEOPLE = 500
ORDER = tuple(LiveStep)


@dataclass(frozen=True, slots=True, kw_only=True)
class WentLive:
    connection: Connection
    baselined: int
    """Persons whose present state is now history."""
    included: int
    """Persons for whom what is already true may move a stage or make a task, because that was asked for."""


def go_live(
    *,
    store: Store,
    places: Sequence[Place],
    connection: Connection,
    step: LiveStep,
    people: Sequence[str] | None,
    include_existing: int,
    documents: Published,
    clock: Clock,
    progress: Progress,
) -> WentLive:
    """The connection at its new step. What is true now causes no move and no task, but for the `include_existing` hottest people.

    Steps are taken one after the other; going back is always allowed. Raises UsageError where steps are skipped or nobody is scored yet.
    """
    _check(store, connection=connection, step=step, documents=documents)
    live = replace(connection, live=step, live_people=tuple(e.strip().lower() for e in people) if people is not None else None)
    included: set[PersonId] = set()
    counted = 0
    if ORDER.index(step) > ORDER.index(connection.live):
        with store.read() as tx:
            included = {p.person for p in tx.scores.hottest(model=documents.model.name, limit=include_existing)}
        around = surroundings(places=[p for p in places if p.connection.live is not LiveStep.OFF], documents=documents, now=clock())
        counted = _take_baseline(store, included=included, around=around, documents=documents, progress=progress)
    store.write(lambda tx: tx.connections.put(live))
    return WentLive(connection=live, baselined=counted, included=len(included))


def _check(store: Store, *, connection: Connection, step: LiveStep, documents: Published) -> None:
    here, there = ORDER.index(connection.live), ORDER.index(step)
    if there > here + 1:
        following = ORDER[here + 1]
        raise UsageError(
            f"'{connection.name}' is at step '{connection.live}'; '{step}' comes later.",
            hint=f"Take one step at a time, and look at the CRM between: `hotlead go-live {connection.name} {following}`.",
        )
    with store.read() as tx:
        scored = bool(tx.scores.grades(model=documents.model.name))
    if there > here and not scored:
        raise UsageError("Nobody is scored yet, so there is no baseline to take.", hint="Run `hotlead pull` and `hotlead score` first.")


def _take_baseline(store: Store, *, included: set[PersonId], around: Surroundings, documents: Published, progress: Progress) -> int:
    counted, after = 0, 0
    while True:
        with store.read() as tx:
            ids = tx.people.ids(after=after, limit=BATCH_PEOPLE)
        if not ids:
            return counted
        states = _states(store, ids=ids, included=included, around=around, documents=documents)
        store.write(partial(_put, states=[s for s, before in states if s != before]))
        counted, after = counted + len(states), ids[-1]
        progress(Step(name="baseline", done=counted, unit="people"))


def _states(
    store: Store, *, ids: Sequence[PersonId], included: set[PersonId], around: Surroundings, documents: Published
) -> tuple[tuple[LadderState, LadderState | None], ...]:
    """The baseline of each scored person, with what the ladder remembered before."""
    with store.read() as tx:
        people = tx.people.load(ids)
        scores = tx.scores.current(ids, model=documents.model.name)
        known = tx.ladder.get(ids)
    states = []
    for person in people:
        row = scores.get(person.id)
        if row is None:
            continue
        first = baseline(person, standing=standing_of(row, model=documents.model), around=around, include_existing=person.id in included)
        earlier = known.get(person.id)
        states.append((first if earlier is None else baseline_after(earlier, first), earlier))
    return tuple(states)


def _put(tx: Tx, *, states: Sequence[LadderState]) -> None:
    tx.ladder.put(states, moves=(), run=0)
