"""Takes a connection one step further towards live, for a list of people or for all, with history as the baseline."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from connector.core.follow_ups import Surroundings
from connector.core.people import Person, PersonId
from connector.core.qualification import LadderState, baseline, baseline_after
from connector.flows.places import ORDER, Place, standing_of, step_of, surroundings
from connector.flows.progress import Progress, Step
from connector.flows.published import Published
from connector.ports.connections import Connection, LiveStep
from connector.ports.errors import UsageError
from connector.ports.people import ScoreRow
from connector.ports.store import Store, Tx

Clock = Callable[[], datetime]
BATCH_PEOPLE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class WentLive:
    connection: Connection
    baselined: int
    """Persons whom the step reaches anew: their present state is now history."""
    covered: int
    """Persons for whom hotlead is now live anywhere."""
    included: int
    """Of those reached anew, persons for whom what is already true may move a stage or make a task, because that was asked for."""


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
    """The connection at its new step, for the people on its list or for all.

    Whoever is reached anew, by a further step or a longer list, is taken as they are: what is true now moves nobody and makes no task, but
    for the `include_existing` hottest. Who was as far live in another connection already is left as they are. Steps are taken one after the
    other; going back is always allowed. Raises UsageError where steps are skipped, nobody is scored yet, or a plan was cut off.
    """
    _check(store, connection=connection, step=step, documents=documents)
    live = replace(connection, live=step, live_people=tuple(e.strip().lower() for e in people) if people is not None else None)
    with store.read() as tx:
        before = tx.connections.all()
        included = {p.person for p in tx.scores.hottest(model=documents.model.name, limit=include_existing)}
    cover = _Cover(before=before, after=tuple(live if c.name == live.name else c for c in before), included=frozenset(included))
    around = surroundings(places=[p for p in places if p.connection.live is not LiveStep.OFF], documents=documents, now=clock())
    taken = _take_baseline(store, cover=cover, around=around, documents=documents, progress=progress)
    store.write(lambda tx: tx.connections.put(live))
    return WentLive(connection=live, baselined=taken.baselined, included=taken.included, covered=taken.covered)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cover:
    """The connections before and after the step, and who may act for what is true already."""

    before: tuple[Connection, ...]
    after: tuple[Connection, ...]
    included: frozenset[PersonId]

    def grows(self, person: Person) -> bool:
        """Whether hotlead goes further live for this person than it was anywhere."""
        return ORDER.index(step_of(person, self.after)) > ORDER.index(step_of(person, self.before))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    baselined: int = 0
    included: int = 0
    covered: int = 0


def _check(store: Store, *, connection: Connection, step: LiveStep, documents: Published) -> None:
    here, there = ORDER.index(connection.live), ORDER.index(step)
    if there > here + 1:
        following = ORDER[here + 1]
        raise UsageError(
            f"'{connection.name}' is at step '{connection.live}'; '{step}' comes later.",
            hint=f"Take one step at a time, and look at the CRM between: `hotlead go-live {connection.name} {following}`.",
        )
    with store.read() as tx:
        scored, unfinished = bool(tx.scores.grades(model=documents.model.name)), tx.plans.unfinished()
    if unfinished:
        raise UsageError(f"Plan {unfinished[0].id} was cut off and is not finished.", hint="`hotlead write-back` finishes it first.")
    if there > here and not scored:
        raise UsageError("Nobody is scored yet, so there is no baseline to take.", hint="Run `hotlead pull` and `hotlead score` first.")


def _take_baseline(store: Store, *, cover: _Cover, around: Surroundings, documents: Published, progress: Progress) -> _Taken:
    """What is true now becomes history for everybody whom the step reaches anew, and for nobody else."""
    taken, looked_at, after = _Taken(), 0, 0
    while True:
        with store.read() as tx:
            ids = tx.people.ids(after=after, limit=BATCH_PEOPLE)
            people, scores = tx.people.load(ids), tx.scores.current(ids, model=documents.model.name)
            known = tx.ladder.get(ids)
        if not ids:
            return taken
        after, looked_at = ids[-1], looked_at + len(ids)
        reached = [p for p in people if cover.grows(p) and p.id in scores]
        states = [
            _state(p, row=scores[p.id], earlier=known.get(p.id), include=p.id in cover.included, around=around, documents=documents)
            for p in reached
        ]
        store.write(partial(_put, states=[s for s in states if s != known.get(s.person)]))
        taken = _Taken(
            baselined=taken.baselined + len(reached),
            included=taken.included + sum(1 for p in reached if p.id in cover.included),
            covered=taken.covered + sum(1 for p in people if step_of(p, cover.after) is not LiveStep.OFF),
        )
        progress(Step(name="baseline", done=looked_at, unit="people"))


def _state(
    person: Person, *, row: ScoreRow, earlier: LadderState | None, include: bool, around: Surroundings, documents: Published
) -> LadderState:
    first = baseline(person, standing=standing_of(row, model=documents.model), around=around, include_existing=include)
    return first if earlier is None else baseline_after(earlier, first)


def _put(tx: Tx, *, states: Sequence[LadderState]) -> None:
    tx.ladder.put(states, moves=(), run=0)
