"""A metadata package: the zip that a deploy sends, read into what it asks for.

Station: Salesforce sandbox, pure. Metadata format as in the Metadata API Developer Guide: package.xml, objects/,
permissionsets/, workflows/, flows/, lwc/, destructiveChanges*.xml.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

MAX_FILES = 10_000
MAX_ZIP_BYTES = 39 * 1024 * 1024
"""Largest package. Source: Metadata API Developer Guide, deploy()."""


class PackageError(ValueError):
    """The zip as a whole cannot be read as a package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One component named in the package: `metadata` is its XML as nested values, {} where it has none here."""

    kind: str
    full_name: str
    file_name: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What a deploy asks for. `named` is package.xml: member names by type; "*" stands for all."""

    named: Mapping[str, frozenset[str]]
    parts: tuple[Part, ...]
    removed: tuple[tuple[str, str], ...]
    """(type, full name) from destructiveChanges."""


def read_package(raw: bytes) -> Package:
    """The package in a zip. Raises PackageError when it is no zip, too large, or has no package.xml."""
    if len(raw) > MAX_ZIP_BYTES:
        raise PackageError("Maximum size of request reached. Maximum size of request is 39 MB")
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) > MAX_FILES:
                raise PackageError(f"Number of files exceeds the maximum of {MAX_FILES}")
            files = {name: archive.read(name) for name in names}
    except zipfile.BadZipFile as err:
        raise PackageError("The zip file could not be read") from err
    root = next((name.removesuffix("package.xml") for name in sorted(files) if name.endswith("package.xml")), None)
    if root is None:
        raise PackageError("No package.xml found")
    inside = {name.removeprefix(root): text for name, text in files.items() if name.startswith(root)}
    removed = []
    for name in ("destructiveChangesPre.xml", "destructiveChanges.xml", "destructiveChangesPost.xml"):
        if name in inside:
            removed += [(kind, one) for kind, members in _types(inside[name]).items() for one in sorted(members)]
    parts = tuple(part for name in sorted(inside) for part in _parts(name, inside[name]))
    return Package(named=_types(inside["package.xml"]), parts=parts, removed=tuple(removed))


def _parts(name: str, text: bytes) -> list[Part]:
    folder, _, file_name = name.partition("/")
    if folder == "objects" and file_name.endswith(".object"):
        return _object_parts(name, file_name.removesuffix(".object"), _read_xml(text, name))
    if folder == "permissionsets" and file_name.endswith(".permissionset"):
        label = file_name.removesuffix(".permissionset")
        return [Part(kind="PermissionSet", full_name=label, file_name=name, metadata=_read_xml(text, name))]
    if folder == "workflows" and file_name.endswith(".workflow"):
        return _workflow_parts(name, file_name.removesuffix(".workflow"), _read_xml(text, name))
    if folder == "flows" and file_name.endswith(".flow"):
        return [Part(kind="Flow", full_name=file_name.removesuffix(".flow"), file_name=name, metadata=_read_xml(text, name))]
    if folder == "lwc" and file_name.endswith(".js-meta.xml"):
        bundle = file_name.partition("/")[0]
        return [Part(kind="LightningComponentBundle", full_name=bundle, file_name=name, metadata=_read_xml(text, name))]
    return []


def _object_parts(name: str, owner: str, metadata: Mapping[str, Any]) -> list[Part]:
    kinds = {"fields": "CustomField", "listViews": "ListView", "compactLayouts": "CompactLayout"}
    parts = []
    for tag, kind in kinds.items():
        for one in listed(metadata.get(tag)):
            full_name = f"{owner}.{one.get('fullName', '')}"
            parts.append(Part(kind=kind, full_name=full_name, file_name=name, metadata=one))
    return parts


def _workflow_parts(name: str, owner: str, metadata: Mapping[str, Any]) -> list[Part]:
    kinds = {"outboundMessages": "WorkflowOutboundMessage", "rules": "WorkflowRule"}
    return [
        Part(kind=kind, full_name=f"{owner}.{one.get('fullName', '')}", file_name=name, metadata=one)
        for tag, kind in kinds.items()
        for one in listed(metadata.get(tag))
    ]


def listed(value: Any) -> list[Mapping[str, Any]]:
    """What stands once, several times or not at all in XML, as a list."""
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list) else [value]


def _types(text: bytes) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one in listed(_read_xml(text, "package.xml").get("types")):
        members = one.get("members")
        names = members if isinstance(members, list) else [members] if members else []
        kind = str(one.get("name", ""))
        found[kind] = found.get(kind, frozenset()) | frozenset(str(member) for member in names)
    return found


def _read_xml(text: bytes, name: str) -> dict[str, Any]:
    try:
        root = fromstring(text, forbid_dtd=True)
    except DefusedXmlException as err:
        raise PackageError(f"{name}: a document type is not allowed") from err
    except ElementTree.ParseError as err:
        raise PackageError(f"{name}: Error parsing file: {err}") from err
    value = _value(root)
    return value if isinstance(value, dict) else {}


def _value(element: ElementTree.Element) -> Any:
    if len(element) == 0:
        return (element.text or "").strip()
    values: dict[str, Any] = {}
    for child in element:
        tag = child.tag.rpartition("}")[2]
        value = _value(child)
        if tag not in values:
            values[tag] = value
        elif isinstance(values[tag], list):
            values[tag].append(value)
        else:
            values[tag] = [values[tag], value]
    return values
