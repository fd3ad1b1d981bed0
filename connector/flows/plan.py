"""Plans a write-back: of everybody, or of the people who wait for one. Nothing leaves this process but rows of the stored plan."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from connector.core.people import PersonId
from connector.core.records import RecordKey
from connector.flows.places import surroundings
from connector.flows.planning import Batch, Intent, Planning
from connector.flows.progress import Progress, Step
from connector.flows.published import Published
from connector.ports.store import Store, Tx

Clock = Callable[[], datetime]
BATCH_PEOPLE = 500
PARKED_AT_ONCE = 10_000


def plan_write_back(*, store: Store, run: int, intent: Intent, documents: Published, clock: Clock, progress: Progress) -> int:
    """A stored plan of every field and task that the live connections should get now; its number.

    A plan that is carried out at once also forgets parked rows that need nothing any more.
    """
    now = clock()
    plan = store.write(partial(_create, run=run, now=now))
    planning = _planning(store, intent=intent, documents=documents, now=now)
    with store.read() as tx:
        total = tx.people.count()
    done = 0
    for people in _everybody(store) if intent.live else ():
        batch = planning.batch(people)
        store.write(partial(_add, plan=plan, batch=batch))
        done += len(people)
        progress(Step(name="planning", done=done, of=total, unit="people"))
    if not intent.is_only_looked_at:
        with store.read() as tx:
            parked = {(p.key, p.what) for p in tx.parked.all(limit=PARKED_AT_ONCE) if p.key.connection in intent.live}
        _forget(store, parked - planning.waiting)
    calls = planning.calls()
    store.write(lambda tx: tx.plans.close(plan, calls=calls))
    return plan


@dataclass(frozen=True, slots=True, kw_only=True)
class SomePlanned:
    """What some people call for. `plan` is None where that is nothing."""

    plan: int | None
    rows: Mapping[str, int]
    """Records that the plan changes or makes, by connection."""
    acted_on: frozenset[PersonId]
    """Whose rows or tasks are in the plan."""
    aside: frozenset[PersonId]
    """Who is live in a connection that is left aside too."""
    rewritten: int
    """Rows in which something in the CRM has the last word for now."""


def plan_people(
    *, store: Store, run: Callable[[], int], people: Sequence[PersonId], intent: Intent, documents: Published, clock: Clock
) -> SomePlanned:
    """As `plan_write_back`, of these people only, to be carried out at once. `run` is asked for a run's number when there is something
    to plan; what is merely remembered of people is stored without one.
    """
    now, plan = clock(), None
    planning = _planning(store, intent=intent, documents=documents, now=now)
    acted_on: set[PersonId] = set()
    aside: set[PersonId] = set()
    for start in range(0, len(people), BATCH_PEOPLE):
        batch = planning.batch(people[start : start + BATCH_PEOPLE])
        acted_on.update(change.person for change in batch.changes)
        acted_on.update(task.person for task in batch.tasks)
        aside.update(batch.aside)
        if plan is None and batch.acts:
            plan = store.write(partial(_create, run=run(), now=now))
        if plan is not None:
            store.write(partial(_add, plan=plan, batch=batch))
        elif batch.decisions or batch.flipping:
            store.write(partial(_remember, batch=batch))
    _forget(store, planning.parked - planning.waiting)
    if plan is not None:
        store.write(partial(_close, plan=plan, calls=planning.calls()))
    return SomePlanned(
        plan=plan, rows=Counter(planning.rows()), acted_on=frozenset(acted_on), aside=frozenset(aside), rewritten=planning.rewritten
    )


def _planning(store: Store, *, intent: Intent, documents: Published, now: datetime) -> Planning:
    around = surroundings(places=tuple(intent.live.values()), documents=documents, now=now)
    return Planning(store=store, intent=intent, around=around, documents=documents)


def _create(tx: Tx, *, run: int, now: datetime) -> int:
    return tx.plans.create(run=run, at=now)


def _close(tx: Tx, *, plan: int, calls: Mapping[str, int]) -> None:
    tx.plans.close(plan, calls=calls)


def _add(tx: Tx, *, plan: int, batch: Batch) -> None:
    tx.parked.put(batch.flipping)
    tx.plans.add(
        plan,
        changes=batch.changes,
        tasks=batch.tasks,
        states=[d.state for d in batch.decisions],
        moves=[m for d in batch.decisions for m in d.moves],
    )


def _remember(tx: Tx, *, batch: Batch) -> None:
    """People who were joined to another since are left to the next plan."""
    tx.parked.put(batch.flipping)
    alive = {person.id for person in tx.people.load([d.state.person for d in batch.decisions])}
    tx.ladder.put([d.state for d in batch.decisions if d.state.person in alive], moves=(), run=0)


def _forget(store: Store, settled: set[tuple[RecordKey, str]]) -> None:
    """Takes away parked rows that need nothing any more: settled, gone, merged, or no longer live for them."""
    if settled:
        store.write(lambda tx: tx.parked.clear(sorted(settled)))


def _everybody(store: Store) -> Iterator[Sequence[PersonId]]:
    """Everybody with a live row, in batches, ascending."""
    after = 0
    while True:
        with store.read() as tx:
            ids = tx.people.ids(after=after, limit=BATCH_PEOPLE)
        if not ids:
            return
        after = ids[-1]
        yield ids
