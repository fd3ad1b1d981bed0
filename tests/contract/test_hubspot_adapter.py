"""What is special to HubSpot: paging traps, merges, deletions, events, limits, lifecycle, task keys; over a socket to the sandbox."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from threading import Barrier
from typing import Any

import pytest
import requests

from adapters.hubspot.adapter import KIND, HubSpotCrm
from adapters.hubspot.client import Hub
from adapters.hubspot.settings import parse_settings
from connector.core.records import RecordKey
from connector.ports.crm import Ask, Crm, Json, NewTask, Page, Priority, RawRecord, Severity, TaskType, Write
from connector.ports.errors import Action, CrmAuth, CrmField, CrmLimit, CrmRefused, CrmUnreachable
from tests.support.clocks import StillClock
from tests.support.sandboxes import Sandbox, running_sandbox

NO_PACE = {"calls_per_10s": "off", "searches_per_second": "off", "timeout_s": "5"}
NO_LIMITS = ("--burst", "0", "--search-rate", "0")
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Portal:
    """A sandbox portal and connections to it."""

    sandbox: Sandbox

    def settings(self, **changed: str) -> Mapping[str, str]:
        """Settings that connect to it, unpaced unless told."""
        return {**KIND.sandbox_settings(url=self.sandbox.url, credentials=self.sandbox.credentials), **NO_PACE, **changed}

    def open(self, **changed: str) -> Crm:
        """A new connection."""
        return KIND.open(connection="hs", settings=self.settings(**changed))

    def open_by(self, clock: StillClock, **changed: str) -> HubSpotCrm:
        """A new connection that sleeps and looks at the time by `clock`."""
        return KIND.open(connection="hs", settings=self.settings(**changed), clock=clock)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """A plain API call beside the adapter."""
        token = self.sandbox.credentials["access_token"]
        answer = requests.request(method, f"{self.sandbox.url}{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def contact(self, word: str = "Trap", **values: str) -> str:
        """A person makes a contact; its id."""
        number = next(_numbers)
        return self.sandbox.create("contacts", {"lastname": f"{word}{number}", "email": f"{word.lower()}{number}@trap.test", **values})

    def company(self, word: str) -> str:
        """A person makes a company; its id."""
        return self.sandbox.create("companies", {"name": f"{word}{next(_numbers)}"})


def key_of(record_id: str, source: str = "contacts") -> RecordKey:
    return RecordKey("hs", source, record_id)


def _records(pages: Sequence[Page]) -> dict[str, RawRecord]:
    return {record.key.id: record for page in pages for record in page.records}


def _run(crm: Crm, ask: Ask) -> tuple[dict[str, RawRecord], str]:
    """What one read gives, and the cursor for the next."""
    pages = list(crm.read(ask))
    return _records(pages), pages[-1].cursor


def _contacts(cursor: str | None = None, *fields: str) -> Ask:
    return Ask(source="contacts", fields=fields or ("email",), cursor=cursor)


def _task(contact: str, key: str) -> NewTask:
    due = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    return NewTask(
        key=key,
        contact=key_of(contact),
        subject="Call: asked for a price",
        body="Pricing page < 3 days ago\nWebinar & demo",
        due_at=due,
        due_on=date(2026, 12, 1),
        type=TaskType.CALL,
        priority=Priority.NORMAL,
        owner=None,
    )


@pytest.fixture(scope="module")
def shared() -> Iterator[Portal]:
    """One portal for the tests that leave each other alone, hotlead's properties installed."""
    with running_sandbox("hubspot", people=500, options=NO_LIMITS) as sandbox:
        portal = Portal(sandbox)
        assert {step.state for step in portal.open().install()} == {"present"}
        yield portal


@pytest.fixture
def portal(shared: Portal) -> Iterator[Portal]:
    """The shared portal without faults or counts from another test."""
    shared.sandbox.heal()
    shared.sandbox.reset_counters()
    yield shared
    shared.sandbox.heal()


