"""What every CRM adapter promises, asked of each over sockets against its sandbox."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from math import ceil
from threading import Barrier
from time import monotonic

import pytest
import requests

from adapters.finder import crm_kinds
from connector.core.records import RecordKey
from connector.ports.crm import Ask, Crm, NewTask, Outcome, Page, Priority, RawRecord, Severity, TaskState, TaskStatus, TaskType, Write
from connector.ports.errors import Action, CrmAuth, CrmError, CrmField, CrmLimit, CrmUnreachable, UsageError
from mappings.compile import compile_fields, compile_lifecycle
from mappings.document import packaged
from mappings.field_mapping import SourceRead
from tests.contract.conftest import CASES, Bench
from tests.support.clocks import SkewedClock

_numbers = count(1)


def _last_name(word: str) -> str:
    return f"{word}{next(_numbers)}x{datetime.now(UTC):%H%M%S%f}"


def _new_contact(bench: Bench, word: str = "Person") -> str:
    return bench.sandbox.create(bench.case.contact, bench.case.new_contact(_last_name(word)))


def _ask(bench: Bench, cursor: str | None = None) -> Ask:
    return Ask(source=bench.case.contact, fields=bench.case.contact_fields, cursor=cursor)


def _loaded(crm: Crm, ask: Ask) -> str:
    """The cursor after a whole first load."""
    cursor = ""
    for page in crm.read(ask):
        cursor = page.cursor
    return cursor


def _changes(crm: Crm, ask: Ask) -> dict[str, RawRecord]:
    """The last state given of each row in one run."""
    return {record.key.id: record for page in crm.read(ask) for record in page.records}


def _ids(pages: Sequence[Page]) -> list[str]:
    return [record.key.id for page in pages for record in page.records]


def test_identity_names_the_account_and_its_zone(crm: Crm) -> None:
    identity = crm.identity()

    assert identity.account
    assert identity.name
    assert "/" in identity.zone
    assert identity.production is False


def test_users_have_ids_and_addresses(crm: Crm) -> None:
    users = crm.users()

    assert len(users) > 3
    assert len({user.id for user in users}) == len(users)
    assert any("@" in user.email and user.active for user in users)


def test_the_catalog_shows_what_is_asked_and_leaves_out_what_is_not_there(bench: Bench, crm: Crm) -> None:
    case = bench.case

    catalog = crm.catalog(sources=[case.contact, case.deal, case.missing_source])

    assert set(catalog.sources) == {case.contact, case.deal}
    assert set(case.contact_fields) <= set(catalog.sources[case.contact])
    assert case.missing_field not in catalog.sources[case.contact]
    assert (catalog.sources[case.contact][case.reasons_field].length or 255) >= 255
    assert catalog.sources[case.contact][case.score_field].writable


def test_a_first_load_gives_every_row_once_and_says_how_many(bench: Bench, crm: Crm) -> None:
    pages = list(crm.read(_ask(bench)))

    ids = _ids(pages)
    assert len(ids) > bench.case.page_rows
    assert len(set(ids)) == len(ids)
    assert pages[0].expected == len(ids)


def test_a_first_load_costs_one_call_a_page(bench: Bench, crm: Crm) -> None:
    rows = len(_ids(list(crm.read(_ask(bench)))))

    assert crm.usage().calls["read"] <= ceil(rows / bench.case.page_rows) + 1


def test_a_killed_first_load_resumes_from_every_page_without_loss_or_repeat(bench: Bench) -> None:
    # What a test before this one just made lies within the overlap, and the run after the load would rightly tell it again.
    bench.sandbox.advance(3600)
    whole = _ids(list(bench.open().read(_ask(bench))))
    for stop in range(1, 3):
        kept: list[Page] = []
        reading = bench.open().read(_ask(bench))
        for _ in range(stop):
            kept.append(next(reading))

        rest = list(bench.open().read(_ask(bench, kept[-1].cursor)))

        assert sorted(_ids(kept) + _ids(rest)) == sorted(whole)


def test_rows_hold_just_the_asked_fields(bench: Bench, crm: Crm) -> None:
    page = next(iter(crm.read(_ask(bench))))

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

    assert _ids(pages) == []
    assert pages[-1].cursor
    assert list(crm.read(Ask(source=case.activity, fields=case.activity_fields, cursor=pages[-1].cursor)))


def test_an_incremental_run_gives_changed_and_new_rows_only(bench: Bench, crm: Crm) -> None:
    old = _new_contact(bench, "Old")
    bench.sandbox.advance(3600)
    cursor = _loaded(crm, _ask(bench))
    bench.sandbox.edit(bench.case.contact, old, {bench.case.text_field: "Head of Contracts"})
    new = _new_contact(bench, "New")

    changes = _changes(bench.open(), _ask(bench, cursor))

    assert changes[old].fields[bench.case.text_field] == "Head of Contracts"
    assert new in changes
    assert len(changes) <= 10


def test_the_run_after_is_quiet_once_the_overlap_has_passed(bench: Bench, crm: Crm) -> None:
    changed = _new_contact(bench)
    cursor = _loaded(crm, _ask(bench))
    bench.sandbox.advance(1300)
    cursor = _loaded(crm, _ask(bench, cursor))
    bench.sandbox.advance(1300)

    changes = _changes(crm, _ask(bench, cursor))

    assert changed not in changes


def test_more_rows_of_one_stamp_than_a_page_holds_are_all_found(bench: Bench, crm: Crm) -> None:
    cursor = _loaded(crm, _ask(bench))
    bench.sandbox.advance(3600)
    rows = bench.case.page_rows + bench.case.page_rows // 5
    bench.sandbox.touch(bench.case.contact, count=rows)

    pages = list(crm.read(_ask(bench, cursor)))

    assert len(set(_ids(pages))) >= rows


def test_an_incremental_run_killed_inside_equal_stamps_resumes_without_loss(bench: Bench, crm: Crm) -> None:
    cursor = _loaded(crm, _ask(bench))
    bench.sandbox.advance(3600)
    rows = bench.case.page_rows + bench.case.page_rows // 5
    bench.sandbox.touch(bench.case.contact, count=rows)
    reading = crm.read(_ask(bench, cursor))
    first = next(reading)

    rest = list(bench.open().read(_ask(bench, first.cursor)))

    assert len(set(_ids([first, *rest]))) >= rows


def test_a_row_that_shows_nine_minutes_after_its_stamp_is_not_missed(bench: Bench, crm: Crm) -> None:
    late = _new_contact(bench, "Late")
    bench.sandbox.advance(3600)
    cursor = _loaded(crm, _ask(bench))
    bench.sandbox.lag(seconds=540)
    bench.sandbox.edit(bench.case.contact, late, {bench.case.text_field: "Seen late"})
    bench.sandbox.lag(seconds=0)
    bench.sandbox.advance(60)
    between = _new_contact(bench, "Between")

    seen_at_once: dict[str, RawRecord] = {}
    for page in crm.read(_ask(bench, cursor)):
        seen_at_once |= {record.key.id: record for record in page.records}
        cursor = page.cursor
    bench.sandbox.advance(530)
    seen_after = _changes(crm, _ask(bench, cursor))

    assert between in seen_at_once
    assert late not in seen_at_once or seen_at_once[late].fields[bench.case.text_field] != "Seen late"
    assert seen_after[late].fields[bench.case.text_field] == "Seen late"


def test_a_deleted_row_is_told(bench: Bench, crm: Crm) -> None:
    doomed = _new_contact(bench, "Doomed")
    cursor = _loaded(crm, _ask(bench))
    bench.sandbox.delete(bench.case.contact, doomed)

    changes = _changes(crm, _ask(bench, cursor))

    assert changes[doomed].deleted


def test_a_first_load_tells_no_row_that_was_deleted_before(bench: Bench, crm: Crm) -> None:
    doomed = _new_contact(bench, "Doomed")
    bench.sandbox.delete(bench.case.contact, doomed)

    records = [record for page in crm.read(_ask(bench)) for record in page.records]

    assert doomed not in {record.key.id for record in records}
    assert not any(record.deleted for record in records)


def test_deals_bring_the_ids_of_their_people(bench: Bench, crm: Crm) -> None:
    case = bench.case

    deals = [
        record for page in crm.read(Ask(source=case.deal, fields=case.deal_fields, related=(case.deal_contact,))) for record in page.records
    ]

    people = [deal.fields[f"@{case.deal_contact}"] for deal in deals]
    assert all(isinstance(rows, list) for rows in people)
    linked = [row for rows in people if isinstance(rows, list) for row in rows]
    assert linked
    assert all(isinstance(row, dict) and row["id"] and "role" in row for row in linked)


def test_reread_gives_rows_as_they_are_now_in_order(bench: Bench, crm: Crm) -> None:
    first, second, gone = _new_contact(bench), _new_contact(bench), _new_contact(bench)
    bench.sandbox.edit(bench.case.contact, second, {bench.case.text_field: "Just now"})
    bench.sandbox.delete(bench.case.contact, gone)

    rows = list(crm.reread(source=bench.case.contact, ids=[second, gone, first], fields=[bench.case.text_field]))

    assert [row.key.id for row in rows] == [second, gone, first]
    assert rows[0].fields[bench.case.text_field] == "Just now"
    assert [row.deleted for row in rows] == [False, True, False]


def test_rereads_go_in_batches(bench: Bench, crm: Crm) -> None:
    ids = _ids([next(iter(crm.read(_ask(bench))))])
    ids = (ids * 3)[: crm.abilities.reread_batch + 1]

    rows = list(crm.reread(source=bench.case.contact, ids=ids, fields=[bench.case.email_field]))

    assert [row.key.id for row in rows] == ids
    assert crm.usage().calls["reread"] == 2


def test_a_reread_row_equals_what_a_pull_read_of_every_source_of_the_mapping(bench: Bench, crm: Crm) -> None:
    compared = set()
    for asked in _shipped_reads(bench.case.crm):
        if not crm.abilities.rereads(asked.source):
            continue
        pages = islice(crm.read(Ask(source=asked.source, fields=asked.fields, related=asked.related)), 3)
        pulled = [row for page in pages for row in page.records]
        compared.add(asked.source)

        again = list(crm.reread(source=asked.source, ids=[row.key.id for row in pulled], fields=asked.fields, related=asked.related))

        assert [row.key for row in again] == [row.key for row in pulled]
        assert [_comparable(row) for row in again] == [_comparable(row) for row in pulled]
    assert {bench.case.contact, bench.case.deal, bench.case.activity} <= compared


def _shipped_reads(crm: str) -> tuple[SourceRead, ...]:
    ladder = compile_lifecycle(packaged("lifecycle", "b2b_default"), file="lifecycle", version=1)
    return compile_fields(packaged("fields", crm), file=crm, connection="under-test", version=1, ladder=ladder, zone="UTC").reads


def _comparable(row: RawRecord) -> tuple[object, ...]:
    """All that a row says; links in any order, which no CRM promises."""
    fields = {name: sorted(map(str, value)) if isinstance(value, list) else value for name, value in row.fields.items()}
    return fields, row.modified_at, row.deleted, row.survivor


def test_rereads_with_related_ids_cost_no_more_calls_than_batches(bench: Bench, crm: Crm) -> None:
    case = bench.case
    deals = [row.key.id for page in crm.read(Ask(source=case.deal, fields=case.deal_fields)) for row in page.records]
    before = crm.usage().calls.get("reread", 0)

    rows = list(crm.reread(source=case.deal, ids=deals, fields=case.deal_fields, related=(case.deal_contact,)))

    assert [row.key.id for row in rows] == deals
    assert crm.usage().calls["reread"] - before == case.reread_calls(len(deals))


def test_usage_tells_how_far_our_clock_is_from_the_crms(bench: Bench) -> None:
    ahead = bench.open_by(SkewedClock(ahead_s=600))
    right = bench.open_by(SkewedClock(ahead_s=0))
    unasked = right.usage().skew_s

    ahead.identity()
    right.identity()

    told, base = ahead.usage().skew_s, right.usage().skew_s
    assert unasked is None
    assert told is not None
    assert base is not None
    assert 595 <= told - base <= 605


def test_a_field_that_is_not_there_is_named(bench: Bench, crm: Crm) -> None:
    with pytest.raises(CrmField) as refusal:
        list(crm.read(Ask(source=bench.case.contact, fields=(bench.case.email_field, bench.case.missing_field))))

    assert refusal.value.action is Action.FIX_MAPPING
    assert refusal.value.field == bench.case.missing_field
    assert bench.case.missing_field in str(refusal.value)


def _writes(bench: Bench, ids: Sequence[str], text: str) -> list[Write]:
    return [Write(key=bench.key(record_id), fields={bench.case.reasons_field: text, bench.case.score_field: 71}) for record_id in ids]


def test_written_values_are_in_the_crm_and_outcomes_keep_their_order(bench: Bench, crm: Crm) -> None:
    ids = [_new_contact(bench) for _ in range(3)]

    outcomes = list(crm.write(_writes(bench, ids, "Pricing page 3 times")))

    assert [(outcome.key, outcome.ok) for outcome in outcomes] == [(record_id, True) for record_id in ids]
    assert [bench.field(record_id, bench.case.reasons_field) for record_id in ids] == ["Pricing page 3 times"] * 3
    assert [float(bench.field(record_id, bench.case.score_field)) for record_id in ids] == [71.0] * 3


def test_none_clears_a_field(bench: Bench, crm: Crm) -> None:
    record_id = _new_contact(bench)
    list(crm.write(_writes(bench, [record_id], "soon gone")))

    (outcome,) = crm.write([Write(key=bench.key(record_id), fields={bench.case.reasons_field: None})])

    assert outcome.ok
    assert not bench.field(record_id, bench.case.reasons_field)


def test_writes_cost_one_call_a_batch(bench: Bench, crm: Crm) -> None:
    size = crm.abilities.write_batch
    alive = [record.key.id for page in crm.read(_ask(bench)) for record in page.records if record.survivor is None]
    ids = alive[: size * 2 + 1]

    outcomes = list(crm.write(_writes(bench, ids, "batch")))

    assert all(outcome.ok for outcome in outcomes)
    assert bench.case.write_calls(bench.sandbox.calls()) == 3
    assert crm.usage().calls["write"] == 3


def test_one_refused_row_of_a_batch_stops_no_other(bench: Bench, crm: Crm) -> None:
    for denial in bench.case.denials:
        ids = [_new_contact(bench) for _ in range(3)]
        rows = {"error": denial.code, "message": denial.message, "fields": list(denial.fields), "ids": [ids[1]]}
        bench.sandbox.fault(bench.case.write_path, "rows", rows=rows)

        outcomes = list(crm.write(_writes(bench, ids, denial.code)))

        bench.sandbox.heal()
        assert [outcome.ok for outcome in outcomes] == [True, False, True], denial.code
        refusal = outcomes[1].refusal
        assert refusal is not None
        assert (refusal.action, refusal.mended_by) == (denial.action, denial.mended_by), denial.code
        assert denial.message in refusal.message
        assert refusal.cause
        assert bench.field(ids[2], bench.case.reasons_field) == denial.code


def test_a_write_to_a_deleted_row_is_refused_for_that_row(bench: Bench, crm: Crm) -> None:
    alive, gone = _new_contact(bench), _new_contact(bench)
    bench.sandbox.delete(bench.case.contact, gone)

    outcomes = list(crm.write(_writes(bench, [gone, alive], "one of two")))

    assert [outcome.ok for outcome in outcomes] == [False, True]
    refusal = outcomes[0].refusal
    assert refusal is not None
    assert refusal.action is Action.SKIP_RECORD


def test_writes_of_several_sources_keep_their_order(bench: Bench, crm: Crm) -> None:
    deal = next(iter(crm.read(Ask(source=bench.case.deal, fields=bench.case.deal_fields)))).records[0]
    contacts = [_new_contact(bench), _new_contact(bench)]
    name = bench.case.deal_fields[0]
    writes = _writes(bench, contacts, "mixed")
    writes.insert(1, Write(key=deal.key, fields={name: deal.fields[name]}))

    outcomes = list(crm.write(writes))

    assert [(outcome.key, outcome.ok) for outcome in outcomes] == [(contacts[0], True), (deal.key.id, True), (contacts[1], True)]


def test_a_connection_cut_after_the_effect_leaves_the_right_values_and_outcomes(bench: Bench, crm: Crm) -> None:
    ids = [_new_contact(bench) for _ in range(3)]
    crm.identity()
    bench.sandbox.fault(bench.case.write_path, "reset_after", times=1)

    outcomes = list(crm.write(_writes(bench, ids, "cut after")))

    assert [outcome.ok for outcome in outcomes] == [True, True, True]
    assert {bench.field(record_id, bench.case.reasons_field) for record_id in ids} == {"cut after"}


def _task(contact: RecordKey, key: str, **changed: str) -> NewTask:
    return NewTask(
        key=key,
        contact=contact,
        subject=changed.get("subject", "Call: asked for a price"),
        body="Pricing page 3 times\nWebinar attended",
        due_at=datetime(2026, 12, 1, 1, 0, tzinfo=UTC),
        due_on=date(2026, 12, 1),
        type=TaskType.CALL,
        priority=Priority.HIGH,
        owner=None,
    )


def _key() -> str:
    return f"contract-{next(_numbers)}-{datetime.now(UTC):%H%M%S%f}"


def _tasks_with_key(bench: Bench, key: str) -> list[RawRecord]:
    field = bench.case.task_key_field
    ask = Ask(source=bench.case.task_source, fields=(field,), where={field: (key,)})
    return [record for page in bench.open().read(ask) for record in page.records]


def test_a_task_is_made_on_its_contact(bench: Bench, crm: Crm) -> None:
    contact, key = _new_contact(bench), _key()

    (outcome,) = crm.make_tasks([_task(bench.key(contact), key)])

    assert outcome.ok
    assert outcome.key == key
    assert [record.key.id for record in _tasks_with_key(bench, key)] == [outcome.record]


def test_the_same_key_again_gives_the_same_task_back_untouched(bench: Bench, crm: Crm) -> None:
    contact, key = _new_contact(bench), _key()
    (first,) = crm.make_tasks([_task(bench.key(contact), key)])
    before = bench.sandbox.record(bench.case.task_source, first.record)

    (second,) = bench.open().make_tasks([_task(bench.key(contact), key, subject="Another subject")])

    assert second == first
    assert bench.sandbox.record(bench.case.task_source, first.record) == before


@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "cut_body"])
def test_a_connection_cut_while_a_task_is_made_leaves_exactly_one(bench: Bench, crm: Crm, fault: str) -> None:
    contact, key = _new_contact(bench), _key()
    crm.identity()
    bench.sandbox.fault(bench.case.task_path, fault, times=1)

    (outcome,) = crm.make_tasks([_task(bench.key(contact), key)])

    assert outcome.ok
    assert [record.key.id for record in _tasks_with_key(bench, key)] == [outcome.record]


def test_tasks_keep_their_order_and_a_key_given_twice_makes_one(bench: Bench, crm: Crm) -> None:
    contact, keys = bench.key(_new_contact(bench)), [_key() for _ in range(3)]

    outcomes = list(crm.make_tasks([_task(contact, key) for key in (*keys, keys[0])]))

    assert [outcome.key for outcome in outcomes] == [*keys, keys[0]]
    assert outcomes[3].record == outcomes[0].record
    assert len({outcome.record for outcome in outcomes}) == 3


def test_closing_a_task_completes_it_and_closing_it_again_changes_nothing(bench: Bench, crm: Crm) -> None:
    contact, key = _new_contact(bench), _key()
    (made,) = crm.make_tasks([_task(bench.key(contact), key)])

    (closed,) = crm.close_tasks([key])
    after = bench.sandbox.record(bench.case.task_source, made.record)
    (again,) = crm.close_tasks([key])

    assert closed.ok
    assert closed.record == made.record
    assert again.ok
    assert bench.sandbox.record(bench.case.task_source, made.record) == after


def test_closing_a_task_that_is_not_there_says_so_and_makes_none(bench: Bench, crm: Crm) -> None:
    key = _key()

    (outcome,) = crm.close_tasks([key])

    assert not outcome.ok
    assert outcome.refusal is not None
    assert outcome.refusal.action is Action.SKIP_RECORD
    assert _tasks_with_key(bench, key) == []


def test_a_task_is_open_until_a_person_completes_it_or_throws_it_away(bench: Bench, crm: Crm) -> None:
    contact, keys = bench.key(_new_contact(bench)), [_key() for _ in range(3)]
    open_, completed, gone = (outcome.record for outcome in crm.make_tasks([_task(contact, key) for key in keys]))
    fresh = list(crm.task_states(keys))
    bench.sandbox.edit(bench.case.task_source, completed, bench.case.task_done)
    bench.sandbox.delete(bench.case.task_source, gone)

    states = list(crm.task_states([*keys, unknown := _key(), keys[0]]))

    assert [(state.status, state.record) for state in fresh] == [(TaskStatus.OPEN, record) for record in (open_, completed, gone)]
    assert states == [
        TaskState(key=keys[0], status=TaskStatus.OPEN, record=open_),
        TaskState(key=keys[1], status=TaskStatus.COMPLETED, record=completed),
        TaskState(key=keys[2], status=TaskStatus.GONE),
        TaskState(key=unknown, status=TaskStatus.GONE),
        TaskState(key=keys[0], status=TaskStatus.OPEN, record=open_),
    ]


def test_task_states_cost_a_call_a_hundred_and_nothing_for_none(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.reset_counters()
    before = crm.usage().calls.get("reread", 0)

    states = list(crm.task_states([f"nobody-{number:060}" for number in range(101)]))
    none = list(crm.task_states([]))

    assert {state.status for state in states} == {TaskStatus.GONE}
    assert len(states) == 101
    assert none == []
    assert crm.usage().calls["reread"] - before == 2
    assert sum(bench.sandbox.calls().values()) == 2


def test_a_task_is_never_called_gone_because_a_look_up_failed(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.fault(bench.case.look_up_path, "status", status=503, body="")

    with pytest.raises(CrmUnreachable):
        list(crm.task_states([_key()]))


def test_after_an_install_the_plan_finds_everything_and_a_second_install_makes_nothing(bench: Bench, crm: Crm) -> None:
    plan = crm.plan_install()

    again = list(crm.install())

    assert {step.state for step in plan} == {"present"}
    assert {step.state for step in again} == {"present"}
    assert [step.what for step in again] == [step.what for step in plan]


def test_check_is_content_with_an_installed_crm(bench: Bench, crm: Crm) -> None:
    case = bench.case

    findings = crm.check(reads={case.contact: case.contact_fields}, writes={case.contact: (case.score_field, case.reasons_field)})

    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []


def test_check_names_each_missing_field_and_source_and_who_mends_it(bench: Bench, crm: Crm) -> None:
    case = bench.case

    findings = crm.check(
        reads={case.contact: (case.email_field, case.missing_field), case.missing_source: ("x",)},
        writes={case.contact: (case.missing_field,)},
    )

    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert any(case.missing_field in finding.message for finding in errors)
    assert any(case.missing_source in finding.message for finding in errors)
    assert all(finding.mended_by and finding.hint for finding in errors)


def test_check_with_wrong_credentials_is_one_finding_that_says_what_to_do(bench: Bench) -> None:
    crm = bench.open(**{bench.case.secret_setting: "pat-na1-00000000-0000-0000-0000-000000000000"})

    findings = crm.check(reads={bench.case.contact: bench.case.contact_fields}, writes={})

    assert [finding.severity for finding in findings] == [Severity.ERROR]
    assert findings[0].hint


def test_wrong_credentials_ask_for_a_reconnect_and_show_no_secret(bench: Bench) -> None:
    secret = "pat-na1-11111111-2222-3333-4444-555555555555"
    crm = bench.open(**{bench.case.secret_setting: secret})

    with pytest.raises(CrmAuth) as refusal:
        next(iter(crm.read(_ask(bench))))

    assert refusal.value.action is Action.RECONNECT
    shown = "".join([str(refusal.value), repr(refusal.value), refusal.value.hint, repr(crm), repr(vars(crm)), repr(refusal.value.__dict__)])
    assert secret not in shown


def test_an_unreachable_host_is_told_as_such(bench: Bench) -> None:
    crm = bench.open(base_url="http://127.0.0.1:9")

    with pytest.raises(CrmUnreachable) as failure:
        crm.identity()

    assert failure.value.action is Action.RETRY
    assert "under-test" in str(failure.value) or "CRM" in str(failure.value)


@pytest.mark.parametrize(
    "fault",
    [{"fault": "status", "status": 503, "body": "<html>busy</html>"}, {"fault": "reset_before"}, {"fault": "cut_body"}, {"fault": "html"}],
)
def test_a_failure_that_passes_is_tried_again(bench: Bench, crm: Crm, fault: dict[str, object]) -> None:
    whole = set(_ids(list(crm.read(_ask(bench)))))
    kind = str(fault["fault"])
    bench.sandbox.fault(bench.case.read_path, kind, times=2, **{name: part for name, part in fault.items() if name != "fault"})

    again = list(crm.read(_ask(bench)))

    assert set(_ids(again)) == whole


def test_a_failure_that_stays_ends_within_bounds(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.reset_counters()
    bench.sandbox.fault(bench.case.read_path, "status", status=503, body="")

    with pytest.raises(CrmUnreachable):
        list(crm.read(_ask(bench)))

    assert 2 <= sum(bench.sandbox.calls().values()) <= 8


def test_no_call_waits_longer_than_its_time_out(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.fault(bench.case.read_path, "timeout_before", seconds=30, times=1)
    started = monotonic()

    pages = list(crm.read(_ask(bench)))

    assert len(_ids(pages)) > bench.case.page_rows
    assert monotonic() - started < 15


def test_a_page_in_place_of_the_api_is_an_error_of_ours(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.fault(bench.case.read_path, "html")

    with pytest.raises(CrmError):
        list(crm.read(_ask(bench)))


def test_a_token_that_expires_is_renewed_once_for_all_threads(bench: Bench, crm: Crm) -> None:
    if not bench.case.token_path:
        pytest.skip("this CRM's credentials do not expire")
    record_id = _new_contact(bench)
    crm.identity()
    logins = crm.usage().calls["auth"]
    threads, start = 8, Barrier(8)
    bench.sandbox.fault(bench.case.read_path, "expired_token", calls=[1])

    def reread() -> list[RawRecord]:
        start.wait()
        return list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field]))

    with ThreadPoolExecutor(threads) as pool:
        rows = [waiting.result() for waiting in [pool.submit(reread) for _ in range(threads)]]

    assert all(len(found) == 1 and not found[0].deleted for found in rows)
    assert crm.usage().calls["auth"] == logins + 1


def test_a_lasting_401_ends_soon_and_asks_for_a_reconnect(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.reset_counters()
    bench.sandbox.fault(bench.case.read_path, "expired_token")

    with pytest.raises(CrmAuth):
        list(crm.read(_ask(bench)))

    assert sum(bench.sandbox.calls().values()) <= 4


def test_calls_are_counted_by_purpose(bench: Bench, crm: Crm) -> None:
    record_id = _new_contact(bench)
    crm.identity()
    bench.sandbox.reset_counters()
    before = dict(crm.usage().calls)

    list(crm.read(_ask(bench)))
    list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field]))
    list(crm.write(_writes(bench, [record_id], "counted")))

    usage = crm.usage()
    spent = {purpose: calls - before.get(purpose, 0) for purpose, calls in usage.calls.items() if calls != before.get(purpose, 0)}
    assert spent["reread"] == 1
    assert spent["write"] == 1
    assert set(spent) - {"catalog"} == {"read", "reread", "write"}
    assert sum(spent.values()) == sum(bench.sandbox.calls().values())
    assert usage.day_limit is not None
    assert usage.day_used is not None


def test_at_nine_tenths_of_the_day_bulk_reading_stops_and_what_a_rep_waits_for_goes_on(bench: Bench, crm: Crm) -> None:
    record_id, key = _new_contact(bench), _key()
    used = {"hubspot": "used_today", "salesforce": "used"}[bench.case.crm]
    list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field]))
    before = crm.usage()
    assert before.day_limit is not None
    usual = {"daily": before.day_limit, used: before.day_used or 0}
    bench.sandbox.limit(**{"daily": 1000, used: 920})
    try:
        list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field]))
        with pytest.raises(CrmLimit):
            list(crm.read(_ask(bench)))
        users = crm.users()
        again = list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field]))
        (written,) = crm.write(_writes(bench, [record_id], "late"))
        bench.sandbox.limit(**{"daily": 1000, used: 980})
        (made,) = crm.make_tasks([_task(bench.key(record_id), key)])
        with pytest.raises(CrmLimit):
            list(crm.write(_writes(bench, [record_id], "too late")))
        (closed,) = crm.close_tasks([key])
    finally:
        bench.sandbox.limit(**usual)

    assert users and len(again) == 1
    assert written.ok and made.ok and closed.ok
    assert bench.field(record_id, bench.case.reasons_field) == "late"


def test_a_crm_that_asks_to_be_left_alone_gets_no_call_of_any_kind_until_that_is_over(bench: Bench, crm: Crm) -> None:
    record_id = _new_contact(bench)
    crm.users()
    bench.sandbox.fault("*", "status", status=429, body={"message": "later"}, headers={"Retry-After": "4000"}, times=1)
    began = datetime.now(UTC)
    attempts = (
        lambda: list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field])),
        lambda: list(crm.read(_ask(bench))),
        lambda: list(crm.write(_writes(bench, [record_id], "refused"))),
        lambda: list(crm.make_tasks([_task(bench.key(record_id), _key())])),
        crm.users,
    )
    before = sum(bench.sandbox.calls().values())
    for attempt in attempts:
        with pytest.raises(CrmLimit) as refused:
            attempt()
        assert refused.value.until is not None
        assert timedelta(seconds=3900) < refused.value.until - began < timedelta(seconds=4100)
    bench.sandbox.heal()

    assert sum(bench.sandbox.calls().values()) == before + 1


def test_eight_threads_read_and_write_at_once(bench: Bench, crm: Crm) -> None:
    ids = [_new_contact(bench) for _ in range(8)]

    def write(record_id: str) -> Outcome:
        (outcome,) = crm.write(_writes(bench, [record_id], record_id))
        return outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(write, ids))

    assert all(outcome.ok for outcome in outcomes)
    assert [bench.field(record_id, bench.case.reasons_field) for record_id in ids] == ids


def test_the_record_address_opens_in_the_crm(bench: Bench, crm: Crm) -> None:
    record_id = _new_contact(bench, "Shown")

    page = requests.get(crm.record_url(bench.key(record_id)), timeout=10)

    assert page.status_code == 200
    assert "Shown" in page.text


@pytest.fixture(params=sorted(CASES))
def kind_name(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of each CRM, without a sandbox."""
    yield request.param


def test_opening_with_wrong_settings_names_each_and_calls_nobody(kind_name: str) -> None:
    kind = crm_kinds()[kind_name]

    with pytest.raises(UsageError) as refusal:
        kind.open(connection="x", settings={"base_url": "http://example.com", "timeout_s": "soon", "colour": "red"})

    for name in ("base_url", "timeout_s", "colour", CASES[kind_name].secret_setting):
        assert name in str(refusal.value)


def test_every_secret_setting_is_marked(kind_name: str) -> None:
    secrets = {setting.name for setting in crm_kinds()[kind_name].settings if setting.secret}

    assert CASES[kind_name].secret_setting in secrets
