"""Sends one batch of planned field changes: looks first where it must, commits *sending*, calls, records what became of each row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from connector.core.model import Model
from connector.core.records import Contact, RecordKey
from connector.flows.places import Place
from connector.flows.wanted import written_at
from connector.ports.crm import Crm, Outcome, RawRecord, Refusal, Write
from connector.ports.errors import Action
from connector.ports.plans import PlannedChange, PlannedField, PlanState
from connector.ports.runs import JournalEntry, Parked
from connector.ports.store import Store, Tx
from mappings.compile import FieldMapping, WriteField

Clock = Callable[[], datetime]
FIRST_RETRY = timedelta(hours=1)
LONGEST_RETRY = timedelta(hours=24)
AT_ONCE = timedelta(0)
ROWS_TOGETHER = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What every step of one execution needs."""

    store: Store
    plan: int
    run: int
    model: Model
    """The model by which the plan was made."""
    clock: Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """What looking at a row says: write `send`, or None and settle it as `settled`. `ours`: what stands there is what we wrote."""

    change: PlannedChange
    send: PlannedChange | None
    settled: PlanState = PlanState.DONE
    ours: bool = False


def send_batch(work: Work, *, place: Place, crm: Crm, source: str, batch: Sequence[PlannedChange], look_again: bool) -> None:
    """Settles every row of the batch, or raises a CrmError with the rest still marked as sending."""
    fields = {w.field: w for w in place.mapping.writes(source) if written_at(place.connection.live, name=w.name)}
    verdicts = _verdicts(crm, source=source, batch=batch, fields=fields, look_again=look_again)
    sending = [v.send for v in verdicts if v.send is not None]
    work.store.write(partial(_mark_sending, work=work, mapping=place.mapping, verdicts=verdicts, sending=sending))
    if not sending:
        return
    writes = [Write(key=c.key, fields={f.field: f.after for f in c.fields}) for c in sending]
    outcomes: list[tuple[PlannedChange, Outcome]] = []
    try:
        for change, outcome in zip(sending, crm.write(writes), strict=True):
            outcomes.append((change, outcome))
    finally:
        work.store.write(partial(_record, work=work, mapping=place.mapping, outcomes=tuple(outcomes)))


