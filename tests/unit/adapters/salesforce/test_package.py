"""The package holds the fields of the product's design, and becomes a deployment that the Metadata API takes."""

import io
import zipfile
from dataclasses import replace
from xml.etree.ElementTree import Element, fromstring

import pytest

from adapters.salesforce.package_files import NAMESPACE, package_zip, read_package
from adapters.salesforce.provision import DIFFERENT, MISSING, PRESENT, compare
from connector.ports.crm import CatalogField, FieldType

CONTACT_FIELDS = {
    "Hotlead_Score__c": "Number",
    "Hotlead_Fit__c": "Number",
    "Hotlead_Engagement__c": "Number",
    "Hotlead_Grade__c": "Picklist",
    "Hotlead_Temperature__c": "Picklist",
    "Hotlead_Reasons__c": "Text",
    "Hotlead_Breakdown__c": "LongTextArea",
    "Hotlead_Stage__c": "Picklist",
    "Hotlead_Origin__c": "Picklist",
    "Hotlead_Disposition__c": "Picklist",
    "Hotlead_Disposition_Reason__c": "Picklist",
    "Hotlead_Next_Action__c": "Text",
    "Hotlead_Scored_At__c": "DateTime",
    "Hotlead_Stage_Since__c": "DateTime",
    "Hotlead_Hold_Until__c": "DateTime",
    "Hotlead_Model__c": "Text",
}


def _files() -> dict[str, Element]:
    with zipfile.ZipFile(io.BytesIO(package_zip(read_package(), api_version="66.0"))) as archive:
        return {name: fromstring(archive.read(name)) for name in archive.namelist()}


def _all(element: Element, path: str) -> list[str]:
    return [found.text or "" for found in element.findall(path, {"": NAMESPACE})]


@pytest.mark.parametrize("name", ["Lead", "Contact"])
def test_leads_and_contacts_get_every_field_of_the_design(name: str) -> None:
    assert {field.name: field.type for field in read_package().fields if field.seen_on == name} == CONTACT_FIELDS


def test_picklists_hold_the_words_of_the_design() -> None:
    values = {field.name: field.values for field in read_package().fields if field.values and field.seen_on == "Lead"}

    assert values["Hotlead_Grade__c"] == tuple(f"{fit}{engagement}" for fit in "ABCDU" for engagement in "1234")
    assert values["Hotlead_Temperature__c"] == ("hot", "warm", "cold")
    assert values["Hotlead_Stage__c"] == ("subscriber", "lead", "mql", "sal", "sql", "opportunity", "customer")
    assert values["Hotlead_Origin__c"] == ("marketing", "sgl", "pql", "partner")
    assert values["Hotlead_Disposition__c"] == ("recycled", "disqualified")
    assert len(values["Hotlead_Disposition_Reason__c"]) == 10


def test_the_task_key_is_defined_on_activity_and_granted_on_task_and_event() -> None:
    (key,) = [field for field in read_package().fields if field.seen_on == "Task"]
    integration = _files()["permissionsets/Hotlead_Integration.permissionset"]

    assert {"Task.Hotlead_Key__c", "Event.Hotlead_Key__c"} <= set(_all(integration, "fieldPermissions/field"))

    assert (key.defined_on, key.full_name, key.length, key.unique, key.external_id) == ("Activity", "Task.Hotlead_Key__c", 64, True, True)


def test_the_manifest_lists_what_the_zip_holds() -> None:
    files = _files()

    manifest = files["package.xml"]
    assert set(files) == {
        "package.xml",
        "objects/Lead.object",
        "objects/Contact.object",
        "objects/Activity.object",
        "permissionsets/Hotlead_Integration.permissionset",
        "permissionsets/Hotlead_Reader.permissionset",
    }
    assert _all(manifest, "types/name") == ["CustomField", "PermissionSet"]
    assert len(_all(manifest, "types/members")) == 16 * 2 + 1 + 2
    assert "Activity.Hotlead_Key__c" in _all(manifest, "types/members")
    assert _all(manifest, "version") == ["66.0"]


