"""What must exist in a portal, what is there, and the making of what is missing.

Station: HubSpot adapter, `package/properties.toml` -> InstallStep. Repeatable: what is there stays as it is.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from adapters.hubspot.catalog import read_definitions
from adapters.hubspot.client import Hub
from adapters.kit.budget import Purpose
from adapters.kit.labels import value_label
from connector.ports.crm import InstallStep
from connector.ports.errors import CrmRefused

PRESENT, MISSING, DIFFERENT = "present", "missing", "different"
ALREADY_THERE = frozenset({"CONFLICT", "OBJECT_ALREADY_EXISTS", "PROPERTY_EXISTS", "HTTP_409"})
PACKAGE = Path(__file__).parent / "package" / "properties.toml"
KIND_WORDS: Mapping[tuple[str, str], str] = {
    ("number", "number"): "number",
    ("enumeration", "select"): "picklist",
    ("string", "text"): "text",
    ("string", "textarea"): "long text",
    ("datetime", "date"): "date and time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedProperty:
    """One property of the package."""

    source: str
    name: str
    label: str
    type: str
    field_type: str
    description: str
    options: tuple[str, ...] = ()
    unique: bool = False

    @property
    def what(self) -> str:
        """How a step names it."""
        kind = KIND_WORDS[(self.type, self.field_type)]
        return f"property {self.source}.{self.name} ({kind}{', unique' if self.unique else ''})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The property group that holds them."""

    name: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """All of `package/properties.toml`."""

    group: Group
    properties: tuple[WantedProperty, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        """Object types with a property of ours."""
        return tuple(dict.fromkeys(wanted.source for wanted in self.properties))


@cache
def read_package() -> Package:
    """What must exist in every portal."""
    told = tomllib.loads(PACKAGE.read_text(encoding="utf-8"))
    group = Group(**told.pop("group"))
    return Package(group=group, properties=tuple(_wanted(source, one) for source, listed in told.items() for one in listed))


def plan_install(hub: Hub) -> tuple[InstallStep, ...]:
    """Each group and property with its state; four calls, nothing is changed."""
    return tuple(step for step, _ in _compare(hub))


def install(hub: Hub) -> Iterator[InstallStep]:
    """Makes what is missing, one step after the other, each given with the state it has then."""
    for step, make in _compare(hub):
        yield step if step.state != MISSING or make is None else _made(hub, step, make)


@dataclass(frozen=True, slots=True)
class _Call:
    """The call that makes one step true."""

    method: str
    path: str
    body: Mapping[str, Any]


def _compare(hub: Hub) -> Iterator[tuple[InstallStep, _Call | None]]:
    package = read_package()
    for source in package.sources:
        path = hub.paths.properties(source)
        groups = hub.call("GET", f"{path}/groups", purpose=Purpose.INSTALL).body["results"]
        yield _compare_group(package.group, source, path, {str(group["name"]) for group in groups})
        there = {str(one["name"]): one for one in read_definitions(hub, source, purpose=Purpose.INSTALL)}
        for wanted in package.properties:
            if wanted.source == source:
                yield _compare_property(wanted, there.get(wanted.name), path, package.group)


def _compare_group(group: Group, source: str, path: str, there: set[str]) -> tuple[InstallStep, _Call | None]:
    what = f"property group {source}.{group.name}"
    if group.name in there:
        return InstallStep(what=what, state=PRESENT), None
    body = {"name": group.name, "label": group.label, "displayOrder": -1}
    return InstallStep(what=what, state=MISSING), _Call("POST", f"{path}/groups", body)


def _compare_property(wanted: WantedProperty, there: Mapping[str, Any] | None, path: str, group: Group) -> tuple[InstallStep, _Call | None]:
    if there is None:
        return InstallStep(what=wanted.what, state=MISSING), _Call("POST", path, _definition(wanted, group))
    fault = _difference(wanted, there)
    if fault:
        return InstallStep(what=wanted.what, state=DIFFERENT, detail=fault), None
    held = [dict(option) for option in there.get("options") or ()]
    lacking = [value for value in wanted.options if value not in {str(option["value"]) for option in held}]
    if not lacking:
        return InstallStep(what=wanted.what, state=PRESENT), None
    added = [_option(value, len(held) + place) for place, value in enumerate(lacking)]
    step = InstallStep(what=wanted.what, state=MISSING, detail=f"options to add: {', '.join(lacking)}")
    return step, _Call("PATCH", f"{path}/{wanted.name}", {"options": held + added})


def _difference(wanted: WantedProperty, there: Mapping[str, Any]) -> str:
    """Why the property that is there cannot serve; empty when it can. How it is shown (text or textarea) does not matter."""
    if there.get("type") != wanted.type:
        return (
            f"it is a {there.get('type')} property, hotlead needs {wanted.type}; in HubSpot, archive it (Settings > Properties), "
            "delete it for good from the archive, and run hotlead install again"
        )
    if wanted.unique and not there.get("hasUniqueValue"):
        return (
            "its values are not unique, and HubSpot cannot make them so later; in HubSpot, archive and delete it (Settings > Properties), "
            "and run hotlead install again"
        )
    if (there.get("modificationMetadata") or {}).get("readOnlyValue"):
        return "its values are read-only; in HubSpot, archive and delete it (Settings > Properties), and run hotlead install again"
    return ""


def _made(hub: Hub, step: InstallStep, make: _Call) -> InstallStep:
    try:
        hub.call(make.method, make.path, purpose=Purpose.INSTALL, body=make.body, part="")
    except CrmRefused as refused:
        if refused.code not in ALREADY_THERE:
            raise
        return _after_conflict(hub, step, make)
    return InstallStep(what=step.what, state=PRESENT, detail=step.detail.replace("to add", "added") or "made now")


def _after_conflict(hub: Hub, step: InstallStep, make: _Call) -> InstallStep:
    """The step once HubSpot has said that the name is taken: by our own earlier try, by somebody else just now, or in the archive."""
    name = str(make.body["name"])
    there = {str(one["name"]): one for one in hub.call("GET", make.path, purpose=Purpose.INSTALL).body["results"]}
    if name not in there or there[name].get("archived"):
        fault = (
            "it lies in the archive; in HubSpot, restore it or delete it for good (Settings > Properties), and run hotlead install again"
        )
        return InstallStep(what=step.what, state=DIFFERENT, detail=fault)
    wanted = next((one for one in read_package().properties if one.what == step.what), None)
    fault = _difference(wanted, there[name]) if wanted else ""
    return InstallStep(what=step.what, state=DIFFERENT if fault else PRESENT, detail=fault or "there already")


def _definition(wanted: WantedProperty, group: Group) -> Mapping[str, Any]:
    body: dict[str, Any] = {
        "groupName": group.name,
        "name": wanted.name,
        "label": wanted.label,
        "type": wanted.type,
        "fieldType": wanted.field_type,
        "description": wanted.description,
        "formField": False,
    }
    if wanted.options:
        body["options"] = [_option(value, place) for place, value in enumerate(wanted.options)]
    if wanted.unique:
        body["hasUniqueValue"] = True
    return body


def _option(value: str, place: int) -> dict[str, Any]:
    return {"value": value, "label": value_label(value), "displayOrder": place, "hidden": False}


def _wanted(source: str, one: Mapping[str, Any]) -> WantedProperty:
    return WantedProperty(
        source=source,
        name=one["name"],
        label=one["label"],
        type=one["type"],
        field_type=one["fieldType"],
        description=one["description"],
        options=tuple(one.get("options", ())),
        unique=bool(one.get("hasUniqueValue")),
    )
