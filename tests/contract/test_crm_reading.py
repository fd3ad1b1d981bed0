"""What every CRM adapter promises of a first load and of the runs after it."""

from datetime import UTC, datetime, timedelta
from math import ceil

from connector.ports.crm import Ask, Crm, Page, RawRecord
from tests.contract.conftest import Bench
from tests.support.crm_reads import cursor_after, ids_of, last_states


def test_a_first_load_gives_every_row_once_and_says_how_many(bench: Bench, crm: Crm) -> None:
    pages = list(crm.read(bench.ask()))

    ids = ids_of(pages)
    assert len(ids) > bench.case.page_rows
    assert len(set(ids)) == len(ids)
    assert pages[0].expected == len(ids)


def test_a_first_load_costs_one_call_a_page(bench: Bench, crm: Crm) -> None:
    rows = len(ids_of(list(crm.read(bench.ask()))))

    assert crm.usage().calls["read"] <= ceil(rows / bench.case.page_rows) + 1


def test_a_killed_first_load_resumes_from_every_page_without_loss_or_repeat(bench: Bench) -> None:
    # What a test before this one just made lies within the overlap, and the run after the load would rightly tell it again.
    bench.sandbox.advance(3600)
    whole = ids_of(list(bench.open().read(bench.ask())))
    for stop in range(1, 3):
        kept: list[Page] = []
        reading = bench.open().read(bench.ask())
        for _ in range(stop):
            kept.append(next(reading))

        rest = list(bench.open().read(bench.ask(kept[-1].cursor)))

        assert sorted(ids_of(kept) + ids_of(rest)) == sorted(whole)


def test_rows_hold_just_the_asked_fields(bench: Bench, crm: Crm) -> None:
    page = next(iter(crm.read(bench.ask())))

    assert len(page.records) == bench.case.page_rows
    assert all(set(record.fields) == set(bench.case.contact_fields) for record in page.records)
    assert all(record.modified_at.tzinfo is not None for record in page.records)
    assert all(record.key.connection == "under-test" and record.key.source == bench.case.contact for record in page.records)


def test_since_bounds_the_first_load(bench: Bench, crm: Crm) -> None:
    case = bench.case
    everything = Ask(source=case.activity, fields=case.activity_fields)
    times = sorted(_time(record, case.activity_since) for page in crm.read(everything) for record in page.records)
    since = times[len(times) // 2]

    bounded = [
        record
        for page in crm.read(Ask(source=case.activity, fields=case.activity_fields, since=since, since_field=case.activity_since))
        for record in page.records
    ]

    assert len(bounded) == sum(time >= since for time in times)
    assert all(_time(record, case.activity_since) >= since for record in bounded)


def _time(record: RawRecord, name: str) -> datetime:
    return datetime.fromisoformat(str(record.fields[name]))


def test_a_source_without_rows_still_gives_a_page_and_a_cursor(bench: Bench, crm: Crm) -> None:
    far = datetime.now(UTC) + timedelta(days=3650)
    case = bench.case

    pages = list(crm.read(Ask(source=case.activity, fields=case.activity_fields, since=far, since_field=case.activity_since)))

    assert ids_of(pages) == []
    assert pages[-1].cursor
    assert list(crm.read(Ask(source=case.activity, fields=case.activity_fields, cursor=pages[-1].cursor)))


def test_an_incremental_run_gives_changed_and_new_rows_only(bench: Bench, crm: Crm) -> None:
    old = bench.new_contact("Old")
    bench.sandbox.advance(3600)
    cursor = cursor_after(crm, bench.ask())
    bench.sandbox.edit(bench.case.contact, old, {bench.case.text_field: "Head of Contracts"})
    new = bench.new_contact("New")

    changes = last_states(bench.open(), bench.ask(cursor))

    assert changes[old].fields[bench.case.text_field] == "Head of Contracts"
    assert new in changes
    assert len(changes) <= 10


def test_the_run_after_is_quiet_once_the_overlap_has_passed(bench: Bench, crm: Crm) -> None:
    changed = bench.new_contact()
    cursor = cursor_after(crm, bench.ask())
    bench.sandbox.advance(1300)
    cursor = cursor_after(crm, bench.ask(cursor))
    bench.sandbox.advance(1300)

    changes = last_states(crm, bench.ask(cursor))

    assert changed not in changes


def test_more_rows_of_one_stamp_than_a_page_holds_are_all_found(bench: Bench, crm: Crm) -> None:
    cursor = cursor_after(crm, bench.ask())
    bench.sandbox.advance(3600)
    rows = bench.case.page_rows + bench.case.page_rows // 5
    bench.sandbox.touch(bench.case.contact, count=rows)

    pages = list(crm.read(bench.ask(cursor)))

    assert len(set(ids_of(pages))) >= rows


def test_an_incremental_run_killed_inside_equal_stamps_resumes_without_loss(bench: Bench, crm: Crm) -> None:
    cursor = cursor_after(crm, bench.ask())
    bench.sandbox.advance(3600)
    rows = bench.case.page_rows + bench.case.page_rows // 5
    bench.sandbox.touch(bench.case.contact, count=rows)
    reading = crm.read(bench.ask(cursor))
    first = next(reading)

    rest = list(bench.open().read(bench.ask(first.cursor)))

    assert len(set(ids_of([first, *rest]))) >= rows


def test_a_row_that_shows_nine_minutes_after_its_stamp_is_not_missed(bench: Bench, crm: Crm) -> None:
    late = bench.new_contact("Late")
    bench.sandbox.advance(3600)
    cursor = cursor_after(crm, bench.ask())
    bench.sandbox.lag(seconds=540)
    bench.sandbox.edit(bench.case.contact, late, {bench.case.text_field: "Seen late"})
    bench.sandbox.lag(seconds=0)
    bench.sandbox.advance(60)
    between = bench.new_contact("Between")

    seen_at_once: dict[str, RawRecord] = {}
    for page in crm.read(bench.ask(cursor)):
        seen_at_once |= {record.key.id: record for record in page.records}
        cursor = page.cursor
    bench.sandbox.advance(530)
    seen_after = last_states(crm, bench.ask(cursor))

    assert between in seen_at_once
    assert late not in seen_at_once or seen_at_once[late].fields[bench.case.text_field] != "Seen late"
    assert seen_after[late].fields[bench.case.text_field] == "Seen late"


def test_a_deleted_row_is_told(bench: Bench, crm: Crm) -> None:
    doomed = bench.new_contact("Doomed")
    cursor = cursor_after(crm, bench.ask())
    bench.sandbox.delete(bench.case.contact, doomed)

    changes = last_states(crm, bench.ask(cursor))

    assert changes[doomed].deleted


def test_a_first_load_tells_no_row_that_was_deleted_before(bench: Bench, crm: Crm) -> None:
    doomed = bench.new_contact("Doomed")
    bench.sandbox.delete(bench.case.contact, doomed)

    records = [record for page in crm.read(bench.ask()) for record in page.records]

    assert doomed not in {record.key.id for record in records}
    assert not any(record.deleted for record in records)
