"""What a batch of people calls for: who moves, what each row should hold, which follow-ups are due. Nothing leaves this process.

Station: `plan` asks it batch by batch and stores what it says.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.core.changes import COMPANIONS
from connector.core.follow_ups import Surroundings
from connector.core.people import Person, PersonId
from connector.core.qualification import Decision, LadderState, Standing, baseline, baseline_after, look, newcomer, unanswered
from connector.core.records import RecordKey
from connector.flows.outbox import rows_together
from connector.flows.places import Place, covers, standing_of, step_of
from connector.flows.published import Published
from connector.flows.row_changes import (
    BREAKER_SPAN,
    Known,
    fields_with_a_past,
    flipping,
    flips_of,
    lately_written,
    row_changes,
    without_rewritten,
    writes_again,
)
from connector.flows.task_texts import planned_task
from connector.ports.connections import Connection, LiveStep
from connector.ports.crm import Abilities
from connector.ports.people import FollowUp, ScoreRow
from connector.ports.plans import PlannedChange, PlannedTask
from connector.ports.runs import Parked
from connector.ports.store import Store, Tx

BREAKER_WRITES = 12
"""How often within an hour a value of a row may go back before the row is left alone, unless the setting says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a plan is made for.

    `places` are the connections to write to; `others` those that are live too but left aside this time: whoever is live there as well is
    not decided anew, so that no stage or task is lost to a connection that does not take part. `as_if_live`: a look ahead, from the
    baseline that going live takes. `kept_for_later`: carried out by its number, so that every row is read again before it is written.
    """

    places: Sequence[Place]
    others: Sequence[Connection] = ()
    as_if_live: bool = False
    kept_for_later: bool = False
    breaker_writes: int = BREAKER_WRITES
    """So often within an hour a value of a row may go back; after that the row is parked."""

    @property
    def live(self) -> Mapping[str, Place]:
        return {p.connection.name: p for p in self.places if p.connection.live is not LiveStep.OFF}

    @property
    def is_only_looked_at(self) -> bool:
        """Whether nothing may change in the store but the plan itself."""
        return self.as_if_live or self.kept_for_later

    def for_people(self, person: Person) -> Mapping[str, Place]:
        """The places that are live for this person."""
        return {name: place for name, place in self.live.items() if covers(place.connection, person)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    changes: tuple[PlannedChange, ...]
    tasks: tuple[PlannedTask, ...]
    decisions: tuple[Decision, ...]
    flipping: tuple[Parked, ...]
    """Rows that were written too often lately: to be parked instead of written."""
    aside: frozenset[PersonId]
    """Whoever is live in a connection that is left aside too, and so is not done with."""

    @property
    def acts(self) -> bool:
        """Whether anything of it is more than what we remember of people."""
        return bool(self.changes or self.tasks or any(d.moves for d in self.decisions))


@dataclass(frozen=True, slots=True, kw_only=True)
class _People:
    """What the store holds about a batch of people."""

    people: tuple[Person, ...]
    scores: Mapping[PersonId, ScoreRow]
    states: Mapping[PersonId, LadderState]
    open_tasks: Mapping[PersonId, tuple[FollowUp, ...]]
    refused: Mapping[PersonId, tuple[tuple[Parked, FollowUp], ...]]
    """Follow-ups that a CRM refused, with when they may be tried again."""
    rows: Known


@dataclass(slots=True, kw_only=True)
class Planning:
    """One planning run; counts up as batches are planned."""

    store: Store
    intent: Intent
    around: Surroundings
    documents: Published
    seq: int = 0
    looked_at: dict[tuple[str, str], bytearray] = field(default_factory=lambda: defaultdict(bytearray))
    """By (connection, source): for each planned row, in order, whether it must be read again before it is written."""
    tasks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    waiting: set[tuple[RecordKey, str]] = field(default_factory=set)
    """Parked rows that still have a reason to wait."""
    parked: set[tuple[RecordKey, str]] = field(default_factory=set)
    """Parked rows of the people planned so far."""
    rewritten: int = 0
    """Rows in which something in the CRM has the last word for now."""

    def batch(self, people: Sequence[PersonId]) -> Batch:
        known = _load(self.store, people=people, places=self.intent.live, documents=self.documents)
        self.parked.update(known.rows.parked)
        changes: list[PlannedChange] = []
        tasks: list[PlannedTask] = []
        decisions: list[Decision] = []
        for person in known.people:
            places, row = self.intent.for_people(person), known.scores.get(person.id)
            decision = self._decision(person, row=row, places=places, known=known) if row is not None and places else None
            if row is None or decision is None:
                continue
            if decision.state != known.states.get(person.id):
                decisions.append(decision)
            changes.extend(self._changes(person, row=row, state=decision.state, places=places, known=known))
            tasks.extend(self._tasks(person, row=row, decision=decision, known=known))
        quiet, flips = self._without_flipping(changes, known=known)
        return Batch(
            changes=tuple(self._numbered(quiet)),
            tasks=tuple(tasks),
            decisions=tuple(decisions),
            flipping=() if self.intent.is_only_looked_at else tuple(flips),
            aside=frozenset(p.id for p in known.people if any(covers(other, p) for other in self.intent.others)),
        )

    def _decision(self, person: Person, *, row: ScoreRow, places: Mapping[str, Place], known: _People) -> Decision | None:
        """What the ladder says of the person; None for somebody new whom a connection left aside must hear of too."""
        stored = known.states.get(person.id)
        if any(covers(other, person) for other in self.intent.others):
            return None if stored is None else Decision(state=stored)
        standing = standing_of(row, model=self.documents.model)
        before = _again(
            self._before(person, standing=standing, state=stored), refused=known.refused.get(person.id, ()), now=self.around.now
        )
        decision = look(
            person,
            standing=standing,
            state=before,
            open_tasks=any(_waits_for_a_rep(f, person=person, now=self.around.now) for f in known.open_tasks.get(person.id, ())),
            around=replace(self.around, crm_of={n: crm for n, crm in self.around.crm_of.items() if n in places}),
        )
        if step_of(person, [p.connection for p in places.values()]) is not LiveStep.FIELDS:
            return decision
        # Stages are not live yet: the score may breathe, but nobody moves and nothing is answered.
        said = decision.state
        return Decision(state=replace(before, temperature=said.temperature, cooler_since=said.cooler_since, next_action=said.next_action))

    def _before(self, person: Person, *, standing: Standing, state: LadderState | None) -> LadderState:
        """What the ladder remembers of the person; nobody without a memory was there when a connection went live."""
        if not self.intent.as_if_live:
            return state or newcomer(person, around=self.around)
        first = baseline(person, standing=standing, around=self.around, include_existing=False)
        return first if state is None else baseline_after(state, first)

    def _changes(
        self, person: Person, *, row: ScoreRow, state: LadderState, places: Mapping[str, Place], known: _People
    ) -> Sequence[PlannedChange]:
        found = row_changes(person, row=row, state=state, known=known.rows, places=places, documents=self.documents, now=self.around.now)
        mine = {m.contact.key for m in person.members}
        self.waiting.update((k, what) for k, what in known.rows.parked if k in mine and what == "fields" and k not in found.settled)
        return found.changes

    def _without_flipping(self, changes: Sequence[PlannedChange], *, known: _People) -> tuple[list[PlannedChange], list[Parked]]:
        """The changes but for rows whose values go to and fro, which come second, and for what a CRM made of our last write at once."""
        now, hour = self.around.now, self.around.now - BREAKER_SPAN
        with self.store.read() as tx:
            last = tx.journal.last([(c.key, f.field) for c in changes for f in c.fields if f.name not in COMPANIONS])
            hours_writes = tx.journal.since(sorted({e.key for e in last.values() if e.at >= hour}), at=hour)
            wrote_at = self._wrote_at(tx, [c.key for c in changes if writes_again(c, last=last)])
        flips, lately = flips_of(hours_writes), lately_written(hours_writes)
        quiet: list[PlannedChange] = []
        parked: list[Parked] = []
        for change in changes:
            often, earlier = flips.get(change.key, 0), known.rows.parked.get((change.key, "fields"))
            if often >= self.intent.breaker_writes:
                self.waiting.add((change.key, "fields"))
                parked.append(flipping(change.key, person=change.person, flips=often, earlier=earlier, now=now))
                continue
            kept = without_rewritten(change, stored=known.rows.raw[change.key], last=last, lately=lately, wrote_at=wrote_at.get(change.key))
            self.rewritten += kept is not change
            if kept is not None:
                quiet.append(kept)
        return quiet, parked

    def _wrote_at(self, tx: Tx, keys: Sequence[RecordKey]) -> Mapping[RecordKey, datetime]:
        """When each of these rows was last written, whichever field it was."""
        writes = {key: self.intent.live[key.connection].mapping.writes(key.source) for key in keys}
        found: dict[RecordKey, datetime] = {}
        for entry in tx.journal.last([(key, one.field) for key, fields in writes.items() for one in fields]).values():
            found[entry.key] = max(entry.at, found.get(entry.key, entry.at))
        return found

    def _numbered(self, changes: Iterable[PlannedChange]) -> Iterator[PlannedChange]:
        for change in changes:
            self.seq += 1
            look_first = self.intent.kept_for_later or not all(f.ours for f in change.fields)
            self.looked_at[(change.key.connection, change.key.source)].append(look_first)
            yield replace(change, seq=self.seq)

    def _tasks(self, person: Person, *, row: ScoreRow, decision: Decision, known: _People) -> Iterator[PlannedTask]:
        self.waiting.update((p.key, p.what) for p, _ in known.refused.get(person.id, ()) if not p.is_due(self.around.now) or decision.tasks)
        for wanted in decision.tasks:
            self.seq += 1
            connection = self.intent.live[wanted.contact.connection].connection
            self.tasks[connection.name] += 1
            yield planned_task(person, wanted=wanted, row=row, documents=self.documents, account=connection.account, seq=self.seq)

    def rows(self) -> Mapping[str, int]:
        """Records that the plan so far changes or makes, by connection."""
        rows: dict[str, int] = defaultdict(int, self.tasks)
        for (name, _), flags in self.looked_at.items():
            rows[name] += len(flags)
        return dict(rows)

    def calls(self) -> Mapping[str, int]:
        """API calls by `<connection> <purpose>`: rows and tasks in full batches, and reading again what must be before it is written."""
        calls: dict[str, int] = defaultdict(int)
        for (name, _), flags in self.looked_at.items():
            abilities = self.intent.live[name].abilities
            calls[f"{name} fields"] += -(-len(flags) // abilities.write_batch)
            calls[f"{name} re-reads"] += _reread_calls(flags, abilities=abilities)
        for name, count in self.tasks.items():
            abilities = self.intent.live[name].abilities
            calls[f"{name} tasks"] += -(-count // abilities.task_batch) * abilities.calls_per_task_batch
        return {name: count for name, count in calls.items() if count}


def _reread_calls(flags: bytearray, *, abilities: Abilities) -> int:
    """Each write batch reads its own rows again; of those that are taken together, these go first."""
    size = abilities.write_batch
    together = rows_together(size)
    looks = 0
    for start in range(0, len(flags), together):
        left = sum(flags[start : start + together])
        looks += left // size * -(-size // abilities.reread_batch) + -(-(left % size) // abilities.reread_batch)
    return looks


def _again(state: LadderState, *, refused: Sequence[tuple[Parked, FollowUp]], now: datetime) -> LadderState:
    """The memory without the follow-ups that a CRM refused and whose time to try again has come, so that they are decided anew."""
    for parked, follow_up in refused:
        if parked.is_due(now):
            state = unanswered(state, trigger=follow_up.trigger, rule=follow_up.rule)
    return state


def _waits_for_a_rep(follow_up: FollowUp, *, person: Person, now: datetime) -> bool:
    """Whether nobody has touched the person since the task was made; a touch is taken as the task's end, however the CRM still shows it."""
    made, touched = follow_up.made_at, person.last_touch_at
    return made is None or touched is None or not made <= touched <= now