def rows_together(write_batch: int) -> int:
    """Rows of one source that are taken from a plan together, in full batches: those that are looked at first go first, so that looking
    takes full calls too.
    """
    return max(1, ROWS_TOGETHER // write_batch) * write_batch


def is_looked_at(change: PlannedChange, *, look_again: bool) -> bool:
    """Whether the row is read in the CRM right before it is written: its fate is open, or a field is not ours alone."""
    return look_again or change.state is PlanState.SENDING or not all(f.ours for f in change.fields)


def leave_out(work: Work, batch: Sequence[PlannedChange], *, note: str) -> None:
    """Settles rows that are not to be written after all."""
    work.store.write(lambda tx: tx.plans.set_changes(work.plan, [c.seq for c in batch], state=PlanState.LEFT_OUT, note=note))


def _verdicts(
    crm: Crm, *, source: str, batch: Sequence[PlannedChange], fields: Mapping[str, WriteField], look_again: bool
) -> tuple[_Verdict, ...]:
    allowed = [_allowed(change, fields=fields) for change in batch]
    looked_at = [c for c in allowed if c.fields and is_looked_at(c, look_again=look_again)]
    now_there: dict[str, RawRecord] = {}
    if looked_at:
        names = sorted({f.field for c in looked_at for f in c.fields})
        now_there = {r.key.id: r for r in crm.reread(source=source, ids=[c.key.id for c in looked_at], fields=names)}
    seen = {c.seq for c in looked_at}
    return tuple(
        _verdict(c, found=now_there.get(c.key.id), fields=fields, look_again=look_again) if c.seq in seen else _unseen(c) for c in allowed
    )


def _allowed(change: PlannedChange, *, fields: Mapping[str, WriteField]) -> PlannedChange:
    """The change with only those fields that are still mapped and live; the others are noted."""
    kept = tuple(f for f in change.fields if f.field in fields)
    if len(kept) == len(change.fields):
        return change
    return replace(change, fields=kept, note=f"no longer mapped or not live: {', '.join(f.field for f in change.fields if f not in kept)}")


def _unseen(change: PlannedChange) -> _Verdict:
    return _Verdict(change=change, send=change if change.fields else None, settled=PlanState.LEFT_OUT)


def _verdict(change: PlannedChange, *, found: RawRecord | None, fields: Mapping[str, WriteField], look_again: bool) -> _Verdict:
    """What stands in a field is what was planned from (write it), what was to be written (done), or somebody else's (left out)."""
    if found is None or found.deleted:
        note = "the record is no longer in the CRM"
        return _Verdict(change=replace(change, note=note), send=None, settled=PlanState.LEFT_OUT)
    sending = change.state is PlanState.SENDING
    there = {f.field: fields[f.field].from_crm(found.fields.get(f.field)) for f in change.fields}
    wanting = tuple(f for f in change.fields if there[f.field] != fields[f.field].from_crm(f.after))
    if not wanting:
        return _Verdict(change=change, send=None, settled=PlanState.DONE, ours=sending)
    theirs = [f for f in wanting if (look_again or sending or not f.ours) and there[f.field] != fields[f.field].from_crm(f.before)]
    if not theirs:
        return _Verdict(change=change, send=change)
    note = "; ".join(filter(None, (change.note, f"changed in the CRM since the plan: {', '.join(f.field for f in theirs)}")))
    left = replace(change, fields=tuple(f for f in change.fields if f not in theirs), note=note)
    return _Verdict(change=left, send=left if left.fields else None, settled=PlanState.LEFT_OUT)


def _mark_sending(tx: Tx, *, work: Work, mapping: FieldMapping, verdicts: Sequence[_Verdict], sending: Sequence[PlannedChange]) -> None:
    for verdict in verdicts:
        if verdict.send is None:
            tx.plans.set_changes(work.plan, [verdict.change.seq], state=verdict.settled, note=verdict.change.note)
            if verdict.ours:
                _journal(tx, work=work, mapping=mapping, done=[verdict.change])
    plain = [c.seq for c in sending if not c.note]
    tx.plans.set_changes(work.plan, plain, state=PlanState.SENDING)
    for change in sending:
        if change.note:
            tx.plans.set_changes(work.plan, [change.seq], state=PlanState.SENDING, note=change.note)


def _record(tx: Tx, *, work: Work, mapping: FieldMapping, outcomes: Sequence[tuple[PlannedChange, Outcome]]) -> None:
    done = [c for c, o in outcomes if o.ok]
    _journal(tx, work=work, mapping=mapping, done=done)
    tx.plans.set_changes(work.plan, [c.seq for c in done if not c.note], state=PlanState.DONE)
    for change in (c for c in done if c.note):
        tx.plans.set_changes(work.plan, [change.seq], state=PlanState.DONE, note=change.note)
    refused = [(c, o.refusal) for c, o in outcomes if o.refusal is not None]
    parked = tx.parked.get([c.key for c, _ in refused])
    for change, refusal in refused:
        note = f"{refusal.code}: {refusal.message}"
        tx.plans.set_changes(work.plan, [change.seq], state=PlanState.REFUSED, note=note)
        earlier = parked.get((change.key, "fields"))
        tx.parked.put([park(change.key, what="fields", person=change.person, refusal=refusal, earlier=earlier, now=work.clock())])


def _journal(tx: Tx, *, work: Work, mapping: FieldMapping, done: Sequence[PlannedChange]) -> None:
    """What was written, with what was there before; our copy of the rows follows, and scores that were written are kept."""
    if not done:
        return
    model, now = work.model, work.clock()
    tx.journal.put([_entry(c, f, run=work.run, at=now, model=model.name, version=model.version) for c in done for f in c.fields])
    tx.raw.amend({c.key: {f.field: f.after for f in c.fields} for c in done})
    _know_stages(tx, mapping=mapping, keys=[c.key for c in done if any(f.name == "stage" for f in c.fields)], now=now)
    tx.parked.clear([(c.key, "fields") for c in done])
    scores = tx.scores.current(sorted({c.person for c in done}), model=model.name)
    tx.scores.keep(tuple(scores.values()))


def _know_stages(tx: Tx, *, mapping: FieldMapping, keys: Sequence[RecordKey], now: datetime) -> None:
    """What a CRM's own stage field says is read too: the contact knows it at once, so that the CRM's word of our write is no news."""
    for key, stored in tx.raw.get(keys).items():
        row = RawRecord(key=key, modified_at=stored.modified_at, fields=stored.fields, deleted=stored.deleted, survivor=stored.survivor)
        told = mapping.records(row, before=stored.fields, seen_at=now).records
        tx.records.put_contacts([record for record in told if isinstance(record, Contact)], seen_at=now)


def _entry(change: PlannedChange, field: PlannedField, *, run: int, at: datetime, model: str, version: int) -> JournalEntry:
    return JournalEntry(
        run=run,
        key=change.key,
        person=change.person,
        field=field.field,
        name=field.name,
        before=field.before,
        after=field.after,
        at=at,
        model=model,
        model_version=version,
    )


def park(key: RecordKey, *, what: str, person: int, refusal: Refusal, earlier: Parked | None, now: datetime) -> Parked:
    """A refused row with when it is tried again: at once where it heals by itself, else after 1 h, 2 h, 4 h … at most 24 h."""
    tries = 1 if earlier is None else earlier.tries + 1
    wait = AT_ONCE if refusal.action is Action.RETRY else min(FIRST_RETRY * 2 ** (tries - 1), LONGEST_RETRY)
    return Parked(key=key, what=what, person=person, refusal=refusal, at=now, tries=tries, next_try_at=now + wait)
