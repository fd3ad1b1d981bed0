"""Deployed outbound messages, rules and flows of the Salesforce sandbox send what they say, until they are removed."""

from __future__ import annotations

import io
import zipfile

import pytest

from tests.support.push_receiver import Receiver
from tests.support.salesforce_pushes import flush, leads
from tests.support.served_salesforce import METADATA, Served, deploy, new_lead

MANIFEST = (
    "<types><members>*</members><name>WorkflowOutboundMessage</name></types><types><members>*</members><name>WorkflowRule</name></types>"
    "<types><members>Lead</members><name>Workflow</name></types><types><members>*</members><name>Flow</name></types>"
)

pytestmark = pytest.mark.usefixtures("standing_clock")


def workflow(*, url: str, fields: str = "<fields>Email</fields><fields>Id</fields>", formula: str = "true", active: str = "true") -> str:
    """A workflow file of Lead: one outbound message and the rule that sends it."""
    return (
        f"<Workflow {METADATA}><outboundMessages><fullName>Told</fullName><apiVersion>66.0</apiVersion>"
        f"<endpointUrl>{url}</endpointUrl>{fields}<includeSessionId>false</includeSessionId><integrationUser>a@b.example</integrationUser>"
        "<name>Told</name><protected>false</protected><useDeadLetterQueue>false</useDeadLetterQueue></outboundMessages>"
        f"<rules><fullName>Tell</fullName><actions><name>Told</name><type>OutboundMessage</type></actions><active>{active}</active>"
        f"<formula>{formula}</formula><triggerType>onAllChanges</triggerType></rules></Workflow>"
    )


def zipped(files: dict[str, str], manifest: str = MANIFEST) -> bytes:
    """A package of these files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("package.xml", f"<Package {METADATA}>{manifest}<version>66.0</version></Package>")
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def test_a_deployed_rule_sends_its_message_through_the_proxy_of_the_public_address(served: Served, listener: Receiver) -> None:
    public = "https://leads.example.com/hooks/sf/secret"

    done = deploy(served, zipped({"workflows/Lead.workflow": workflow(url=public, formula="OR(ISNEW(), ISCHANGED(Email))")}))
    lead = new_lead(served, Email="a@example.com")
    unreached = flush(served)
    served.control("PUT", "pushes/proxies", {"https://leads.example.com": listener.url})
    served.client.Lead.update(lead, {"Title": "Buyer"})
    reached = flush(served, advance_s=16)

    assert done["success"], done["details"]["componentFailures"]
    assert {one["fullName"] for one in done["details"]["componentSuccesses"]} == {"Lead.Told", "Lead.Tell"}
    assert unreached["subscribers"][0]["failed"] == 1
    assert (reached["subscribers"][0]["delivered"], reached["waiting"]) == (1, 0)
    assert (listener.received[0].path, listener.received[0].headers["host"]) == ("/hooks/sf/secret", "leads.example.com")
    assert [record for _, record in leads(listener)] == [lead]


def test_a_deploy_that_fails_or_only_checks_or_is_switched_off_sends_nothing(served: Served, listener: Receiver) -> None:
    good = workflow(url=listener.url)

    wrong = deploy(served, zipped({"workflows/Lead.workflow": workflow(url=listener.url, fields="<fields>Nope__c</fields>")}))
    checked = deploy(served, zipped({"workflows/Lead.workflow": good}), checkOnly=True)
    off = deploy(served, zipped({"workflows/Lead.workflow": workflow(url=listener.url, active="false")}))
    new_lead(served)
    silent = flush(served)["subscribers"]
    deploy(served, zipped({"workflows/Lead.workflow": good}))
    new_lead(served)
    flush(served)

    assert [one["success"] for one in (wrong, checked, off)] == [False, True, True]
    assert "Lead.Nope__c" in wrong["details"]["componentFailures"][0]["problem"]
    assert (silent, len(leads(listener))) == ([], 1)


def test_a_deployed_flow_sends_its_message_when_its_fields_change_until_it_is_removed(served: Served, listener: Receiver) -> None:
    message_only = workflow(url=listener.url, active="false")
    flow = (
        f"<Flow {METADATA}><actionCalls><name>Send</name><actionName>Lead.Told</actionName>"
        "<actionType>outboundMessage</actionType></actionCalls>"
        "<processType>AutoLaunchedFlow</processType><start><connector><targetReference>Send</targetReference></connector><filterLogic>or</filterLogic>"
        "<filters><field>Email</field><operator>IsChanged</operator><value><booleanValue>true</booleanValue></value></filters>"
        "<object>Lead</object><recordTriggerType>CreateAndUpdate</recordTriggerType><triggerType>RecordAfterSave</triggerType></start>"
        "<status>Active</status></Flow>"
    )
    wrong = flow.replace("<filterLogic>", "<filterFormula>{!$Record.Email} = 1</filterFormula><filterLogic>")
    refused = deploy(served, zipped({"workflows/Lead.workflow": message_only, "flows/Tell_Lead.flow": wrong}))
    done = deploy(served, zipped({"workflows/Lead.workflow": message_only, "flows/Tell_Lead.flow": flow}))
    lead = new_lead(served)

    served.client.Lead.update(lead, {"Title": "Buyer"})
    served.client.Lead.update(lead, {"Email": "a@example.com"})
    letters = flush(served)["subscribers"][0]["letters"]
    removal = (
        f"<Package {METADATA}><types><members>Lead.Told</members><name>WorkflowOutboundMessage</name></types>"
        "<types><members>Tell_Lead</members><name>Flow</name></types></Package>"
    )
    removed = deploy(served, zipped({"destructiveChanges.xml": removal}, manifest=""))

    assert (refused["success"], done["success"]) == (False, True)
    assert letters == 2
    assert (removed["success"], flush(served)["subscribers"]) == (True, [])