@pytest.fixture
def empty() -> Iterator[Portal]:
    """A portal of one's own with nobody in it."""
    with running_sandbox("hubspot", people=0, options=NO_LIMITS) as sandbox:
        yield Portal(sandbox)


def test_eleven_thousand_rows_with_one_stamp_all_come() -> None:
    with running_sandbox("hubspot", people=16_000, options=(*NO_LIMITS, "--activities-per-person", "0.1")) as sandbox:
        portal = Portal(sandbox)
        crm = portal.open()
        first, cursor = _run(crm, _contacts())
        sandbox.advance(7200)
        sandbox.touch("contacts", count=11_000)
        sandbox.reset_counters()

        changed, _ = _run(crm, _contacts(cursor))

        assert len(first) > 11_000
        ((_, at_one_stamp),) = Counter(row.modified_at for row in changed.values()).most_common(1)
        assert at_one_stamp == 11_000
        assert len(changed) < 11_200, "beside them only what changed shortly before the first load"
        assert sandbox.calls()["POST /crm/v3/objects/<kind>/search"] == -(-len(changed) // 200)


def test_a_first_load_and_its_links_cost_the_least_calls(portal: Portal) -> None:
    crm = portal.open()
    crm.catalog(sources=["contacts", "calls"])
    portal.sandbox.reset_counters()

    contacts, _ = _run(crm, Ask(source="contacts", fields=("email",), related=("companies",)))
    contact_calls = portal.sandbox.calls()
    portal.sandbox.reset_counters()
    since = portal.sandbox.now() - timedelta(days=800)
    _run(crm, Ask(source="calls", fields=("hs_timestamp",), related=("contacts",), since=since, since_field="hs_timestamp"))

    assert contact_calls["GET /crm/v3/objects/<kind>"] == -(-len(contacts) // 100)
    assert contact_calls["POST /crm/v3/objects/<kind>/search"] == 1
    assert sum(contact_calls.values()) == -(-len(contacts) // 100) + 1
    assert portal.sandbox.calls() == {
        "POST /crm/v3/objects/<kind>/search": 1,
        "POST /crm/v4/associations/<from_kind>/<to_kind>/batch/read": 1,
    }


def test_links_are_the_same_by_list_and_by_search(portal: Portal) -> None:
    crm = portal.open()
    listed, _ = _run(crm, Ask(source="contacts", fields=("email",), related=("companies",)))
    since = datetime(2000, 1, 1, tzinfo=UTC)

    found, _ = _run(crm, Ask(source="contacts", fields=("email",), related=("companies",), since=since, since_field="createdate"))

    assert {one: record.fields["@companies"] for one, record in found.items()} == {
        one: record.fields["@companies"] for one, record in listed.items()
    }
    assert any(record.fields["@companies"] for record in listed.values())


def test_a_record_with_many_associations_brings_them_all_by_list_and_by_search(empty: Portal) -> None:
    company = empty.sandbox.create("companies", {"name": "Large Ltd"})
    people = []
    for hundred in range(6):
        inputs = [{"properties": {"lastname": f"P{hundred}-{one}"}} for one in range(100)]
        made = empty.api("POST", "/crm/v3/objects/contacts/batch/create", {"inputs": inputs})
        people += [row["id"] for row in made["results"]]
    pairs = [{"from": {"id": company}, "to": {"id": one}} for one in people]
    empty.api("POST", "/crm/v4/associations/companies/contacts/batch/associate/default", {"inputs": pairs})
    crm = empty.open()

    listed, _ = _run(crm, Ask(source="companies", fields=("name",), related=("contacts",)))
    since = datetime(2000, 1, 1, tzinfo=UTC)
    found, _ = _run(crm, Ask(source="companies", fields=("name",), related=("contacts",), since=since, since_field="createdate"))

    for record in (listed[company], found[company]):
        links = record.fields["@contacts"]
        assert isinstance(links, list)
        assert sorted(str(link["id"]) for link in links if isinstance(link, dict)) == sorted(people)


@pytest.mark.parametrize("source", ["contacts", "events:e_visited_page"])
def test_a_paging_token_that_is_refused_begins_the_read_anew_but_only_once(portal: Portal, source: str) -> None:
    crm = portal.open()
    ask = Ask(source=source, fields=("hs_object_id",))
    path = "/events/v3/events" if source.startswith("events") else "*/objects/contacts"
    refusal = {"status": "error", "category": "VALIDATION_ERROR", "message": "Invalid after: unknown"}
    whole = set(_run(crm, ask)[0])
    # Events begin with a page size that is refused here, so that their pages are small enough to be several.
    portal.sandbox.fault(path, "status", status=400, body=refusal, calls=[1, 3] if "events" in source else [2])

    again = set(_run(crm, ask)[0])
    portal.sandbox.heal()
    portal.sandbox.fault(path, "status", status=400, body=refusal, calls=[1, 3, 5] if "events" in source else [2, 4])
    with pytest.raises(CrmRefused, match="unknown"):
        list(crm.read(ask))

    assert again == whole


def test_an_answer_without_results_is_not_taken_for_an_empty_portal(portal: Portal) -> None:
    crm = portal.open_by(StillClock())
    bodies: tuple[Json, ...] = ({}, [], "", "ok")
    for body in bodies:
        portal.sandbox.heal()
        portal.sandbox.fault("*/objects/contacts", "status", status=200, body=body)

        with pytest.raises(CrmUnreachable):
            list(crm.read(_contacts()))


def test_more_properties_than_an_address_or_a_search_carries_are_read_by_batch(portal: Portal) -> None:
    names = [f"wide_{'x' * 60}_{number:03}" for number in range(70)]
    body = {"groupName": "hotlead", "type": "string", "fieldType": "text"}
    portal.api("POST", "/crm/v3/properties/contacts/batch/create", {"inputs": [{**body, "name": one, "label": one} for one in names]})
    contact = portal.contact("Wide")
    portal.sandbox.edit("contacts", contact, {names[69]: "seen"})
    crm = portal.open()

    listed, cursor = _run(crm, _contacts(None, *names))
    portal.sandbox.edit("contacts", contact, {names[0]: "changed"})
    changed, _ = _run(crm, _contacts(cursor, *names))

    assert listed[contact].fields[names[69]] == "seen"
    assert (changed[contact].fields[names[0]], changed[contact].fields[names[69]]) == ("changed", "seen")


def test_a_merge_buries_both_records_under_the_one_they_became(portal: Portal) -> None:
    crm = portal.open()
    winner, loser = portal.contact("Winner"), portal.contact("Loser")
    _, cursor = _run(crm, _contacts())
    merged = portal.api("POST", "/crm/v3/objects/contacts/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})["id"]

    changes, _ = _run(crm, _contacts(cursor))

    assert merged not in (winner, loser)
    assert not changes[merged].deleted
    assert set(changes[merged].fields) == {"email"}
    for old in (winner, loser):
        assert changes[old].deleted
        assert changes[old].survivor == key_of(merged)


def test_a_merged_record_is_reread_as_gone_and_written_as_its_survivor(portal: Portal) -> None:
    crm = portal.open()
    winner, loser = portal.contact("Winner"), portal.contact("Loser")
    merged = portal.api("POST", "/crm/v3/objects/contacts/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})["id"]

    reread = list(crm.reread(source="contacts", ids=[loser, merged], fields=["email"]))
    (outcome,) = crm.write([Write(key=key_of(loser), fields={"hotlead_score": 40})])

    assert [(row.key.id, row.deleted, row.survivor) for row in reread] == [(loser, True, key_of(merged)), (merged, False, None)]
    assert (outcome.key, outcome.ok, outcome.record) == (loser, True, merged)


def test_a_long_list_of_archived_records_is_read_less_often_and_misses_nothing(empty: Portal) -> None:
    crm = empty.open()
    gone = [empty.contact("Gone") for _ in range(150)]
    last = empty.contact("Last")
    _, cursor = _run(crm, _contacts())
    for one in gone:
        empty.sandbox.delete("contacts", one)

    told, cursor = _run(crm, _contacts(cursor))
    empty.sandbox.delete("contacts", last)
    empty.sandbox.advance(60)
    empty.sandbox.reset_counters()
    too_soon, cursor = _run(crm, _contacts(cursor))
    calls_too_soon = empty.sandbox.calls()
    empty.sandbox.advance(300)
    in_time, _ = _run(crm, _contacts(cursor))

    assert all(told[one].deleted for one in gone)
    assert too_soon == {}
    assert calls_too_soon == {"POST /crm/v3/objects/<kind>/search": 1}
    assert in_time[last].deleted


def test_a_lifecycle_stage_that_does_not_move_is_reported_and_the_rest_is_written(portal: Portal) -> None:
    crm = portal.open()
    customer, lead = portal.contact("Customer", lifecyclestage="customer"), portal.contact("Lead", lifecyclestage="lead")
    fields: dict[str, Json] = {"lifecyclestage": "marketingqualifiedlead", "hotlead_score": 77}

    back, forward = crm.write([Write(key=key_of(one), fields=fields) for one in (customer, lead)])

    assert back.refusal is not None
    assert (back.ok, back.refusal.action, back.refusal.code) == (False, Action.SKIP_RECORD, "LIFECYCLE_STAGE_UNMOVED")
    assert back.refusal.field == "lifecyclestage"
    assert portal.sandbox.record("contacts", customer)["properties"]["lifecyclestage"] == "customer"
    assert portal.sandbox.record("contacts", customer)["properties"]["hotlead_score"] == "77"
    assert forward.ok
    assert portal.sandbox.record("contacts", lead)["properties"]["lifecyclestage"] == "marketingqualifiedlead"


def test_a_batch_refused_as_a_whole_is_halved_until_the_good_rows_are_written(portal: Portal) -> None:
    crm = portal.open()
    ids = [portal.contact("Half") for _ in range(4)]
    refusal = {"status": "error", "category": "VALIDATION_ERROR", "message": "one of them is bad"}
    portal.sandbox.fault("*/contacts/batch/update", "status", status=400, body=refusal, calls=[1, 2, 4])

    outcomes = list(crm.write([Write(key=key_of(one), fields={"hotlead_score": 1}) for one in ids]))

    # The whole, the first half, its first row (good), its second row (bad), the second half (good).
    assert [outcome.ok for outcome in outcomes] == [True, False, True, True]
    assert portal.sandbox.calls()["POST /crm/v3/objects/<kind>/batch/update"] == 5


def test_a_property_that_is_gone_costs_its_rows_one_call_and_the_others_none(portal: Portal) -> None:
    crm = portal.open()
    ids = [portal.contact("Bear") for _ in range(3)]
    refusal = {
        "status": "error",
        "category": "VALIDATION_ERROR",
        "message": 'Property "old" does not exist',
        "errors": [{"message": "Property old does not exist", "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["old"]}}],
    }
    portal.sandbox.fault("*/contacts/batch/update", "status", status=400, body=refusal, calls=[1])
    fields: list[dict[str, Json]] = [{"hotlead_score": 1}, {"hotlead_score": 2, "old": "x"}, {"old": "y"}]

    outcomes = list(crm.write([Write(key=key_of(one), fields=held) for one, held in zip(ids, fields, strict=True)]))

    assert [outcome.ok for outcome in outcomes] == [True, False, False]
    refused = outcomes[1].refusal
    assert refused is not None
    assert (refused.action, refused.field, refused.message) == (Action.FIX_MAPPING, "old", 'Property "old" does not exist')
    assert portal.sandbox.calls()["POST /crm/v3/objects/<kind>/batch/update"] == 2


def test_the_same_record_twice_is_written_in_the_order_given(portal: Portal) -> None:
    crm = portal.open()
    contact = portal.contact("Twice")

    outcomes = list(crm.write([Write(key=key_of(contact), fields={"hotlead_score": points}) for points in (10, 20)]))

    assert [outcome.ok for outcome in outcomes] == [True, True]
    assert portal.sandbox.record("contacts", contact)["properties"]["hotlead_score"] == "20"


@pytest.mark.parametrize("path", ["batch/read", "batch/create"])
@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "cut_body", "timeout_after"])
def test_a_task_is_made_once_with_its_contact_whichever_call_is_cut(portal: Portal, path: str, fault: str) -> None:
    crm = portal.open(timeout_s="1")
    contact, key = portal.contact("Follow"), f"cut-{next(_numbers)}"
    seconds = {"seconds": 2} if fault == "timeout_after" else {}
    portal.sandbox.fault(f"*/objects/tasks/{path}", fault, times=1, **seconds)

    (outcome,) = crm.make_tasks([_task(contact, key)])

    found, _ = _run(crm, Ask(source="tasks", fields=("hotlead_key",), related=("contacts",), where={"hotlead_key": (key,)}))
    assert outcome.ok
    assert list(found) == [outcome.record]
    assert found[outcome.record].fields["@contacts"] == [{"id": contact, "role": ""}]


def test_a_task_holds_what_was_asked(portal: Portal) -> None:
    crm = portal.open()
    contact, key = portal.contact("Follow"), f"held-{next(_numbers)}"

    (outcome,) = crm.make_tasks([_task(contact, key)])

    held = portal.sandbox.record("tasks", outcome.record)["properties"]
    assert held["hs_task_subject"] == "Call: asked for a price"
    assert held["hs_task_body"] == "Pricing page &lt; 3 days ago<br>Webinar &amp; demo"
    assert held["hs_timestamp"] == "2026-12-01T01:00:00.000Z"
    assert (held["hs_task_type"], held["hs_task_priority"], held["hs_task_status"]) == ("CALL", "MEDIUM", "NOT_STARTED")
    assert "hubspot_owner_id" not in held


def test_a_task_for_a_contact_that_is_gone_is_refused_and_none_is_made(portal: Portal) -> None:
    crm = portal.open()
    alive, gone = portal.contact("Alive"), portal.contact("Gone")
    portal.sandbox.delete("contacts", gone)
    keys = [f"gone-{next(_numbers)}", f"alive-{next(_numbers)}"]

    outcomes = list(crm.make_tasks([_task(gone, keys[0]), _task(alive, keys[1])]))

    found, _ = _run(crm, Ask(source="tasks", fields=("hotlead_key",), where={"hotlead_key": tuple(keys)}))
    assert [outcome.ok for outcome in outcomes] == [False, True]
    assert outcomes[0].refusal is not None
    assert outcomes[0].refusal.action is Action.SKIP_RECORD
    assert list(found) == [outcomes[1].record]


def test_events_bring_their_contact_and_late_ones_are_not_missed(portal: Portal) -> None:
    crm = portal.open()
    contact = portal.contact("Reader")
    ask = {"source": "events:e_visited_page", "fields": ("hs_url", "occurredAt"), "related": ("contacts",)}
    since = portal.sandbox.now() - timedelta(days=400)
    history, cursor = _run(crm, Ask(**ask, since=since, since_field="occurredAt"))  # type: ignore[arg-type]  # mypy sees one type for all values
    late = (portal.sandbox.now() - timedelta(minutes=40)).isoformat()
    portal.sandbox.create("events", {"contact": contact, "eventType": "e_visited_page", "subject": "/pricing", "occurredAt": late})

    fresh, _ = _run(crm, Ask(**ask, cursor=cursor))  # type: ignore[arg-type]  # as above

    assert len(history) > 100
    seen = [record for record in fresh.values() if record.fields["@contacts"] == [{"id": contact, "role": ""}]]
    assert [str(record.fields["hs_url"]).endswith("/pricing") for record in seen] == [True]
    assert seen[0].modified_at == datetime.fromisoformat(str(seen[0].fields["occurredAt"]))


def test_events_go_on_by_smaller_pages_where_large_ones_are_refused(portal: Portal) -> None:
    crm = portal.open()
    ask = Ask(source="events:e_visited_page", fields=("hs_url",))
    whole, _ = _run(crm, ask)
    refusal = {"status": "error", "category": "VALIDATION_ERROR", "message": "limit is too large"}
    portal.sandbox.fault("/events/v3/events", "status", status=400, body=refusal, calls=[1])
    portal.sandbox.reset_counters()

    again, _ = _run(crm, ask)

    assert set(again) == set(whole)
    assert portal.sandbox.calls() == {"GET /events/v3/events": 1 + -(-len(whole) // 100)}


def test_a_portal_below_enterprise_shows_no_events_and_check_says_why() -> None:
    with running_sandbox("hubspot", people=500, options=(*NO_LIMITS, "--tier", "professional")) as sandbox:
        crm = Portal(sandbox).open()

        catalog = crm.catalog(sources=["contacts", "events:e_visited_page"])
        findings = crm.check(reads={"contacts": ("email",), "events:e_visited_page": ("hs_url",)}, writes={})

        assert set(catalog.sources) == {"contacts"}
        assert [finding.severity for finding in findings if finding.code == "EVENTS_CLOSED"] == [Severity.NOTE]


def test_a_dated_api_version_reads_writes_and_makes_tasks_by_its_own_paths(portal: Portal) -> None:
    crm = portal.open(api_version="2026-09")
    contact = portal.contact("Dated")
    portal.sandbox.reset_counters()

    identity = crm.identity()
    found, cursor = _run(crm, Ask(source="contacts", fields=("email",), related=("companies",)))
    _run(crm, Ask(source="contacts", fields=("email",), related=("companies",), cursor=cursor))
    events, _ = _run(crm, Ask(source="events:e_visited_page", fields=("hs_url",)))
    (written,) = crm.write([Write(key=key_of(contact), fields={"hotlead_score": 5})])
    (made,) = crm.make_tasks([_task(contact, f"dated-{next(_numbers)}")])
    steps = crm.plan_install()

    assert identity.zone == "Asia/Tokyo"
    assert contact in found
    assert events
    assert written.ok
    assert made.ok
    assert {step.state for step in steps} == {"present"}
    assert not [path for path in portal.sandbox.calls() if "/v3/" in path or "/v4/" in path]


def _limit(policy: str) -> dict[str, Any]:
    return {"status": 429, "body": {"status": "error", "errorType": "RATE_LIMIT", "policyName": policy, "message": f"{policy} limit"}}


def test_a_used_up_burst_waits_for_its_window_and_goes_on(portal: Portal) -> None:
    clock = StillClock()
    crm = portal.open_by(clock)
    portal.sandbox.fault("*/batch/read", "status", calls=[1], **_limit("SECONDLY"))
    portal.sandbox.fault("*/batch/read", "status", calls=[2], **_limit("TEN_SECONDLY_ROLLING"))
    contact = portal.contact("Patient")

    rows = list(crm.reread(source="contacts", ids=[contact], fields=["email"]))

    assert len(rows) == 1
    # One second and ten, and after each a drawn moment of at most half a second, then one second.
    assert 11.0 <= sum(clock.slept) <= 12.5


def test_a_used_up_day_stops_until_midnight_in_the_portals_zone_and_asks_no_more(portal: Portal) -> None:
    crm = portal.open_by(StillClock(datetime(2026, 11, 2, 9, 0, tzinfo=UTC)))
    assert crm.identity().zone == "Asia/Tokyo"
    portal.sandbox.fault("*/batch/read", "status", **_limit("DAILY"))
    portal.sandbox.reset_counters()

    limits = []
    for _ in range(2):
        with pytest.raises(CrmLimit) as limit:
            list(crm.reread(source="contacts", ids=["1"], fields=["email"]))
        limits.append(limit.value)

    assert [limit.until for limit in limits] == [datetime(2026, 11, 2, 15, 0, tzinfo=UTC)] * 2
    assert {limit.action for limit in limits} == {Action.WAIT}
    assert sum(portal.sandbox.calls().values()) == 1


def test_searches_keep_to_four_a_second(portal: Portal) -> None:
    clock = StillClock()
    crm = portal.open_by(clock, searches_per_second="auto")
    _, cursor = _run(crm, _contacts())
    clock.advance(10)

    for _ in range(9):
        _run(crm, _contacts(cursor))

    # Nine searches and no time passes by itself: four at once, four a second later, one more after two.
    assert 2.0 <= sum(clock.slept) <= 2.1


def test_the_pace_of_other_calls_is_what_the_portal_allows_or_what_the_admin_says() -> None:
    with running_sandbox("hubspot", people=0, options=("--burst", "2000", "--search-rate", "0")) as sandbox:
        by_portal, by_admin = StillClock(), StillClock()
        portal = Portal(sandbox)
        followed = portal.open_by(by_portal, calls_per_10s="auto")
        fixed = portal.open_by(by_admin, calls_per_10s="50")

        for _ in range(60):
            followed.users()
            fixed.users()

        # 120 calls each: HubSpot's answers allow nine tenths of 2,000 in 10 s; fifty in 10 s are at once, after 10 s, and after 20 s.
        assert by_portal.slept == []
        assert 20.0 <= sum(by_admin.slept) <= 20.1


def test_a_401_is_looked_into_once_while_eight_threads_call_and_all_go_on(portal: Portal) -> None:
    crm = portal.open()
    contact = portal.contact("Shared")
    start = Barrier(8)
    portal.sandbox.fault("*/batch/read", "expired_token", calls=[1])

    def reread() -> list[RawRecord]:
        start.wait()
        return list(crm.reread(source="contacts", ids=[contact], fields=["email"]))

    with ThreadPoolExecutor(8) as pool:
        rows = [waiting.result() for waiting in [pool.submit(reread) for _ in range(8)]]

    assert all(len(found) == 1 and not found[0].deleted for found in rows)
    assert crm.usage().calls == {"reread": 9, "auth": 1}


def test_calls_one_after_another_use_one_connection(portal: Portal) -> None:
    settings = parse_settings(connection="hs", settings=portal.settings())
    hub = Hub(connection="hs", settings=settings)
    crm = HubSpotCrm(hub)

    for _ in range(20):
        crm.users()

    assert hub.connections_made() == 1


def test_a_missing_scope_is_named_by_check_and_by_the_refusal() -> None:
    scopes = "crm.objects.contacts.read,crm.objects.owners.read,crm.schemas.contacts.read"
    with running_sandbox("hubspot", people=0, options=(*NO_LIMITS, "--scopes", scopes)) as sandbox:
        crm = Portal(sandbox).open()

        findings = crm.check(reads={"contacts": ("email",), "deals": ("dealname",)}, writes={"contacts": ("hotlead_score",)})
        with pytest.raises(CrmAuth) as refused:
            list(crm.read(Ask(source="deals", fields=("dealname",))))

        told = " ".join(finding.message for finding in findings if finding.code == "MISSING_SCOPE")
        assert "crm.objects.deals.read" in told
        assert "crm.objects.contacts.write" in told
        assert "crm.objects.contacts.read," not in told
        assert {finding.mended_by for finding in findings if finding.code == "MISSING_SCOPE"} == {"admin of the CRM"}
        assert "crm.schemas.deals.read" in str(refused.value)


def test_properties_that_cannot_serve_are_different_and_stay_as_they_are(empty: Portal) -> None:
    number = {"groupName": "contactinformation", "name": "hotlead_grade", "label": "Grade", "type": "number", "fieldType": "number"}
    plain = {"groupName": "task", "name": "hotlead_key", "label": "Key", "type": "string", "fieldType": "text"}
    empty.api("POST", "/crm/v3/properties/contacts", number)
    empty.api("POST", "/crm/v3/properties/tasks", plain)
    crm = empty.open()

    made = {step.what.split(" (")[0]: step for step in crm.install()}

    assert made["property contacts.hotlead_grade"].state == "different"
    assert "it is a number property, hotlead needs enumeration" in made["property contacts.hotlead_grade"].detail
    assert made["property tasks.hotlead_key"].state == "different"
    assert "not unique" in made["property tasks.hotlead_key"].detail
    assert made["property contacts.hotlead_score"].state == "present"
    assert empty.api("GET", "/crm/v3/properties/contacts/hotlead_grade")["type"] == "number"


def test_a_picklist_that_lacks_options_gets_them_and_keeps_its_own(empty: Portal) -> None:
    own = {
        "groupName": "contactinformation",
        "name": "hotlead_temperature",
        "label": "Temperature",
        "type": "enumeration",
        "fieldType": "select",
        "options": [{"value": "hot", "label": "Burning", "displayOrder": 0}, {"value": "ice", "label": "Ice", "displayOrder": 1}],
    }
    empty.api("POST", "/crm/v3/properties/contacts", own)
    crm = empty.open()

    plan = next(step for step in crm.plan_install() if "hotlead_temperature" in step.what)
    list(crm.install())

    options = empty.api("GET", "/crm/v3/properties/contacts/hotlead_temperature")["options"]
    assert (plan.state, plan.detail) == ("missing", "options to add: warm, cold")
    assert [(option["value"], option["label"]) for option in options] == [
        ("hot", "Burning"),
        ("ice", "Ice"),
        ("warm", "Warm"),
        ("cold", "Cold"),
    ]
    assert {step.state for step in crm.plan_install()} == {"present"}


def test_check_tells_what_is_not_installed_and_a_clock_that_is_off(empty: Portal) -> None:
    empty.sandbox.advance(600)

    findings = empty.open().check(reads={"contacts": ("email",)}, writes={"contacts": ("hotlead_score",)})

    codes = {finding.code: finding for finding in findings}
    assert set(codes) == {"CLOCK_SKEW", "NOT_INSTALLED"}
    assert "behind HubSpot's" in codes["CLOCK_SKEW"].message
    assert codes["NOT_INSTALLED"].severity is Severity.ERROR
    assert "hotlead install" in codes["NOT_INSTALLED"].hint


def test_an_empty_portal_gives_one_page_a_source_and_a_cursor(empty: Portal) -> None:
    crm = empty.open()

    for source in ("contacts", "companies", "deals", "calls", "events:e_visited_page"):
        pages = list(crm.read(Ask(source=source, fields=("hs_object_id",), related=("contacts",))))

        assert [page.records for page in pages] == [()]
        assert list(crm.read(Ask(source=source, fields=("hs_object_id",), cursor=pages[0].cursor)))


def test_a_property_deleted_since_is_named_by_a_re_read_too(portal: Portal) -> None:
    crm, contact = portal.open(), portal.contact()

    with pytest.raises(CrmField) as refusal:
        list(crm.reread(source="contacts", ids=[contact], fields=["email", "no_such_property"]))

    assert refusal.value.field == "no_such_property"