def _load(store: Store, *, people: Sequence[PersonId], places: Mapping[str, Place], documents: Published) -> _People:
    with store.read() as tx:
        loaded = tx.people.load(people)
        keys = [m.contact.key for p in loaded for m in p.members if m.contact.key.connection in places]
        rows = Known(
            raw=tx.raw.get(keys),
            last_written=tx.journal.last_written(keys, fields=fields_with_a_past(places)),
            parked=tx.parked.get(keys),
        )
        return _People(
            people=loaded,
            scores=tx.scores.current(people, model=documents.model.name),
            states=tx.ladder.get(people),
            open_tasks=tx.follow_ups.open_of(people),
            refused=_refused(tx, people=loaded, parked=rows.parked),
            rows=rows,
        )


def _refused(
    tx: Tx, *, people: Sequence[Person], parked: Mapping[tuple[RecordKey, str], Parked]
) -> Mapping[PersonId, tuple[tuple[Parked, FollowUp], ...]]:
    person_of = {m.contact.key: p.id for p in people for m in p.members}
    found: dict[PersonId, list[tuple[Parked, FollowUp]]] = defaultdict(list)
    for (key, what), one in parked.items():
        follow_up = tx.follow_ups.get(what) if what != "fields" else None
        if follow_up is not None:
            found[person_of[key]].append((one, follow_up))
    return {person: tuple(pairs) for person, pairs in found.items()}
