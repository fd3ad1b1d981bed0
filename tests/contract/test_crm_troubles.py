"""What every CRM adapter makes of failures: wrong credentials, hosts that are away, time-outs, tokens that end."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import monotonic

import pytest

from connector.ports.crm import Ask, Crm, RawRecord
from connector.ports.errors import Action, CrmAuth, CrmError, CrmField, CrmUnreachable
from tests.contract.conftest import Bench
from tests.support.crm_reads import ids_of


def test_a_field_that_is_not_there_is_named(bench: Bench, crm: Crm) -> None:
    with pytest.raises(CrmField) as refusal:
        list(crm.read(Ask(source=bench.case.contact, fields=(bench.case.email_field, bench.case.missing_field))))

    assert refusal.value.action is Action.FIX_MAPPING
    assert refusal.value.field == bench.case.missing_field
    assert bench.case.missing_field in str(refusal.value)


def test_wrong_credentials_ask_for_a_reconnect_and_show_no_secret(bench: Bench) -> None:
    secret = "pat-na1-11111111-2222-3333-4444-555555555555"
    crm = bench.open(**{bench.case.secret_setting: secret})

    with pytest.raises(CrmAuth) as refusal:
        next(iter(crm.read(bench.ask())))

    assert refusal.value.action is Action.RECONNECT
    shown = "".join([str(refusal.value), repr(refusal.value), refusal.value.hint, repr(crm), repr(vars(crm)), repr(refusal.value.__dict__)])
    assert secret not in shown


def test_an_unreachable_host_is_told_as_such(bench: Bench) -> None:
    crm = bench.open(base_url="http://127.0.0.1:9")

    with pytest.raises(CrmUnreachable) as failure:
        crm.identity()

    assert failure.value.action is Action.RETRY
    assert "under-test" in str(failure.value)


@pytest.mark.parametrize(
    "fault",
    [{"fault": "status", "status": 503, "body": "<html>busy</html>"}, {"fault": "reset_before"}, {"fault": "cut_body"}, {"fault": "html"}],
)
def test_a_failure_that_passes_is_tried_again(bench: Bench, crm: Crm, fault: dict[str, object]) -> None:
    whole = set(ids_of(list(crm.read(bench.ask()))))
    kind = str(fault["fault"])
    bench.sandbox.fault(bench.case.read_path, kind, times=2, **{name: part for name, part in fault.items() if name != "fault"})

    again = list(crm.read(bench.ask()))

    assert set(ids_of(again)) == whole


def test_a_failure_that_stays_ends_within_bounds(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.reset_counters()
    bench.sandbox.fault(bench.case.read_path, "status", status=503, body="")

    with pytest.raises(CrmUnreachable):
        list(crm.read(bench.ask()))

    assert 2 <= sum(bench.sandbox.calls().values()) <= 8


def test_no_call_waits_longer_than_its_time_out(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.fault(bench.case.read_path, "timeout_before", seconds=30, times=1)
    started = monotonic()

    pages = list(crm.read(bench.ask()))

    assert len(ids_of(pages)) > bench.case.page_rows
    assert monotonic() - started < 15


def test_a_page_in_place_of_the_api_is_an_error_of_ours(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.fault(bench.case.read_path, "html")

    with pytest.raises(CrmError):
        list(crm.read(bench.ask()))


def test_a_token_that_expires_is_renewed_once_for_all_threads(bench: Bench, crm: Crm) -> None:
    if not bench.case.token_path:
        pytest.skip("this CRM's credentials do not expire")
    record_id = bench.new_contact()
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
        list(crm.read(bench.ask()))

    assert sum(bench.sandbox.calls().values()) <= 4
