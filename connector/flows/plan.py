"""Plans a write-back: who moves, what each row should hold, which follow-ups are due. Nothing leaves this process."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from zoneinfo import ZoneInfo

from connector.core.changes import COMPANIONS, Change, Ownership, Target, plan_change, stage_stands
from connector.core.follow_ups import Owner, Surroundings, WantedTask
from connector.core.ladder import in_language
from connector.core.model import Model
from connector.core.people import Person, PersonId
from connector.core.qualification import Decision, LadderState, Standing, baseline, baseline_after, look, newcomer
from connector.core.records import RecordKey, Value
from connector.flows.explain import lines_of, reasons
from connector.flows.progress import Progress, Step
from connector.flows.published import Published
from connector.flows.wanted import one_line, wanted_companions, wanted_values, written_at
from connector.ports.crm import Abilities, Crm, Json, NewTask, Priority, TaskType
from connector.ports.store import (
    Connection,
    FollowUp,
    LiveStep,
    Parked,
    PlannedChange,
    PlannedField,
    PlannedTask,
    ScoreRow,
    Store,
    StoredRaw,
    Tx,
)
from mappings.compile import LEAVE, FieldMapping, WriteField

Clock = Callable[[], datetime]
BATCH_PEOPLE = 500
PARKED_AT_ONCE = 10_000
SUBJECT_LENGTH = 255
"""Characters a task subject may have. Source: Salesforce Task.Subject; HubSpot takes more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One connection a plan writes to."""

    connection: Connection
    mapping: FieldMapping
    abilities: Abilities
    users: Mapping[str, Owner]

    def is_for(self, person: Person) -> bool:
        """Whether the connection is live for this person."""
        listed = self.connection.live_people
        return listed is None or any(e in listed for m in person.members for e in m.contact.emails)


def place_of(*, connection: Connection, mapping: FieldMapping, crm: Crm, needs_users: bool) -> Place:
    """The connection with what planning must know of it. Users are read only where tasks may be made."""
    users = {u.id: Owner(id=u.id, email=u.email, active=u.active) for u in crm.users()} if needs_users else {}
    return Place(connection=connection, mapping=mapping, abilities=crm.abilities, users=users)


def plan_write_back(
    *,
    store: Store,
    run: int,
    places: Sequence[Place],
    documents: Published,
    clock: Clock,
    progress: Progress,
    only: Sequence[PersonId] = (),
    from_baseline: bool = False,
    kept_for_later: bool = False,
) -> int:
    """A stored plan of every field and task that the live connections should get now, for everybody or only some; its number.

    `from_baseline`: as it would be right after going live, with what is true now as history. `kept_for_later`: the plan will be carried
    out by its number, so that every row is read again before it is written; its calls count that.
    """
    now = clock()
    plan = store.write(partial(_create, run=run, now=now))
    live = {p.connection.name: p for p in places if p.connection.live is not LiveStep.OFF}
    around = surroundings(places=tuple(live.values()), documents=documents, now=now)
    tally: Counter[tuple[str, str]] = Counter()
    seq = done = 0
    with store.read() as tx:
        total = len(only) or tx.people.count()
    for people in _batches(store, only=only) if live else ():
        batch = _plan_batch(store, people=people, live=live, around=around, documents=documents, first_seq=seq, from_baseline=from_baseline)
        store.write(partial(_add, plan=plan, batch=batch))
        seq += len(batch.changes) + len(batch.tasks)
        tally.update((c.key.connection, c.key.source) for c in batch.changes)
        tally.update((t.task.contact.connection, "") for t in batch.tasks)
        done += len(people)
        progress(Step(name="planning", done=done, of=total, unit="people"))
    again = _tasks_again(store, live=live, first_seq=seq, now=now)
    store.write(partial(_add, plan=plan, batch=_Batch(changes=(), tasks=again, decisions=())))
    tally.update((t.task.contact.connection, "") for t in again)
    calls = calls_of(tally, places=live, look_again=kept_for_later)
    store.write(lambda tx: tx.plans.close(plan, calls=calls))
    return plan


def surroundings(*, places: Sequence[Place], documents: Published, now: datetime) -> Surroundings:
    """What the ladder needs to know about the connections it may act in."""
    taking_tasks = {p.connection.name: p.connection.crm for p in places if p.connection.live is LiveStep.TASKS and p.abilities.tasks}
    return Surroundings(
        ladder=documents.ladder,
        bands=documents.model.bands,
        now=now,
        users={p.connection.name: p.users for p in places},
        crm_of=taking_tasks,
    )


def calls_of(tally: Mapping[tuple[str, str], int], *, places: Mapping[str, Place], look_again: bool) -> Mapping[str, int]:
    """API calls by `<connection> <purpose>`: rows and tasks in full batches; re-reads, of all rows or where fields are not ours."""
    calls: Counter[str] = Counter()
    for (name, source), rows in tally.items():
        place = places[name]
        if not source:
            calls[f"{name} tasks"] += -(-rows // place.abilities.task_batch) * place.abilities.calls_per_task_batch
            continue
        calls[f"{name} fields"] += -(-rows // place.abilities.write_batch)
        if look_again or any(w.ownership is not Ownership.OURS for w in place.mapping.writes(source)):
            calls[f"{name} re-reads"] += _reread_calls(rows, abilities=place.abilities)
    return dict(calls)


def _reread_calls(rows: int, *, abilities: Abilities) -> int:
    """Each write batch is read again by itself."""
    whole, rest = divmod(rows, abilities.write_batch)
    return whole * -(-abilities.write_batch // abilities.reread_batch) + -(-rest // abilities.reread_batch)


def standing_of(row: ScoreRow, *, model: Model) -> Standing:
    """A kept score as the ladder sees it."""
    return Standing(
        fit=row.fit,
        engagement=row.engagement,
        total=row.total,
        grade=row.grade,
        temperature=row.temperature,
        excluded=row.excluded,
        fired={h: datetime.fromtimestamp(at, UTC) for h, at in json.loads(row.fired).items()},
        origins={h.id: h.origin for h in model.hand_offs if h.origin},
    )


def _tasks_again(store: Store, *, live: Mapping[str, Place], first_seq: int, now: datetime) -> tuple[PlannedTask, ...]:
    """Tasks that a CRM refused earlier and whose time to try again has come."""
    with store.read() as tx:
        due = [p for p in tx.parked.all(limit=PARKED_AT_ONCE) if p.what != "fields" and p.next_try_at <= now and p.key.connection in live]
        again = [f for p in due if (f := tx.follow_ups.get(p.what)) is not None]
        names = {p.id: p.name for p in tx.people.load([f.person for f in again])}
    return tuple(
        PlannedTask(
            seq=first_seq + number,
            task=f.task,
            person=f.person,
            person_name=names.get(f.person, f"Person {f.person}"),
            rule=f.rule,
            trigger=f.trigger,
        )
        for number, f in enumerate(again, start=1)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Batch:
    changes: tuple[PlannedChange, ...]
    tasks: tuple[PlannedTask, ...]
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the store holds about a batch of people."""

    people: tuple[Person, ...]
    scores: Mapping[PersonId, ScoreRow]
    states: Mapping[PersonId, LadderState]
    open_tasks: Mapping[PersonId, tuple[FollowUp, ...]]
    raw: Mapping[RecordKey, StoredRaw]
    last_written: Mapping[tuple[RecordKey, str], Json]
    parked: Mapping[tuple[RecordKey, str], Parked]


