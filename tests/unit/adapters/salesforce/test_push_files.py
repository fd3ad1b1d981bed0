"""The files that have an org push: the id and nothing else, to one address, and never of our own saves."""

import io
import zipfile
from xml.etree.ElementTree import Element, fromstring

from adapters.salesforce.package_files import NAMESPACE
from adapters.salesforce.push_files import PushedObject, push_zip

URL = "https://leads.example.com/hooks/sf/secret"
LEAD = PushedObject(name="Lead", url=URL, user="hotlead@acme.example")
TASK = PushedObject(name="Task", url=URL, user="hotlead@acme.example")


def files() -> dict[str, Element]:
    with zipfile.ZipFile(io.BytesIO(push_zip([LEAD, TASK], api_version="66.0"))) as archive:
        return {name: fromstring(archive.read(name)) for name in archive.namelist()}


def texts(element: Element, path: str) -> list[str | None]:
    return [found.text for found in element.findall(path, {"": NAMESPACE})]


def test_the_manifest_lists_what_the_zip_holds() -> None:
    made = files()

    assert sorted(made) == [
        "flows/Hotlead_Lead.flow",
        "flows/Hotlead_Task.flow",
        "package.xml",
        "workflows/Lead.workflow",
        "workflows/Task.workflow",
    ]
    assert texts(made["package.xml"], "types/members") == ["Lead.Hotlead_Lead", "Task.Hotlead_Task", "Hotlead_Lead", "Hotlead_Task"]
    assert texts(made["package.xml"], "types/name") == ["WorkflowOutboundMessage", "Flow"]


def test_a_message_carries_the_id_only_and_no_session() -> None:
    message = files()["workflows/Lead.workflow"]

    assert texts(message, "outboundMessages/fields") == ["Id"]
    assert texts(message, "outboundMessages/includeSessionId") == ["false"]
    assert texts(message, "outboundMessages/endpointUrl") == [URL]
    assert texts(message, "outboundMessages/integrationUser") == ["hotlead@acme.example"]


def test_the_flow_sends_the_message_after_every_save_that_is_not_ours() -> None:
    flow = files()["flows/Hotlead_Lead.flow"]

    assert texts(flow, "actionCalls/actionName") == ["Lead.Hotlead_Lead"]
    assert texts(flow, "start/filterFormula") == ['{!$User.Username} <> "hotlead@acme.example"']
    assert texts(flow, "start/object") + texts(flow, "start/recordTriggerType") == ["Lead", "CreateAndUpdate"]
    assert texts(flow, "start/connector/targetReference") == texts(flow, "actionCalls/name")
    assert texts(flow, "status") == ["Active"]


def test_the_same_objects_give_the_same_bytes() -> None:
    assert push_zip([LEAD], api_version="66.0") == push_zip([LEAD], api_version="66.0")
