"""What is special to reading HubSpot: paging traps, links, merges, archived records; over a socket to the sandbox."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from connector.ports.crm import Ask, Json
from connector.ports.errors import CrmField, CrmRefused, CrmUnreachable
from tests.support.clocks import StillClock
from tests.support.connected_portal import NO_LIMITS, Portal, contacts_ask, key_of
from tests.support.crm_reads import run_through
from tests.support.sandboxes import running_sandbox


def test_eleven_thousand_rows_with_one_stamp_all_come() -> None:
    with running_sandbox("hubspot", people=16_000, options=(*NO_LIMITS, "--activities-per-person", "0.1")) as sandbox:
        portal = Portal(sandbox)
        crm = portal.open()
        first, cursor = run_through(crm, contacts_ask())
        sandbox.advance(7200)
        sandbox.touch("contacts", count=11_000)
        sandbox.reset_counters()

        changed, _ = run_through(crm, contacts_ask(cursor))

        assert len(first) > 11_000
        ((_, at_one_stamp),) = Counter(row.modified_at for row in changed.values()).most_common(1)
        assert at_one_stamp == 11_000
        assert len(changed) < 11_200, "beside them only what changed shortly before the first load"
        assert sandbox.calls()["POST /crm/v3/objects/<kind>/search"] == -(-len(changed) // 200)


def test_a_first_load_and_its_links_cost_the_least_calls(portal: Portal) -> None:
    crm = portal.open()
    crm.catalog(sources=["contacts", "calls"])
    portal.sandbox.reset_counters()

    contacts, _ = run_through(crm, Ask(source="contacts", fields=("email",), related=("companies",)))
    contact_calls = portal.sandbox.calls()
    portal.sandbox.reset_counters()
    since = portal.sandbox.now() - timedelta(days=800)
    run_through(crm, Ask(source="calls", fields=("hs_timestamp",), related=("contacts",), since=since, since_field="hs_timestamp"))

    assert contact_calls["GET /crm/v3/objects/<kind>"] == -(-len(contacts) // 100)
    assert contact_calls["POST /crm/v3/objects/<kind>/search"] == 1
    assert sum(contact_calls.values()) == -(-len(contacts) // 100) + 1
    assert portal.sandbox.calls() == {
        "POST /crm/v3/objects/<kind>/search": 1,
        "POST /crm/v4/associations/<from_kind>/<to_kind>/batch/read": 1,
    }


def test_links_are_the_same_by_list_and_by_search(portal: Portal) -> None:
    crm = portal.open()
    listed, _ = run_through(crm, Ask(source="contacts", fields=("email",), related=("companies",)))
    since = datetime(2000, 1, 1, tzinfo=UTC)

    found, _ = run_through(crm, Ask(source="contacts", fields=("email",), related=("companies",), since=since, since_field="createdate"))

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

    listed, _ = run_through(crm, Ask(source="companies", fields=("name",), related=("contacts",)))
    since = datetime(2000, 1, 1, tzinfo=UTC)
    found, _ = run_through(crm, Ask(source="companies", fields=("name",), related=("contacts",), since=since, since_field="createdate"))

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
    whole = set(run_through(crm, ask)[0])
    # Events begin with a page size that is refused here, so that their pages are small enough to be several.
    portal.sandbox.fault(path, "status", status=400, body=refusal, calls=[1, 3] if "events" in source else [2])

    again = set(run_through(crm, ask)[0])
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
            list(crm.read(contacts_ask()))


def test_more_properties_than_an_address_or_a_search_carries_are_read_by_batch(portal: Portal) -> None:
    names = [f"wide_{'x' * 60}_{number:03}" for number in range(70)]
    body = {"groupName": "hotlead", "type": "string", "fieldType": "text"}
    portal.api("POST", "/crm/v3/properties/contacts/batch/create", {"inputs": [{**body, "name": one, "label": one} for one in names]})
    contact = portal.contact("Wide")
    portal.sandbox.edit("contacts", contact, {names[69]: "seen"})
    crm = portal.open()

    listed, cursor = run_through(crm, contacts_ask(None, *names))
    portal.sandbox.edit("contacts", contact, {names[0]: "changed"})
    changed, _ = run_through(crm, contacts_ask(cursor, *names))

    assert listed[contact].fields[names[69]] == "seen"
    assert (changed[contact].fields[names[0]], changed[contact].fields[names[69]]) == ("changed", "seen")


def test_a_merge_buries_both_records_under_the_one_they_became(portal: Portal) -> None:
    crm = portal.open()
    winner, loser = portal.contact("Winner"), portal.contact("Loser")
    _, cursor = run_through(crm, contacts_ask())
    merged = portal.api("POST", "/crm/v3/objects/contacts/merge", {"primaryObjectId": winner, "objectIdToMerge": loser})["id"]

    changes, _ = run_through(crm, contacts_ask(cursor))

    assert merged not in (winner, loser)
    assert not changes[merged].deleted
    assert set(changes[merged].fields) == {"email"}
    for old in (winner, loser):
        assert changes[old].deleted
        assert changes[old].survivor == key_of(merged)


def test_a_long_list_of_archived_records_is_read_less_often_and_misses_nothing(empty: Portal) -> None:
    crm = empty.open()
    gone = [empty.contact("Gone") for _ in range(150)]
    last = empty.contact("Last")
    _, cursor = run_through(crm, contacts_ask())
    for one in gone:
        empty.sandbox.delete("contacts", one)

    told, cursor = run_through(crm, contacts_ask(cursor))
    empty.sandbox.delete("contacts", last)
    empty.sandbox.advance(60)
    empty.sandbox.reset_counters()
    too_soon, cursor = run_through(crm, contacts_ask(cursor))
    calls_too_soon = empty.sandbox.calls()
    empty.sandbox.advance(300)
    in_time, _ = run_through(crm, contacts_ask(cursor))

    assert all(told[one].deleted for one in gone)
    assert too_soon == {}
    assert calls_too_soon == {"POST /crm/v3/objects/<kind>/search": 1}
    assert in_time[last].deleted


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