def _create(tx: Tx, *, run: int, now: datetime) -> int:
    return tx.plans.create(run=run, at=now)


def _add(tx: Tx, *, plan: int, batch: _Batch) -> None:
    tx.plans.add(
        plan,
        changes=batch.changes,
        tasks=batch.tasks,
        states=[d.state for d in batch.decisions],
        moves=[m for d in batch.decisions for m in d.moves],
    )


def _batches(store: Store, *, only: Sequence[PersonId]) -> "Sequence[Sequence[PersonId]] | _AllPeople":
    if only:
        return [only[n : n + BATCH_PEOPLE] for n in range(0, len(only), BATCH_PEOPLE)]
    return _AllPeople(store)


class _AllPeople:
    """Everybody with a live row, in batches, ascending."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __iter__(self) -> "_AllPeople":
        self._after = 0
        return self

    def __next__(self) -> Sequence[PersonId]:
        with self._store.read() as tx:
            ids = tx.people.ids(after=self._after, limit=BATCH_PEOPLE)
        if not ids:
            raise StopIteration
        self._after = ids[-1]
        return ids


def _plan_batch(
    store: Store,
    *,
    people: Sequence[PersonId],
    live: Mapping[str, Place],
    around: Surroundings,
    documents: Published,
    first_seq: int,
    from_baseline: bool,
) -> _Batch:
    known = _load(store, people=people, live=live, documents=documents)
    changes: list[PlannedChange] = []
    tasks: list[PlannedTask] = []
    decisions: list[Decision] = []
    seq = first_seq
    for person in known.people:
        row = known.scores.get(person.id)
        if row is None or not any(p.is_for(person) for p in live.values()):
            continue
        standing = standing_of(row, model=documents.model)
        decision = look(
            person,
            standing=standing,
            state=_before(person, standing=standing, state=known.states.get(person.id), around=around, from_baseline=from_baseline),
            open_tasks=any(_waits_for_a_rep(f, person=person, now=around.now) for f in known.open_tasks.get(person.id, ())),
            around=_allowed(around, person, live),
        )
        if decision.state != known.states.get(person.id):
            decisions.append(decision)
        for change in _changes(person, row=row, state=decision.state, known=known, live=live, documents=documents, now=around.now):
            seq += 1
            changes.append(replace(change, seq=seq))
        for wanted in decision.tasks:
            seq += 1
            tasks.append(
                _task(
                    person, wanted=wanted, row=row, documents=documents, account=live[wanted.contact.connection].connection.account, seq=seq
                )
            )
    return _Batch(changes=tuple(changes), tasks=tuple(tasks), decisions=tuple(decisions))


def _before(person: Person, *, standing: Standing, state: LadderState | None, around: Surroundings, from_baseline: bool) -> LadderState:
    """What the ladder remembers of the person; nobody without a memory was there when a connection went live."""
    if not from_baseline:
        return state or newcomer(person, around=around)
    first = baseline(person, standing=standing, around=around, include_existing=False)
    return first if state is None else baseline_after(state, first)


def _waits_for_a_rep(follow_up: FollowUp, *, person: Person, now: datetime) -> bool:
    """Whether nobody has touched the person since the task was made; a touch is taken as the task's end, however the CRM still shows it."""
    made, touched = follow_up.made_at, person.last_touch_at
    return made is None or touched is None or not made <= touched <= now


