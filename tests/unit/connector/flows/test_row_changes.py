"""When a value goes to and fro, and whose word stands after a write of ours."""

from datetime import UTC, datetime, timedelta

import pytest

from connector.core.records import RecordKey
from connector.flows.row_changes import FLIPPING, flipping, flips_of, lately_written, without_rewritten
from connector.ports.crm import Json
from connector.ports.plans import PlannedChange, PlannedField
from connector.ports.rows import StoredRaw
from connector.ports.runs import JournalEntry

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ROW = RecordKey("crm", "Lead", "1")
OTHER = RecordKey("crm", "Lead", "2")


def entry(before: Json, after: Json, *, field: str = "Score__c", key: RecordKey = ROW) -> JournalEntry:
    return JournalEntry(
        run=1, key=key, person=1, field=field, name="score", before=before, after=after, at=NOW, model="default", model_version=1
    )


def change(*fields: PlannedField) -> PlannedChange:
    return PlannedChange(seq=0, key=ROW, person=1, person_name="", fields=fields)


def score(after: Json, *, ours: bool = True) -> PlannedField:
    return PlannedField(field="Score__c", name="score", before=1, after=after, ours=ours)


def grade(after: Json) -> PlannedField:
    return PlannedField(field="Grade__c", name="grade", before="D4", after=after, ours=True)


SCORED_AT = PlannedField(field="At__c", name="scored_at", before=None, after="2026-11-02T09:00:00Z", ours=True)


def stored(*, changed: timedelta, seen: timedelta = timedelta(hours=10)) -> StoredRaw:
    return StoredRaw(fields={}, modified_at=NOW + changed, deleted=False, survivor=None, seen_at=NOW + seen)


def test_a_lead_that_only_gets_warmer_never_flips() -> None:
    assert flips_of(entry(n, n + 5) for n in range(0, 100, 5)) == {}


def test_a_value_that_goes_to_and_fro_is_counted_each_time_it_comes_back() -> None:
    assert flips_of([entry(10, 20), entry(20, 10), entry(10, 20), entry(20, 10)]) == {ROW: 3}


def test_a_value_that_somebody_else_resets_comes_back_with_each_write() -> None:
    assert flips_of([entry(1, 80), entry(1, 80), entry(1, 80)]) == {ROW: 2}


def test_fields_and_rows_are_counted_apart_and_the_worst_field_tells() -> None:
    entries = [
        entry(1, 2),
        entry(2, 1),
        entry("a", "b", field="Grade__c"),
        entry("b", "a", field="Grade__c"),
        entry("a", "b", field="Grade__c"),
    ]

    assert flips_of([*entries, entry(1, 2, key=OTHER), entry(2, 1, key=OTHER)]) == {ROW: 2, OTHER: 1}


def test_a_flipping_row_is_left_alone_for_an_hour_and_says_who_can_mend_it() -> None:
    parked = flipping(ROW, person=1, flips=12, earlier=None, now=NOW)

    assert (parked.refusal.code, parked.refusal.mended_by) == (FLIPPING, "admin of the CRM")
    assert parked.next_try_at == NOW + timedelta(hours=1)
    assert flipping(ROW, person=1, flips=12, earlier=parked, now=NOW).tries == 2


@pytest.mark.parametrize("soon", [timedelta(seconds=-1), timedelta(0), timedelta(minutes=5)])
def test_what_was_put_there_right_after_our_write_stands(soon: timedelta) -> None:
    last = {(ROW, "Score__c"): entry(1, 80)}

    assert without_rewritten(change(score(80), SCORED_AT), stored=stored(changed=soon), lately={}, last=last) is None


def test_what_was_put_there_right_after_we_wrote_another_field_stands() -> None:
    last, late = {(ROW, "Score__c"): entry(1, 80)}, timedelta(hours=9)

    rewritten = stored(changed=late)

    assert without_rewritten(change(score(80)), stored=rewritten, lately={}, last=last, wrote_at=NOW + late) is None
    assert without_rewritten(change(score(80)), stored=rewritten, lately={}, last=last, wrote_at=NOW + timedelta(hours=8)) == change(
        score(80)
    )


def test_what_somebody_put_there_later_is_put_right() -> None:
    wanted = change(score(80))

    assert (
        without_rewritten(wanted, stored=stored(changed=timedelta(minutes=6)), lately={}, last={(ROW, "Score__c"): entry(1, 80)}) is wanted
    )


def test_another_value_is_written_and_only_the_rewritten_field_is_left_out() -> None:
    last = {(ROW, "Score__c"): entry(1, 80), (ROW, "Grade__c"): entry("C3", "D4", field="Grade__c")}

    kept = without_rewritten(change(score(80), grade("A1"), SCORED_AT), stored=stored(changed=timedelta(0)), lately={}, last=last)

    assert kept == change(grade("A1"), SCORED_AT)
    assert without_rewritten(change(score(85)), stored=stored(changed=timedelta(0)), lately={}, last=last) == change(score(85))


def test_a_field_that_is_not_ours_has_its_own_rules() -> None:
    wanted = change(score(80, ours=False))

    assert without_rewritten(wanted, stored=stored(changed=timedelta(0)), lately={}, last={(ROW, "Score__c"): entry(1, 80)}) is wanted


@pytest.mark.parametrize(("seen", "told"), [(timedelta(0), False), (timedelta(seconds=1), True)])
def test_only_a_row_that_was_asked_for_after_our_write_was_answered_tells_what_became_of_it(seen: timedelta, told: bool) -> None:
    wanted, last = change(score(80)), {(ROW, "Score__c"): entry(1, 80)}

    kept = without_rewritten(wanted, stored=stored(changed=timedelta(0), seen=seen), lately={}, last=last)

    assert kept == (None if told else wanted)


def test_what_we_lately_wrote_ourselves_is_no_workflows_word() -> None:
    """A row of an earlier write of ours came in late: it says 1, which is what we wrote first."""
    entries = [entry(50, 1), entry(1, 80)]

    kept = without_rewritten(
        change(score(80)), stored=stored(changed=timedelta(0)), last={(ROW, "Score__c"): entries[-1]}, lately=lately_written(entries)
    )

    assert kept == change(score(80))
