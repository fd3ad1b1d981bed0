"""What is special to HubSpot's events: late ones, page sizes, portals that have none; over a socket to the sandbox."""

from datetime import datetime, timedelta

from connector.ports.crm import Ask, Severity
from tests.support.connected_portal import NO_LIMITS, Portal
from tests.support.crm_reads import run_through
from tests.support.sandboxes import running_sandbox


def test_events_bring_their_contact_and_late_ones_are_not_missed(portal: Portal) -> None:
    crm = portal.open()
    contact = portal.contact("Reader")
    ask = {"source": "events:e_visited_page", "fields": ("hs_url", "occurredAt"), "related": ("contacts",)}
    since = portal.sandbox.now() - timedelta(days=400)
    history, cursor = run_through(crm, Ask(**ask, since=since, since_field="occurredAt"))  # type: ignore[arg-type]  # mypy sees one type for all values
    late = (portal.sandbox.now() - timedelta(minutes=40)).isoformat()
    portal.sandbox.create("events", {"contact": contact, "eventType": "e_visited_page", "subject": "/pricing", "occurredAt": late})

    fresh, _ = run_through(crm, Ask(**ask, cursor=cursor))  # type: ignore[arg-type]  # as above

    assert len(history) > 100
    seen = [record for record in fresh.values() if record.fields["@contacts"] == [{"id": contact, "role": ""}]]
    assert [str(record.fields["hs_url"]).endswith("/pricing") for record in seen] == [True]
    assert seen[0].modified_at == datetime.fromisoformat(str(seen[0].fields["occurredAt"]))


def test_events_go_on_by_smaller_pages_where_large_ones_are_refused(portal: Portal) -> None:
    crm = portal.open()
    ask = Ask(source="events:e_visited_page", fields=("hs_url",))
    whole, _ = run_through(crm, ask)
    refusal = {"status": "error", "category": "VALIDATION_ERROR", "message": "limit is too large"}
    portal.sandbox.fault("/events/v3/events", "status", status=400, body=refusal, calls=[1])
    portal.sandbox.reset_counters()

    again, _ = run_through(crm, ask)

    assert set(again) == set(whole)
    assert portal.sandbox.calls() == {"GET /events/v3/events": 1 + -(-len(whole) // 100)}


def test_a_portal_below_enterprise_shows_no_events_and_check_says_why() -> None:
    with running_sandbox("hubspot", people=500, options=(*NO_LIMITS, "--tier", "professional")) as sandbox:
        crm = Portal(sandbox).open()

        catalog = crm.catalog(sources=["contacts", "events:e_visited_page"])
        findings = crm.check(reads={"contacts": ("email",), "events:e_visited_page": ("hs_url",)}, writes={})

        assert set(catalog.sources) == {"contacts"}
        assert [finding.severity for finding in findings if finding.code == "EVENTS_CLOSED"] == [Severity.NOTE]
