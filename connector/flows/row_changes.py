"""What the rows of one person should change to, as rows of a plan."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from connector.core.changes import COMPANIONS, Change, Ownership, Target, plan_change, stage_stands
from connector.core.people import Member, Person, PersonId
from connector.core.qualification import LadderState
from connector.core.records import RecordKey, Value
from connector.flows.places import Place
from connector.flows.published import Published
from connector.flows.wanted import wanted_companions, wanted_values, written_at
from connector.ports.crm import Json, Refusal
from connector.ports.errors import Action
from connector.ports.people import ScoreRow
from connector.ports.plans import PlannedChange, PlannedField
from connector.ports.rows import StoredRaw
from connector.ports.runs import JournalEntry, Parked
from mappings.compile import LEAVE, WriteField

BREAKER_SPAN = timedelta(hours=1)
"""Within which writes of a row are counted, and for which a row that was written too often is left alone."""
FLIPPING = "FLIPPING"
AT_ONCE = timedelta(minutes=5)
"""What a row holds so soon after our write was put there by what our write set off, not by somebody who thought about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store holds about the rows of a batch of people."""

    raw: Mapping[RecordKey, StoredRaw]
    last_written: Mapping[tuple[RecordKey, str], Json]
    parked: Mapping[tuple[RecordKey, str], Parked]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanges:
    """`changes` have no number yet. `settled`: rows that were parked and need nothing any more."""

    changes: tuple[PlannedChange, ...]
    settled: tuple[RecordKey, ...]


def row_changes(
    person: Person, *, row: ScoreRow, state: LadderState, known: Known, places: Mapping[str, Place], documents: Published, now: datetime
) -> RowChanges:
    """The change of each of the person's live rows in these places that needs one and is not parked."""
    wanted = wanted_values(row=row, state=state)
    changes: list[PlannedChange] = []
    settled: list[RecordKey] = []
    for member in person.members:
        place = places.get(member.contact.key.connection) if member.is_live else None
        stored = known.raw.get(member.contact.key)
        if place is None or stored is None:
            continue
        parked = known.parked.get((member.contact.key, "fields"))
        change = _change(
            member,
            person=person,
            place=place,
            stored=stored,
            wanted=wanted,
            row=row,
            known=known,
            documents=documents,
            moved=state.moved,
        )
        if change is None and parked is not None:
            settled.append(member.contact.key)
        if change is not None and not _is_parked(parked, stored=stored, now=now):
            changes.append(change)
    return RowChanges(changes=tuple(changes), settled=tuple(settled))


def flips_of(entries: Iterable[JournalEntry]) -> Mapping[RecordKey, int]:
    """How often, in each row, a field was set back to a value that it held before among these entries; of the field where it is most."""
    held: dict[tuple[RecordKey, str], list[Json]] = {}
    flips: Counter[tuple[RecordKey, str]] = Counter()
    for entry in entries:
        before = held.setdefault((entry.key, entry.field), [entry.before])
        if entry.after in before:
            flips[entry.key, entry.field] += 1
        else:
            before.append(entry.after)
    found: dict[RecordKey, int] = {}
    for (key, _), count in flips.items():
        found[key] = max(count, found.get(key, 0))
    return found


def flipping(key: RecordKey, *, person: PersonId, flips: int, earlier: Parked | None, now: datetime) -> Parked:
    """The circuit breaker: a row whose values went to and fro too often within the hour, left alone for an hour."""
    refusal = Refusal(
        action=Action.WAIT,
        code=FLIPPING,
        message=f"a value went back to what it was {flips} times within an hour; left alone for an hour",
        cause="Something in the CRM changes what hotlead reads or writes here to and fro: a workflow, an import or another program.",
        mended_by="admin of the CRM",
    )
    tries = 1 if earlier is None else earlier.tries + 1
    return Parked(key=key, what="fields", person=person, refusal=refusal, at=now, tries=tries, next_try_at=now + BREAKER_SPAN)


def writes_again(change: PlannedChange, *, last: Mapping[tuple[RecordKey, str], JournalEntry]) -> bool:
    """Whether it sets a field of ours to what we wrote there before, so that somebody must have changed it since."""
    entries = ((f, last.get((change.key, f.field))) for f in change.fields if f.ours)
    return any(entry is not None and entry.after == field.after for field, entry in entries)