def _allowed(around: Surroundings, person: Person, live: Mapping[str, Place]) -> Surroundings:
    """The surroundings with only those connections that may take a task for this person."""
    if all(p.connection.live_people is None for p in live.values()):
        return around
    return replace(around, crm_of={name: crm for name, crm in around.crm_of.items() if live[name].is_for(person)})


def _load(store: Store, *, people: Sequence[PersonId], live: Mapping[str, Place], documents: Published) -> _Known:
    with store.read() as tx:
        loaded = tx.people.load(people)
        keys = [m.contact.key for p in loaded for m in p.members if m.contact.key.connection in live]
        return _Known(
            people=loaded,
            scores=tx.scores.current(people, model=documents.model.name),
            states=tx.ladder.get(people),
            open_tasks=tx.follow_ups.open_of(people),
            raw=tx.raw.get(keys),
            last_written=tx.journal.last_written(keys, fields=_fields_with_a_past(live)),
            parked=tx.parked.get(keys),
        )


def _fields_with_a_past(live: Mapping[str, Place]) -> frozenset[str]:
    """The CRMs' fields where it matters whether what stands there is what we wrote last."""
    written = [field for place in live.values() for read in place.mapping.reads for field in place.mapping.writes(read.source)]
    return frozenset(f.field for f in written if f.ownership is Ownership.CRM_WINS or f.name == "stage")


def _changes(
    person: Person, *, row: ScoreRow, state: LadderState, known: _Known, live: Mapping[str, Place], documents: Published, now: datetime
) -> list[PlannedChange]:
    """The change of each of the person's live rows that needs one."""
    wanted = wanted_values(row=row, state=state)
    planned = []
    for member in person.members:
        key = member.contact.key
        place, stored = live.get(key.connection), known.raw.get(key)
        if (
            place is None
            or stored is None
            or not member.is_live
            or not place.is_for(person)
            or _is_parked(known.parked.get((key, "fields")), stored=stored, now=now)
        ):
            continue
        fields = [f for f in place.mapping.writes(key.source) if written_at(place.connection.live, name=f.name)]
        targets = partial(_targets, key=key, stored=stored, last=known.last_written)
        if plan_change(key=key, person=person.id, targets=targets([f for f in fields if f.name not in COMPANIONS], wanted=wanted)) is None:
            continue
        whole = wanted | wanted_companions(row=row, model=documents.model, language=documents.ladder.language)
        change = plan_change(key=key, person=person.id, targets=targets(fields, wanted=whole))
        if change is not None:
            planned.append(_planned(change, person=person, fields=fields))
    return planned