def test_fields_carry_what_their_type_needs() -> None:
    fields = {_all(field, "fullName")[0]: field for field in _files()["objects/Lead.object"]}

    score, breakdown, grade, reasons = (fields[f"Hotlead_{name}__c"] for name in ("Score", "Breakdown", "Grade", "Reasons"))
    assert (_all(score, "precision"), _all(score, "scale"), _all(score, "type")) == (["5"], ["0"], ["Number"])
    assert (_all(breakdown, "length"), _all(breakdown, "visibleLines"), _all(breakdown, "required")) == (["32768"], ["6"], [])
    assert len(_all(grade, "valueSet/valueSetDefinition/value/fullName")) == 20
    assert _all(reasons, "length") == ["255"]
    assert _all(fields["Hotlead_Stage__c"], "valueSet/valueSetDefinition/value/label")[:3] == ["Subscriber", "Lead", "MQL"]
    assert _all(fields["Hotlead_Stage__c"], "valueSet/valueSetDefinition/value/fullName")[:3] == ["subscriber", "lead", "mql"]


def test_the_integration_may_edit_and_the_reader_may_read() -> None:
    files = _files()

    integration, reader = (files[f"permissionsets/Hotlead_{name}.permissionset"] for name in ("Integration", "Reader"))
    assert set(_all(integration, "fieldPermissions/editable")) == {"true"}
    assert set(_all(reader, "fieldPermissions/editable")) == {"false"}
    assert set(_all(reader, "fieldPermissions/readable")) == {"true"}
    assert len(_all(reader, "fieldPermissions/field")) == 34
    assert "ApiEnabled" in _all(integration, "userPermissions/name")
    assert _all(reader, "objectPermissions/object") == []


def test_permissions_may_speak_of_fields_that_are_there_already() -> None:
    package = read_package()
    score_only = replace(package, fields=package.fields[:1])

    with zipfile.ZipFile(io.BytesIO(package_zip(score_only, api_version="66.0"))) as archive:
        names = archive.namelist()
        reader = fromstring(archive.read("permissionsets/Hotlead_Reader.permissionset"))

    assert "objects/Contact.object" not in names
    assert len(_all(reader, "fieldPermissions/field")) == 34


def test_the_same_package_gives_the_same_bytes() -> None:
    assert package_zip(read_package(), api_version="66.0") == package_zip(read_package(), api_version="66.0")


WANTED = {field.name: field for field in read_package().fields if field.seen_on == "Lead"}


@pytest.mark.parametrize(
    ("name", "there", "state"),
    [
        ("Hotlead_Score__c", None, MISSING),
        ("Hotlead_Score__c", {"type": FieldType.INTEGER}, PRESENT),
        ("Hotlead_Score__c", {"type": FieldType.TEXT, "length": 80}, DIFFERENT),
        ("Hotlead_Score__c", {"type": FieldType.DECIMAL}, DIFFERENT),
        ("Hotlead_Reasons__c", {"type": FieldType.TEXT, "length": 255}, PRESENT),
        ("Hotlead_Reasons__c", {"type": FieldType.TEXT, "length": 100}, DIFFERENT),
        ("Hotlead_Temperature__c", {"type": FieldType.PICKLIST, "options": ("hot", "warm", "cold", "icy")}, PRESENT),
        ("Hotlead_Temperature__c", {"type": FieldType.PICKLIST, "options": ("hot",)}, MISSING),
    ],
)
def test_a_field_is_present_missing_or_different(name: str, there: dict[str, object] | None, state: str) -> None:
    found = None if there is None else CatalogField(name=name, label=name, **there)  # type: ignore[arg-type]  # a table of cases

    step = compare(f"field Lead.{name}", WANTED[name], found)

    assert step.state == state
    assert bool(step.detail) == (state == DIFFERENT or (state == MISSING and there is not None))
