"""What an install makes in Salesforce, and what its catalog says."""

from collections.abc import Mapping
from typing import Any

import requests

from adapters.salesforce.adapter import SalesforceCrm
from connector.ports.crm import FieldType
from tests.support.connected_org import opened, org_of
from tests.support.sandboxes import Sandbox


def test_an_install_plans_everything_first_and_the_second_deploys_nothing() -> None:
    with org_of(people=0) as sandbox:
        crm = opened(sandbox)
        plan = crm.plan_install()

        made = list(crm.install())
        deployed = sandbox.calls()["POST /services/data/<version>/metadata/deployRequest"]
        list(opened(sandbox).install())

        calls = sandbox.calls()

    assert {step.state for step in plan} == {"missing"}
    assert len(plan) == 16 * 2 + 1 + 2 + 1
    assert [step.what for step in made] == [step.what for step in plan]
    assert deployed == 2
    assert calls["POST /services/data/<version>/metadata/deployRequest"] == deployed


def test_an_install_goes_round_a_field_of_another_type_and_says_so() -> None:
    with org_of(people=0) as sandbox:
        crm = opened(sandbox)
        _make_field(sandbox, "Lead.Hotlead_Score__c", {"type": "Text", "label": "Hotlead Score", "length": 80})

        made = {step.what: step for step in crm.install()}
        plan = {step.what: step for step in crm.plan_install()}

    for steps in (made, plan):
        odd = steps.pop("field Lead.Hotlead_Score__c (whole number)")
        assert odd.state == "different"
        assert odd.detail
        assert {step.state for step in steps.values()} == {"present"}


def _make_field(sandbox: Sandbox, name: str, metadata: Mapping[str, Any]) -> None:
    pair = (sandbox.credentials["client_id"], sandbox.credentials["client_secret"])
    form = {"grant_type": "client_credentials"}
    token = requests.post(f"{sandbox.url}/services/oauth2/token", data=form, auth=pair, timeout=5).json()["access_token"]
    made = requests.post(
        f"{sandbox.url}/services/data/v66.0/tooling/sobjects/CustomField",
        json={"FullName": name, "Metadata": metadata},
        headers={"Authorization": f"Bearer {token}"},
        timeout=5,
    )
    assert made.ok, made.text


def test_the_catalog_knows_types_options_and_parents(crm: SalesforceCrm) -> None:
    lead, task = (crm.catalog(sources=["Lead", "Task"]).sources[name] for name in ("Lead", "Task"))

    assert lead["AnnualRevenue"].type is FieldType.MONEY
    assert lead["NumberOfEmployees"].type is FieldType.INTEGER
    assert lead["Status"].type is FieldType.PICKLIST
    assert "Qualified" in lead["Status"].options
    assert lead["Hotlead_Score__c"].type is FieldType.INTEGER
    assert lead["Hotlead_Scored_At__c"].type is FieldType.DATETIME
    assert lead["CreatedDate"].writable is False
    assert task["Who.Type"].writable is False
    assert task["Hotlead_Key__c"].unique is True


def test_the_catalog_and_its_parents_cost_one_call_an_object(crm: SalesforceCrm) -> None:
    crm.catalog(sources=["Lead", "Contact", "Account", "CampaignMember"])
    crm.catalog(sources=["Lead", "Contact", "Account", "CampaignMember"])

    assert crm.usage().calls["catalog"] == 5