def _targets(
    fields: Sequence[WriteField],
    *,
    key: RecordKey,
    wanted: Mapping[str, Value | None],
    stored: StoredRaw,
    last: Mapping[tuple[RecordKey, str], Json],
) -> tuple[Target, ...]:
    targets = (_target(field, key=key, wanted=wanted, stored=stored, last=last) for field in fields)
    return tuple(target for target in targets if target is not None)


def _is_parked(parked: Parked | None, *, stored: StoredRaw, now: datetime) -> bool:
    """Whether the row is still waiting: not yet time to try again, and nobody has touched it in the CRM since it was refused."""
    return parked is not None and now < parked.next_try_at and stored.modified_at <= parked.at


def _target(
    field: WriteField,
    *,
    key: RecordKey,
    wanted: Mapping[str, Value | None],
    stored: StoredRaw,
    last: Mapping[tuple[RecordKey, str], Json],
) -> Target | None:
    value = wanted.get(field.name)
    if field.to_crm(value) is LEAVE:
        return None
    written = last.get((key, field.field))
    current = field.from_crm(stored.fields.get(field.field))
    last_written = None if written is None else field.from_crm(written)
    if field.name == "stage" and stage_stands(current, wanted=value, last_written=last_written):
        return None
    return Target(
        field=field.field,
        name=field.name,
        ownership=field.ownership,
        wanted=value,
        current=current,
        last_written=last_written,
    )


def _planned(change: Change, *, person: Person, fields: Sequence[WriteField]) -> PlannedChange:
    by_field = {f.field: f for f in fields}
    return PlannedChange(
        seq=0,
        key=change.key,
        person=person.id,
        person_name=person.name,
        fields=tuple(
            PlannedField(
                field=c.field,
                name=c.name,
                before=_json(by_field[c.field], c.before),
                after=_json(by_field[c.field], c.after),
                ours=by_field[c.field].ownership is Ownership.OURS,
            )
            for c in change.fields
        ),
    )


def _json(field: WriteField, value: Value | None) -> Json:
    given = field.to_crm(value)
    return None if given is LEAVE else given


def _task(person: Person, *, wanted: WantedTask, row: ScoreRow, documents: Published, account: str, seq: int) -> PlannedTask:
    language = documents.ladder.language
    label = in_language(wanted.rule.label, language)
    said = reasons(lines_of(row.lines), model=documents.model, language=language)
    return PlannedTask(
        seq=seq,
        task=NewTask(
            key=task_key(account=account, wanted=wanted),
            contact=wanted.contact,
            subject=_subject(label, person=person, redirected=wanted.redirected),
            body="\n".join(_body(row=row, wanted=wanted, reasons_line=one_line(said, length=2000), zone=documents.ladder.calendar.zone)),
            due_at=wanted.due_at,
            due_on=wanted.due_on,
            type=TaskType(wanted.rule.type),
            priority=Priority(wanted.rule.priority),
            owner=wanted.owner,
        ),
        person=person.id,
        person_name=person.name,
        rule=wanted.rule.id,
        trigger=wanted.trigger,
    )


def _subject(label: str, *, person: Person, redirected: str) -> str:
    """What a rep reads first, such as `Call now: Jane Doe (open deal)`."""
    return f"{label}: {person.name}{f' ({redirected})' if redirected else ''}"[:SUBJECT_LENGTH]


def _body(*, row: ScoreRow, wanted: WantedTask, reasons_line: str | None, zone: str) -> list[str]:
    lines = [f"Score {row.total} (fit {row.fit}, engagement {row.engagement}), grade {row.grade}."]
    if reasons_line:
        lines.append(reasons_line)
    if wanted.redirected:
        lines.append(f"To you because: {wanted.redirected}.")
    due = wanted.due_at.astimezone(ZoneInfo(zone))
    lines.append(f"Due {due:%Y-%m-%d %H:%M} ({zone}). Made by Hotlead ({wanted.trigger}, {row.model} v{row.model_version}).")
    return lines


def task_key(*, account: str, wanted: WantedTask) -> str:
    """The Hotlead Key: the same follow-up for the same cause on the same row has the same one, from any installation."""
    cause = "|".join((account, wanted.contact.source, wanted.contact.id, wanted.rule.id, wanted.trigger, wanted.at.isoformat()))
    return f"hotlead-{sha256(cause.encode()).hexdigest()[:32]}"