def lately_written(entries: Iterable[JournalEntry]) -> Mapping[tuple[RecordKey, str], Sequence[Json]]:
    """What we wrote into each field of each row by these entries."""
    found: dict[tuple[RecordKey, str], list[Json]] = {}
    for entry in entries:
        found.setdefault((entry.key, entry.field), []).append(entry.after)
    return found


def without_rewritten(
    change: PlannedChange,
    *,
    stored: StoredRaw,
    last: Mapping[tuple[RecordKey, str], JournalEntry],
    lately: Mapping[tuple[RecordKey, str], Sequence[Json]],
    wrote_at: datetime | None = None,
) -> PlannedChange | None:
    """The change without fields of ours that something in the CRM changed right after our write; None where no reason is left.

    To write them again would only set the same thing off again. Once we have another value to write, it is written. `wrote_at` is when the
    row was last written in any field: a workflow may change one because we wrote another. A row that the CRM was asked for before our
    write was answered tells nothing of what became of that write, and no value that we wrote ourselves `lately` is a workflow's.
    """

    def is_theirs(field: PlannedField) -> bool:
        place = (change.key, field.field)
        ours_lately = field.before in lately.get(place, ())
        return field.ours and not ours_lately and _was_rewritten(field, stored=stored, last=last.get(place), wrote_at=wrote_at)

    kept = tuple(f for f in change.fields if not is_theirs(f))
    if all(f.name in COMPANIONS for f in kept):
        return None
    return change if len(kept) == len(change.fields) else replace(change, fields=kept)


def _was_rewritten(field: PlannedField, *, stored: StoredRaw, last: JournalEntry | None, wrote_at: datetime | None) -> bool:
    if last is None or last.after != field.after:
        return False
    answered_at = max(last.at, wrote_at or last.at)
    return answered_at < stored.seen_at and stored.modified_at <= answered_at + AT_ONCE


def fields_with_a_past(places: Mapping[str, Place]) -> frozenset[str]:
    """The CRMs' fields where it matters whether what stands there is what we wrote last."""
    written = [field for place in places.values() for read in place.mapping.reads for field in place.mapping.writes(read.source)]
    return frozenset(f.field for f in written if f.ownership is Ownership.CRM_WINS or f.name == "stage")


def is_ours(field: WriteField, *, place: Place, source: str, documents: Published) -> bool:
    """Whether nobody else has a say in the field; a stage field of the CRM's own is also the word of whoever sets it there."""
    return field.ownership is Ownership.OURS and not _is_the_crms_stage(field, place=place, source=source, documents=documents)


def _is_the_crms_stage(field: WriteField, *, place: Place, source: str, documents: Published) -> bool:
    here = (place.connection.crm, source, field.field)
    return field.name == "stage" and any((s.crm, s.source, s.field) == here for s in documents.ladder.stage_fields)


def _change(
    member: Member,
    *,
    person: Person,
    place: Place,
    stored: StoredRaw,
    wanted: Mapping[str, Value | None],
    row: ScoreRow,
    known: Known,
    documents: Published,
    moved: bool,
) -> PlannedChange | None:
    key = member.contact.key
    crms_own = partial(_is_the_crms_stage, place=place, source=key.source, documents=documents)
    live = (f for f in place.mapping.writes(key.source) if written_at(place.connection.live, name=f.name))
    fields = [f for f in live if moved or not crms_own(f)]
    targets = partial(_targets, key=key, stored=stored, last=known.last_written)
    causes = targets([f for f in fields if f.name not in COMPANIONS], wanted=wanted)
    if plan_change(key=key, person=person.id, targets=causes) is None:
        return None
    whole = {**wanted, **wanted_companions(row=row, model=documents.model, language=documents.ladder.language)}
    change = plan_change(key=key, person=person.id, targets=targets(fields, wanted=whole))
    ours = {f.field for f in fields if is_ours(f, place=place, source=key.source, documents=documents)}
    return None if change is None else _planned(change, person=person, fields=fields, ours=ours)


def _is_parked(parked: Parked | None, *, stored: StoredRaw, now: datetime) -> bool:
    """Whether the row is still waiting: not yet time to try again, and nobody has touched it in the CRM since it was refused."""
    return parked is not None and not parked.is_due(now) and stored.modified_at <= parked.at


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


def _planned(change: Change, *, person: Person, fields: Sequence[WriteField], ours: Set[str]) -> PlannedChange:
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
                ours=c.field in ours,
            )
            for c in change.fields
        ),
    )


def _json(field: WriteField, value: Value | None) -> Json:
    given = field.to_crm(value)
    return None if given is LEAVE else given
