"""Makes the files of a deployment that has the org push: an outbound message an object, and the flow that sends it.

Station: read by `push_install.py`; pure text. Shapes: "Metadata API Developer Guide", Workflow (outboundMessages) and Flow (start,
actionCalls), seen 2026-11; elements stand in the order of the schema. A message carries the record's id and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement

from adapters.salesforce.package_files import NAMESPACE, manifest, texts, xml, zipped

MESSAGE, FLOW = "WorkflowOutboundMessage", "Flow"
_ACTION = "Tell_Hotlead"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushedObject:
    """One object whose saves are told, and to whom. `user` is the API user's name: its own saves are not told."""

    name: str
    url: str
    user: str

    @property
    def message(self) -> str:
        """Such as `Lead.Hotlead_Lead`."""
        return f"{self.name}.{self.flow}"

    @property
    def flow(self) -> str:
        """The name of the flow, and of the message within its object."""
        return f"Hotlead_{self.name}"

    @property
    def label(self) -> str:
        return f"Hotlead {self.name}"


def push_zip(told: Sequence[PushedObject], *, api_version: str) -> bytes:
    """The deployment as a zip. The same objects give the same bytes."""
    members = {MESSAGE: [one.message for one in told], FLOW: [one.flow for one in told]}
    files = {"package.xml": manifest(members, api_version=api_version)}
    for one in told:
        files[f"workflows/{one.name}.workflow"] = _workflow(one, api_version=api_version)
        files[f"flows/{one.flow}.flow"] = _flow(one, api_version=api_version)
    return zipped(files)


def _workflow(told: PushedObject, *, api_version: str) -> bytes:
    root = Element("Workflow", xmlns=NAMESPACE)
    texts(
        SubElement(root, "outboundMessages"),
        fullName=told.flow,
        apiVersion=api_version,
        description="Tells hotlead that a record was saved. Carries its id only.",
        endpointUrl=told.url,
        fields="Id",
        includeSessionId="false",
        integrationUser=told.user,
        name=told.label,
        protected="false",
        useDeadLetterQueue="false",
    )
    return xml(root)


def _flow(told: PushedObject, *, api_version: str) -> bytes:
    root = Element("Flow", xmlns=NAMESPACE)
    texts(
        SubElement(root, "actionCalls"),
        name=_ACTION,
        label="Tell hotlead",
        locationX="176",
        locationY="287",
        actionName=told.message,
        actionType="outboundMessage",
        flowTransactionModel="CurrentTransaction",
        nameSegment=told.message,
    )
    texts(root, apiVersion=api_version, description="Tells hotlead of every save that is not its own.", environments="Default")
    texts(root, interviewLabel=f"{told.label} {{!$Flow.CurrentDateTime}}", label=told.label, processType="AutoLaunchedFlow")
    start = SubElement(root, "start")
    texts(start, locationX="50", locationY="0")
    texts(SubElement(start, "connector"), targetReference=_ACTION)
    texts(
        start,
        filterFormula=f'{{!$User.Username}} <> "{told.user}"',
        object=told.name,
        recordTriggerType="CreateAndUpdate",
        triggerType="RecordAfterSave",
    )
    texts(root, status="Active")
    return xml(root)
