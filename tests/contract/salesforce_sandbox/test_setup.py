"""The Salesforce sandbox through the unchanged simple-salesforce: what is deployed, who may see it, what people do, the program itself."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from simple_salesforce.exceptions import (
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from adapters.salesforce.sandbox.org import OrgSettings
from tests.support.sandboxes import running_sandbox
from tests.support.served_salesforce import (
    KEY,
    SCORE,
    Served,
    assign,
    deploy,
    error_of,
    grant,
    new_lead,
    package_zip,
    serve_org,
)


def test_key_that_several_records_carry_is_answered_with_their_addresses(served: Served) -> None:
    order = {"type": "Text", "label": "Code", "length": 20, "externalId": True, "required": True, "inlineHelpText": "Its code."}
    served.client.toolingexecute("sobjects/CustomField", method="POST", data={"FullName": "Lead.Code__c", "Metadata": order})
    twins = {new_lead(served, Code__c="x"), new_lead(served, Code__c="X")}

    with pytest.raises(SalesforceMoreThanOneRecord) as failure:
        served.client.restful("sobjects/Lead/Code__c/x", method="PATCH", json={"Rating": "Hot"})

    assert {str(address).rpartition("/")[2] for address in failure.value.content} == twins
    (field,) = [field for field in served.client.Lead.describe()["fields"] if field["name"] == "Code__c"]
    assert (field["externalId"], field["unique"], field["nillable"], field["inlineHelpText"]) == (True, False, False, "Its code.")


def test_deployed_field_is_invisible_until_its_permission_set_is_assigned(served: Served) -> None:
    lead = new_lead(served)
    done = deploy(served, package_zip(fields=SCORE, permissions=grant("Lead.Score__c")))
    assert (done["status"], done["numberComponentsDeployed"]) == ("Succeeded", 2)

    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.query("SELECT Score__c FROM Lead")
    assert error_of(failure) == (400, "INVALID_FIELD")
    assert "Score__c" not in [field["name"] for field in served.client.Lead.describe()["fields"]]
    with pytest.raises(SalesforceMalformedRequest):
        served.client.Lead.update(lead, {"Score__c": 87})

    assign(served, "Scores")
    served.client.Lead.update(lead, {"Score__c": 87})
    assert served.client.query("SELECT Score__c FROM Lead WHERE Score__c > 86")["records"][0]["Score__c"] == 87.0


def test_trial_deploy_leaves_nothing_behind(served: Served) -> None:
    done = deploy(served, package_zip(fields=SCORE, permissions=grant("Lead.Score__c")), checkOnly=True)

    assert (done["status"], done["checkOnly"]) == ("Succeeded", True)
    assert served.client.toolingexecute("query?q=SELECT+Id+FROM+CustomField+WHERE+DeveloperName='Score'")["totalSize"] == 0
    assert served.client.query("SELECT COUNT() FROM PermissionSet WHERE Name = 'Scores'")["totalSize"] == 0


def test_deploy_is_repeatable_and_one_fault_takes_all_back(served: Served) -> None:
    package = package_zip(fields=SCORE, permissions=grant("Lead.Score__c"))
    deploy(served, package)

    again = deploy(served, package)
    broken = deploy(served, package_zip(fields=KEY, permissions=grant("Lead.Nope__c")))

    assert {one["created"] for one in again["details"]["componentSuccesses"]} == {False}
    assert (broken["status"], broken["numberComponentErrors"]) == ("Failed", 1)
    assert broken["details"]["componentFailures"][0]["problem"] == "In field: field - no CustomField named Lead.Nope__c found"
    assert served.client.toolingexecute("query?q=SELECT+DeveloperName+FROM+CustomField+WHERE+TableEnumOrId='Lead'")["totalSize"] == 1


def test_field_on_task_is_refused_and_must_be_made_on_activity(served: Served) -> None:
    done = deploy(served, package_zip(fields=KEY, owner="Task"))

    assert done["details"]["componentFailures"][0]["problem"].endswith("bad value for restricted picklist field: Task")


def test_tooling_makes_one_field_and_field_permissions_show_it(served: Served) -> None:
    metadata = {"type": "Number", "label": "Score", "precision": 3, "scale": 0}
    order = {"FullName": "Lead.Score__c", "Metadata": metadata}

    made = served.client.toolingexecute("sobjects/CustomField", method="POST", data=order)

    assert made["id"].startswith("00N")
    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.toolingexecute("sobjects/CustomField", method="POST", data=order)
    assert error_of(failure) == (400, "DUPLICATE_DEVELOPER_NAME")
    granted = served.client.PermissionSet.create({"Name": "Scores", "Label": "Scores"})["id"]
    rights = {"ParentId": granted, "SobjectType": "Lead", "Field": "Lead.Score__c", "PermissionsRead": True, "PermissionsEdit": True}
    served.client.FieldPermissions.create(rights)
    assign(served, "Scores")
    assert "Score__c" in [field["name"] for field in served.client.Lead.describe()["fields"]]


def test_user_without_the_permission_cannot_install_and_hidden_things_are_not_there() -> None:
    settings = OrgSettings(may_customize=False, hidden_objects=("Campaign",), hidden_fields=("Task.Type",))
    with contextmanager(serve_org)(settings=settings) as served:
        base = f"{served.url}/services/data/v66.0"
        bearer = {"Authorization": f"Bearer {served.client.session_id}"}
        deploy = requests.post(f"{base}/metadata/deployRequest", headers=bearer, timeout=10)
        with pytest.raises(SalesforceRefusedRequest) as tooling:
            served.client.toolingexecute("sobjects/CustomField", method="POST", data={"FullName": "Lead.A__c", "Metadata": {}})
        with pytest.raises(SalesforceMalformedRequest) as query:
            served.client.query("SELECT Id FROM Campaign")
        with pytest.raises(SalesforceResourceNotFound) as described:
            served.client.Campaign.describe()
        names = {field["name"] for field in served.client.Task.describe()["fields"]}

    assert (deploy.status_code, deploy.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    assert error_of(tooling) == (403, "INSUFFICIENT_ACCESS")
    assert error_of(query) == (400, "INVALID_TYPE")
    assert error_of(described) == (404, "NOT_FOUND")
    assert "Type" not in names
    assert "TaskSubtype" in names


def test_person_edits_are_stamped_with_a_human_and_not_counted_as_api_writes(served: Served) -> None:
    lead = new_lead(served)
    served.control("DELETE", "counters")
    served.control("PATCH", f"records/Lead/{lead}", {"Rating": "Cold"})

    (read,) = served.client.query(f"SELECT Rating, LastModifiedBy.Name, CreatedBy.Name FROM Lead WHERE Id = '{lead}'")["records"]

    assert (read["Rating"], read["LastModifiedBy"]["Name"], read["CreatedBy"]["Name"]) == ("Cold", "Aoi Admin", "Integration User")
    assert served.control("GET", "counters")["writes"] == {}


def test_lead_converted_by_a_person_is_refused_to_the_api(served: Served) -> None:
    lead = new_lead(served)
    made = served.control("POST", "convert", {"lead": lead})

    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.Lead.update(lead, {"Rating": "Hot"})

    assert error_of(failure) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    (read,) = served.client.query(f"SELECT ConvertedContactId FROM Lead WHERE Id = '{lead}'")["records"]
    assert read["ConvertedContactId"] == made["contact"]


def test_state_in_a_file_outlives_the_program(tmp_path: Path) -> None:
    kept = str(tmp_path / "org.sqlite")
    options = ("--client-id", "a-key", "--client-secret", "a-secret", "--file", kept)
    form = {"grant_type": "client_credentials", "client_id": "a-key", "client_secret": "a-secret"}
    metadata = {"type": "Text", "label": "Key", "length": 80, "required": True}
    found = []
    for nth in range(2):
        with running_sandbox("salesforce", people=0, options=options) as sandbox:
            token = requests.post(f"{sandbox.url}/services/oauth2/token", data=form, timeout=10).json()["access_token"]
            bearer, base = {"Authorization": f"Bearer {token}"}, f"{sandbox.url}/services/data/v66.0"
            if nth == 0:
                order = {"FullName": "Lead.Key__c", "Metadata": metadata}
                requests.post(f"{base}/tooling/sobjects/CustomField", json=order, headers=bearer, timeout=10)
            lead = {"LastName": "Abe", "Company": "Oak", "Key__c": f"k{nth}"}
            made = requests.post(f"{base}/sobjects/Lead", json=lead, headers=bearer, timeout=10)
            assert made.status_code == 201, made.text
            asked = requests.get(f"{base}/query", params={"q": "SELECT Key__c FROM Lead"}, headers=bearer, timeout=10)
            found.append([record["Key__c"] for record in asked.json()["records"]])

    assert found == [["k0"], ["k0", "k1"]]


def test_program_prints_what_a_client_needs() -> None:
    options = ("--client-id", "a-key", "--client-secret", "a-secret", "--daily-limit", "500")
    with running_sandbox("salesforce", people=0, options=options) as sandbox:
        form = {"grant_type": "client_credentials", "client_id": "a-key", "client_secret": "a-secret"}
        token = requests.post(f"{sandbox.url}/services/oauth2/token", data=form, timeout=10).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        limits = requests.get(f"{sandbox.url}/services/data/v66.0/limits", headers=bearer, timeout=10)

    assert sandbox.credentials["client_id"] == "a-key"
    assert limits.headers["Sforce-Limit-Info"] == "api-usage=1/500"
