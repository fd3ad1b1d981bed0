"""Reads `package/fields.toml` and makes of it the files of a metadata deployment, zipped in memory.

Station: read by `provision.py`; pure text. Shapes: "Metadata API Developer Guide", CustomField, PermissionSet, package.xml.
"""

import io
import tomllib
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from adapters.kit.labels import value_label

FIELDS_FILE = Path(__file__).parent / "package" / "fields.toml"
NAMESPACE = "http://soap.sforce.com/2006/04/metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageField:
    """One custom field, once for each of the objects that get it."""

    defined_on: str
    """The object whose definition holds it."""
    seen_on: str
    """The object whose describe shows it and on which it is granted."""
    twin: str = ""
    """Another object that shares the field and its permissions."""
    name: str
    label: str
    type: str
    help: str = ""
    length: int = 0
    precision: int = 0
    scale: int = 0
    visible_lines: int = 0
    values: tuple[str, ...] = ()
    unique: bool = False
    external_id: bool = False

    @property
    def full_name(self) -> str:
        """As permissions name it, such as `Lead.Hotlead_Score__c`."""
        return f"{self.seen_on}.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePermissionSet:
    """One permission set over all the package's fields."""

    name: str
    label: str
    description: str
    editable: bool
    assigned: bool
    """Whether the API user gets it."""
    user_permissions: tuple[str, ...]
    edit_objects: tuple[str, ...]
    read_objects: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """All that must exist in the org."""

    fields: tuple[PackageField, ...]
    granted: tuple[PackageField, ...]
    """The fields that the permission sets speak of: those above, and any that are there already."""
    permission_sets: tuple[PackagePermissionSet, ...]


@cache
def read_package() -> Package:
    """The package as `fields.toml` describes it."""
    told = tomllib.loads(FIELDS_FILE.read_text(encoding="utf-8"))
    contact_fields = [
        _field(written, defined_on=name, seen_on=name) for name in told["contact_objects"] for written in told["contact_fields"]
    ]
    task_fields = [
        _field(written, defined_on=told["task_definition"], seen_on=told["task_object"], twin=told["task_twin"])
        for written in told["task_fields"]
    ]
    sets = [_permissions(written) for written in told["permission_sets"]]
    fields = (*contact_fields, *task_fields)
    return Package(fields=fields, granted=fields, permission_sets=tuple(sets))


def _field(written: Mapping[str, Any], *, defined_on: str, seen_on: str, twin: str = "") -> PackageField:
    parts: dict[str, Any] = {key: tuple(part) if isinstance(part, list) else part for key, part in written.items()}
    return PackageField(defined_on=defined_on, seen_on=seen_on, twin=twin, **parts)


def _permissions(written: Mapping[str, Any]) -> PackagePermissionSet:
    parts: dict[str, Any] = {key: tuple(part) if isinstance(part, list) else part for key, part in written.items()}
    return PackagePermissionSet(**parts)


def package_zip(package: Package, *, api_version: str) -> bytes:
    """The deployment as a zip: `package.xml`, one file an object, one a permission set. The same package gives the same bytes."""
    files = {"package.xml": _manifest(package, api_version=api_version)}
    for name in dict.fromkeys(field.defined_on for field in package.fields):
        files[f"objects/{name}.object"] = _object(field for field in package.fields if field.defined_on == name)
    for permission_set in package.permission_sets:
        files[f"permissionsets/{permission_set.name}.permissionset"] = _permission_set(permission_set, package.granted)
    return zipped(files)


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The files as a zip; the same files give the same bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0)), text)
    return packed.getvalue()


def _manifest(package: Package, *, api_version: str) -> bytes:
    members = {
        "CustomField": sorted({f"{field.defined_on}.{field.name}" for field in package.fields}),
        "PermissionSet": [permission_set.name for permission_set in package.permission_sets],
    }
    return manifest(members, api_version=api_version)


def manifest(members: Mapping[str, Sequence[str]], *, api_version: str) -> bytes:
    """`package.xml`: the names of what is deployed, by type."""
    root = Element("Package", xmlns=NAMESPACE)
    for kind, names in members.items():
        if not names:
            continue
        types = SubElement(root, "types")
        for name in names:
            SubElement(types, "members").text = name
        SubElement(types, "name").text = kind
    SubElement(root, "version").text = api_version
    return xml(root)


def _object(fields: Iterable[PackageField]) -> bytes:
    root = Element("CustomObject", xmlns=NAMESPACE)
    for field in fields:
        _custom_field(SubElement(root, "fields"), field)
    return xml(root)


def _custom_field(parent: Element, field: PackageField) -> None:
    written = {"fullName": field.name, "inlineHelpText": field.help, "label": field.label, "type": field.type}
    if field.length:
        written["length"] = str(field.length)
    if field.type == "Number":
        written |= {"precision": str(field.precision), "scale": str(field.scale)}
    if field.type != "LongTextArea":
        written["required"] = "false"
    if field.unique:
        written |= {"unique": "true", "caseSensitive": "true"}
    if field.external_id:
        written["externalId"] = "true"
    if field.visible_lines:
        written["visibleLines"] = str(field.visible_lines)
    texts(parent, **dict(sorted(written.items())))
    if field.values:
        _value_set(SubElement(parent, "valueSet"), field.values)


def _value_set(parent: Element, values: Iterable[str]) -> None:
    # Not restricted: an admin's own ladder may have stages that the shipped one has not.
    texts(parent, restricted="false")
    definition = SubElement(parent, "valueSetDefinition")
    texts(definition, sorted="false")
    for value in values:
        texts(SubElement(definition, "value"), fullName=value, default="false", label=value_label(value))


def _permission_set(permission_set: PackagePermissionSet, fields: Iterable[PackageField]) -> bytes:
    root = Element("PermissionSet", xmlns=NAMESPACE)
    texts(root, description=permission_set.description)
    editable = "true" if permission_set.editable else "false"
    for field in fields:
        for name in (field.full_name, *((f"{field.twin}.{field.name}",) if field.twin else ())):
            texts(SubElement(root, "fieldPermissions"), editable=editable, field=name, readable="true")
    texts(root, hasActivationRequired="false", label=permission_set.label)
    for name in permission_set.edit_objects:
        _object_permission(SubElement(root, "objectPermissions"), name, edit=True)
    for name in permission_set.read_objects:
        _object_permission(SubElement(root, "objectPermissions"), name, edit=False)
    for name in permission_set.user_permissions:
        texts(SubElement(root, "userPermissions"), enabled="true", name=name)
    return xml(root)


def _object_permission(parent: Element, name: str, *, edit: bool) -> None:
    texts(
        parent,
        allowCreate="false",
        allowDelete="false",
        allowEdit="true" if edit else "false",
        allowRead="true",
        modifyAllRecords="false",
        object=name,
        viewAllRecords="false",
    )


def texts(parent: Element, **written: str) -> None:
    """Elements below `parent`, in this order."""
    for name, text in written.items():
        SubElement(parent, name).text = text


def xml(root: Element) -> bytes:
    """The file of this element."""
    text: bytes = tostring(root, encoding="UTF-8", xml_declaration=True)
    return text
