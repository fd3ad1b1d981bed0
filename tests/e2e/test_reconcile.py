"""The nightly reconcile finds every planted miss, and asks for nothing else."""

from connector.flows.progress import silent
from connector.flows.reconcile import Reconciled, reconcile
from tests.support.journeys import CRMS, Desk
from tests.support.real_time import Lanes, always, ids_of, leads


def night(beside: Lanes, name: str) -> Reconciled:
    return reconcile(beside.road, connection=beside.connection(name), going=always, progress=silent)


def counted(told: Reconciled) -> dict[str, tuple[int, int, int]]:
    return {one.source: (one.missing, one.newer, one.gone) for one in told.sources if one.all}


def test_nothing_missed_is_nothing_found(beside: Lanes) -> None:
    for crm in CRMS:
        told = night(beside, crm)

        assert told.failures == ()
        assert counted(told) == {}
        assert {one.source: one.rows for one in told.sources}[{"salesforce": "Lead", "hubspot": "contacts"}[crm]] > 50
        assert beside.waiting() == {}


def test_what_salesforce_never_told_is_found(desk: Desk, beside: Lanes) -> None:
    sandbox = desk.sandboxes["salesforce"]
    changed, deleted, converted = leads(desk, 3)
    made = sandbox.create("Lead", {"LastName": "Missed", "Company": "Missed Ltd", "Email": "missed@missed.test"})
    sandbox.edit("Lead", changed, {"Title": "Chief Executive Officer"})
    sandbox.delete("Lead", deleted)
    sandbox.order("convert", {"lead": converted, "opportunity": "Quiet"})
    contact = desk.value("salesforce", "Lead", converted, "ConvertedContactId")

    told = night(beside, "salesforce")
    beside.drain("salesforce")

    assert counted(told)["Lead"] == (1, 2, 1)
    assert counted(told)["Contact"] == (1, 0, 0)
    assert counted(told)["Opportunity"] == (1, 0, 0)
    assert beside.stored("salesforce", "Lead", [made, changed, deleted, converted]) == ["live", "live", "deleted", f"survived by {contact}"]
    assert counted(night(beside, "salesforce")) == {}


def test_what_hubspot_never_told_is_found(desk: Desk, beside: Lanes) -> None:
    sandbox = desk.sandboxes["hubspot"]
    changed, deleted, erased, first, second, visitor = ids_of(desk, "hubspot", "contacts", 6)
    for contact in (first, second):
        sandbox.create("events", {"contact": contact, "eventType": "e_submitted_form", "subject": "told_before"})
    night(beside, "hubspot")
    made = sandbox.create("contacts", {"email": "missed@missed.test", "lastname": "Missed"})
    sandbox.edit("contacts", changed, {"jobtitle": "Chief Executive Officer"})
    sandbox.delete("contacts", deleted)
    sandbox.order("acts", {"act": "erase", "source": "contacts", "record": erased})
    merged = sandbox.order("acts", {"act": "merge", "source": "contacts", "winner": first, "losers": [second]})["id"]
    sandbox.create("events", {"contact": visitor, "eventType": "e_submitted_form", "subject": "contact_sales"})

    told = night(beside, "hubspot")
    beside.drain("hubspot")

    contacts = counted(told)["contacts"]
    assert contacts[0] == 2, "the new one and the one that the merge made"
    assert contacts[1] >= 1
    assert contacts[2] == 4, "deleted, erased, and both that were merged"
    assert counted(told)["events:e_submitted_form"] == (1, 0, 0)
    here = beside.stored("hubspot", "contacts", [made, changed, deleted, erased, first, second, str(merged)])
    assert here == ["live", "live", "deleted", "deleted", f"survived by {merged}", f"survived by {merged}", "live"]
    assert counted(night(beside, "hubspot")) == {}


def test_a_source_that_fails_leaves_the_others_looked_at(desk: Desk, beside: Lanes) -> None:
    desk.sandboxes["hubspot"].fault("/crm/*/objects/deals*", "status", status=403)

    told = night(beside, "hubspot")

    assert len(told.failures) == 1
    assert {"contacts", "companies"} <= {one.source for one in told.sources}
    assert "deals" not in {one.source for one in told.sources}
