"""What every CRM adapter tells of its calls: how many for what, how far the clocks are apart; and of when it makes none."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from connector.ports.crm import Crm, Outcome
from connector.ports.errors import CrmLimit
from tests.contract.conftest import Bench
from tests.support.clocks import SkewedClock
from tests.support.crm_tasks import call_task, new_key


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


def test_calls_are_counted_by_purpose(bench: Bench, crm: Crm) -> None:
    record_id = bench.new_contact()
    crm.identity()
    bench.sandbox.reset_counters()
    before = dict(crm.usage().calls)

    list(crm.read(bench.ask()))
    list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field]))
    list(crm.write(bench.writes([record_id], "counted")))

    usage = crm.usage()
    spent = {purpose: calls - before.get(purpose, 0) for purpose, calls in usage.calls.items() if calls != before.get(purpose, 0)}
    assert spent["reread"] == 1
    assert spent["write"] == 1
    assert set(spent) - {"catalog"} == {"read", "reread", "write"}
    assert sum(spent.values()) == sum(bench.sandbox.calls().values())
    assert usage.day_limit is not None
    assert usage.day_used is not None


def test_at_nine_tenths_of_the_day_bulk_reading_stops_and_what_a_rep_waits_for_goes_on(bench: Bench, crm: Crm) -> None:
    record_id, key = bench.new_contact(), new_key()
    used = {"hubspot": "used_today", "salesforce": "used"}[bench.case.crm]
    list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field]))
    before = crm.usage()
    assert before.day_limit is not None
    usual = {"daily": before.day_limit, used: before.day_used or 0}
    bench.sandbox.limit(**{"daily": 1000, used: 920})
    try:
        list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field]))
        with pytest.raises(CrmLimit):
            list(crm.read(bench.ask()))
        users = crm.users()
        again = list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field]))
        (written,) = crm.write(bench.writes([record_id], "late"))
        bench.sandbox.limit(**{"daily": 1000, used: 980})
        (made,) = crm.make_tasks([call_task(bench.key(record_id), key)])
        with pytest.raises(CrmLimit):
            list(crm.write(bench.writes([record_id], "too late")))
        (closed,) = crm.close_tasks([key])
    finally:
        bench.sandbox.limit(**usual)

    assert users and len(again) == 1
    assert written.ok and made.ok and closed.ok
    assert bench.field(record_id, bench.case.reasons_field) == "late"


def test_a_crm_that_asks_to_be_left_alone_gets_no_call_of_any_kind_until_that_is_over(bench: Bench, crm: Crm) -> None:
    record_id = bench.new_contact()
    crm.users()
    bench.sandbox.fault("*", "status", status=429, body={"message": "later"}, headers={"Retry-After": "4000"}, times=1)
    began = datetime.now(UTC)
    attempts = (
        lambda: list(crm.reread(source=bench.case.contact, ids=[record_id], fields=[bench.case.email_field])),
        lambda: list(crm.read(bench.ask())),
        lambda: list(crm.write(bench.writes([record_id], "refused"))),
        lambda: list(crm.make_tasks([call_task(bench.key(record_id), new_key())])),
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
    ids = [bench.new_contact() for _ in range(8)]

    def write(record_id: str) -> Outcome:
        (outcome,) = crm.write(bench.writes([record_id], record_id))
        return outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(write, ids))

    assert all(outcome.ok for outcome in outcomes)
    assert [bench.field(record_id, bench.case.reasons_field) for record_id in ids] == ids
