"""What has Salesforce push is planned, made once, put back where it differs, and then tells of people's saves and not of ours."""

from collections.abc import Iterator

import pytest

from adapters.salesforce.adapter import KIND, SalesforceCrm
from connector.core.records import RecordKey
from connector.ports.crm import Write
from connector.ports.errors import CrmRefused
from connector.ports.hooks import Hint
from tests.support.push_receiver import Receiver, receiving
from tests.support.salesforce_pushes import ACK
from tests.support.sandboxes import Sandbox, running_sandbox

OBJECTS = ("Lead", "Contact", "Task", "Event", "CampaignMember", "Opportunity")
DEPLOYS = "POST /services/data/<version>/metadata/deployRequest"


@pytest.fixture
def org() -> Iterator[Sandbox]:
    with running_sandbox("salesforce", people=0) as sandbox:
        yield sandbox


@pytest.fixture
def crm(org: Sandbox) -> Iterator[SalesforceCrm]:
    made = KIND.open(connection="sf", settings=KIND.sandbox_settings(url=org.url, credentials=org.credentials))
    yield made
    made.close()


@pytest.fixture
def listener() -> Iterator[Receiver]:
    with receiving() as receiver:
        receiver.status, receiver.body = 200, ACK
        yield receiver


def told(listener: Receiver) -> list[tuple[str, str]]:
    hints = [one for request in listener.received for one in KIND.hooks.split(request.body)]
    return [(one.source, one.record) for one in hints if isinstance(one, Hint)]


def test_it_is_planned_made_and_not_made_twice(crm: SalesforceCrm, org: Sandbox, listener: Receiver) -> None:
    url = f"{listener.url}/hooks/sf/secret"

    plan = crm.plan_push(url=url)
    made = list(crm.install_push(url=url))
    deploys = org.calls()[DEPLOYS]
    again = list(crm.install_push(url=url))

    assert [step.state for step in plan] == ["missing"] * 12
    assert [step.what.split(" (")[0] for step in plan[:2]] == ["outbound message Lead.Hotlead_Lead", "flow Hotlead_Lead"]
    assert [(step.what, step.state) for step in made] == [(step.what, "present") for step in plan]
    assert made == again
    # A plan, a trial and the deployment; the second time a trial only.
    assert (deploys, org.calls()[DEPLOYS]) == (3, 4)


def test_peoples_saves_are_told_with_their_id_only_and_ours_are_not(crm: SalesforceCrm, org: Sandbox, listener: Receiver) -> None:
    list(crm.install())
    list(crm.install_push(url=listener.url))

    lead = org.create("Lead", {"LastName": "Private", "Company": "Acme", "Email": "private@person.example"})
    org.flush_pushes()
    org.edit("Lead", lead, {"Title": "Buyer"})
    org.flush_pushes()
    (outcome,) = crm.write([Write(key=RecordKey("sf", "Lead", lead), fields={"Hotlead_Score__c": 12})])
    org.flush_pushes()
    contact = org.create("Contact", {"LastName": "Other"})
    org.flush_pushes()

    assert outcome.ok
    assert told(listener) == [("Lead", lead), ("Lead", lead), ("Contact", contact)]
    bodies = b"".join(request.body for request in listener.received)
    assert b"person.example" not in bodies
    assert b'<SessionId xsi:nil="true"/>' in bodies


def test_another_address_is_put_in_place_of_the_old_one(crm: SalesforceCrm, org: Sandbox, listener: Receiver) -> None:
    list(crm.install_push(url="http://127.0.0.1:9/hooks/sf/old"))

    plan = crm.plan_push(url=listener.url)
    list(crm.install_push(url=listener.url))
    lead = org.create("Lead", {"LastName": "New", "Company": "Acme"})
    org.flush_pushes()

    assert [step.state for step in plan] == ["missing", "present"] * 6
    assert "another address" in plan[0].detail
    assert told(listener) == [("Lead", lead)]


def test_what_the_org_refuses_is_shown_and_nothing_is_made(crm: SalesforceCrm, org: Sandbox) -> None:
    plan = crm.plan_push(url="not-an-address")

    assert {step.state for step in plan} == {"different"}
    assert "Invalid URL" in plan[0].detail
    with pytest.raises(CrmRefused, match="nothing was changed"):
        list(crm.install_push(url="not-an-address"))
    assert {step.state for step in crm.plan_push(url="https://leads.example.com/hooks")} == {"missing"}
