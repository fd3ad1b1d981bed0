"""What HubSpot must have and what check says about it: scopes, properties, options, clocks; over a socket to the sandbox."""

import pytest

from connector.ports.crm import Ask, Severity
from connector.ports.errors import CrmAuth
from tests.support.connected_portal import NO_LIMITS, Portal
from tests.support.sandboxes import running_sandbox


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
