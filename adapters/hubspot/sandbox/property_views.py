"""`/crm/v3/properties/{type}`: list, read, create, change and archive properties and their groups.

Station: HubSpot sandbox, views over the catalogue. A name once made is never changed; a name that exists is 409.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.hubspot.sandbox.catalogue import MAX_UNIQUE, Group, Option, Property
from adapters.hubspot.sandbox.errors import fault, invalid_request, not_found
from adapters.hubspot.sandbox.reading import mappings, whole_number
from adapters.hubspot.sandbox.routing import NO_CONTENT, Answer, Api, Call, kind_named
from adapters.hubspot.sandbox.stamps import iso

FIELD_TYPES: dict[str, tuple[str, ...]] = {
    "string": ("text", "textarea", "html", "phonenumber", "file", "calculation_equation"),
    "number": ("number", "calculation_equation"),
    "enumeration": ("select", "radio", "checkbox", "booleancheckbox", "calculation_equation"),
    "datetime": ("date",),
    "date": ("date",),
    "bool": ("booleancheckbox", "calculation_equation"),
}
"""Which field types go with which type. Source: HubSpot properties guide, table of property types."""

_CHANGEABLE = ("label", "description", "groupName", "displayOrder", "hidden", "formField", "options", "type", "fieldType")


def _schema_scope(verb: str) -> Any:
    def needs(given: Mapping[str, str]) -> tuple[str, ...]:
        scope = kind_named(given["kind"]).scope
        reading = (f"crm.objects.{scope}.read",) if verb == "read" else ()
        return (f"crm.schemas.{scope}.{verb}", *reading)

    return needs


class PropertyViews:
    """The views of properties and property groups."""

    def __init__(self, api: Api) -> None:
        self._portal = api.portal
        self._catalogue = api.portal.catalogue
        read, write = _schema_scope("read"), _schema_scope("write")
        api.serve("GET", "properties", "/<kind>", self.browse, needs=read)
        api.serve("POST", "properties", "/<kind>", self.create, needs=write)
        api.serve("POST", "properties", "/<kind>/batch/read", self.read_batch, needs=read)
        api.serve("POST", "properties", "/<kind>/batch/create", self.create_batch, needs=write)
        api.serve("POST", "properties", "/<kind>/batch/archive", self.archive_batch, needs=write)
        api.serve("GET", "properties", "/<kind>/groups", self.groups, needs=read)
        api.serve("POST", "properties", "/<kind>/groups", self.create_group, needs=write)
        api.serve("GET", "properties", "/<kind>/groups/<name>", self.group, needs=read)
        api.serve("PATCH", "properties", "/<kind>/groups/<name>", self.change_group, needs=write)
        api.serve("DELETE", "properties", "/<kind>/groups/<name>", self.archive_group, needs=write)
        api.serve("GET", "properties", "/<kind>/<name>", self.read, needs=read)
        api.serve("PATCH", "properties", "/<kind>/<name>", self.change, needs=write)
        api.serve("DELETE", "properties", "/<kind>/<name>", self.archive, needs=write)

    def browse(self, call: Call, kind: str) -> Answer:
        """Every property of an object type, without paging."""
        found = self._catalogue.listed(kind_named(kind).name, archived=call.is_on("archived"))
        return Answer(body={"results": [one.body() for one in found]})

    def read(self, call: Call, kind: str, name: str) -> Answer:
        """One property."""
        found = self._catalogue.any(kind_named(kind).name, name)
        if found is None or bool(found.archived_ms) != call.is_on("archived"):
            raise _unknown(kind, name)
        return Answer(body=found.body())

    def read_batch(self, call: Call, kind: str) -> Answer:
        """Several properties by name; unknown ones make it a 207."""
        given = call.object_body()
        names = [str(one.get("name", "")) for one in mappings(given.get("inputs"), "inputs")]
        found = {name: self._catalogue.get(kind_named(kind).name, name) for name in names}
        missing = [name for name, one in found.items() if one is None]
        body: dict[str, Any] = {"status": "COMPLETE", "results": [one.body() for one in found.values() if one]}
        if missing:
            message = f"Could not find some properties of {kind_named(kind).type_id}."
            error = {"status": "error", "category": "OBJECT_NOT_FOUND", "message": message, "context": {"name": missing}}
            body |= {"numErrors": 1, "errors": [error]}
        return Answer(body=self._dated(body), status=207 if missing else 200)

    def create(self, call: Call, kind: str) -> Answer:
        """The new property, 201; 409 when the name is taken."""
        return Answer(body=self._make(kind_named(kind).name, call.object_body()).body(), status=201)

    def create_batch(self, call: Call, kind: str) -> Answer:
        """Several new properties, 201; one that is refused fails them all."""
        inputs = mappings(call.object_body().get("inputs"), "inputs", most=100)
        made = [self._make(kind_named(kind).name, given) for given in inputs]
        return Answer(body=self._dated({"status": "COMPLETE", "results": [one.body() for one in made]}), status=201)

    def change(self, call: Call, kind: str, name: str) -> Answer:
        """The changed property; its name and HubSpot's own definitions stay as they are."""
        kind_name = kind_named(kind).name
        found = self._catalogue.get(kind_name, name)
        if found is None:
            raise _unknown(kind, name)
        given = {key: value for key, value in call.object_body().items() if key in _CHANGEABLE}
        if found.ours and set(given) - {"options"}:
            raise fault(400, f"{name} is a HubSpot defined property; its definition cannot be changed.", "VALIDATION_ERROR")
        changed = replace(
            found,
            label=str(given.get("label", found.label)),
            description=str(given.get("description", found.description)),
            group=self._known_group(kind_name, str(given.get("groupName", found.group))),
            display_order=whole_number(given.get("displayOrder", found.display_order), "displayOrder"),
            hidden=bool(given.get("hidden", found.hidden)),
            form_field=bool(given.get("formField", found.form_field)),
            type=str(given.get("type", found.type)),
            field_type=str(given.get("fieldType", found.field_type)),
            options=_options(given["options"]) if "options" in given else found.options,
            updated_ms=self._portal.now_ms(),
        )
        _check_types(changed)
        self._catalogue.put(kind_name, changed)
        return Answer(body=changed.body())

    def archive(self, _call: Call, kind: str, name: str) -> Answer:
        """204; HubSpot's own properties stay."""
        self._archive(kind, name)
        return NO_CONTENT

    def archive_batch(self, call: Call, kind: str) -> Answer:
        """204."""
        for one in mappings(call.object_body().get("inputs"), "inputs"):
            self._archive(kind, str(one.get("name", "")))
        return NO_CONTENT

    def groups(self, _call: Call, kind: str) -> Answer:
        """Every group of an object type."""
        return Answer(body={"results": [one.body() for one in self._catalogue.groups(kind_named(kind).name)]})

    def group(self, _call: Call, kind: str, name: str) -> Answer:
        """One group."""
        return Answer(body=self._group(kind, name).body())

    def create_group(self, call: Call, kind: str) -> Answer:
        """The new group, 201; 409 when the name is taken."""
        kind_name, given = kind_named(kind).name, call.object_body()
        name = str(given.get("name") or "")
        if not name or not given.get("label"):
            raise invalid_request("Invalid input JSON: a group needs name and label")
        if self._catalogue.group(kind_name, name):
            raise fault(409, f"A property group named '{name}' already exists.", "OBJECT_ALREADY_EXISTS")
        made = Group(name=name, label=str(given["label"]), display_order=whole_number(given.get("displayOrder", -1), "displayOrder"))
        self._catalogue.put_group(kind_name, made)
        return Answer(body=made.body(), status=201)

    def change_group(self, call: Call, kind: str, name: str) -> Answer:
        """The changed group."""
        found, given = self._group(kind, name), call.object_body()
        changed = replace(
            found,
            label=str(given.get("label", found.label)),
            display_order=whole_number(given.get("displayOrder", found.display_order), "displayOrder"),
        )
        self._catalogue.put_group(kind_named(kind).name, changed)
        return Answer(body=changed.body())

    def archive_group(self, _call: Call, kind: str, name: str) -> Answer:
        """204; a group that still holds properties is refused."""
        self._group(kind, name)
        kind_name = kind_named(kind).name
        if any(one.group == name for one in self._catalogue.listed(kind_name)):
            raise invalid_request(f"The property group {name} still holds properties.")
        self._catalogue.drop_group(kind_name, name)
        return NO_CONTENT

    def _make(self, kind_name: str, given: Mapping[str, Any]) -> Property:
        missing = [key for key in ("groupName", "name", "label", "type", "fieldType") if not given.get(key)]
        if missing:
            raise invalid_request(f"Invalid input JSON: some required fields were not set: [{', '.join(missing)}]")
        name = str(given["name"])
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", name):
            message = f"Invalid property name {name}: lower-case letters, digits and underscores, beginning with a letter."
            raise invalid_request(message)
        if self._catalogue.any(kind_name, name):
            raise fault(
                409,
                f"A property named '{name}' already exists.",
                "OBJECT_ALREADY_EXISTS",
                subCategory="Properties.PROPERTY_EXISTS",
                context={"name": [name]},
            )
        now = self._portal.now_ms()
        made = Property(
            name=name,
            label=str(given["label"]),
            type=str(given["type"]),
            field_type=str(given["fieldType"]),
            group=self._known_group(kind_name, str(given["groupName"])),
            description=str(given.get("description") or ""),
            options=_options(given.get("options")),
            unique=bool(given.get("hasUniqueValue")),
            external=bool(given.get("externalOptions")),
            hidden=bool(given.get("hidden")),
            form_field=bool(given.get("formField")),
            display_order=whole_number(given.get("displayOrder", -1), "displayOrder"),
            ours=False,
            created_ms=now,
            updated_ms=now,
        )
        _check_types(made)
        self._check_unique(kind_name, made)
        self._catalogue.put(kind_name, made)
        return made

    def _check_unique(self, kind_name: str, made: Property) -> None:
        if not made.unique:
            return
        if made.type not in ("string", "number"):
            raise invalid_request(f"{made.name}: only text and number properties can require unique values.")
        own = [one for one in self._catalogue.listed(kind_name) if one.unique and not one.ours]
        if len(own) >= MAX_UNIQUE:
            raise invalid_request(f"{kind_name} already has {MAX_UNIQUE} properties with unique values, the most allowed.")

    def _archive(self, kind: str, name: str) -> None:
        kind_name = kind_named(kind).name
        found = self._catalogue.get(kind_name, name)
        if found is None:
            raise _unknown(kind, name)
        if found.ours:
            raise invalid_request(f"{name} is a HubSpot defined property and cannot be archived.")
        self._catalogue.archive(kind_name, name, self._portal.now_ms())

    def _known_group(self, kind_name: str, name: str) -> str:
        if self._catalogue.group(kind_name, name) is None:
            raise invalid_request(f"The property group {name} does not exist on {kind_name}.")
        return name

    def _group(self, kind: str, name: str) -> Group:
        found = self._catalogue.group(kind_named(kind).name, name)
        if found is None:
            raise not_found(f"The property group {name} does not exist.")
        return found

    def _dated(self, body: dict[str, Any]) -> dict[str, Any]:
        stamp = iso(self._portal.now_ms())
        return body | {"startedAt": stamp, "completedAt": stamp}


def _unknown(kind: str, name: str) -> Exception:
    return not_found(f'Property "{name}" does not exist on object type {kind_named(kind).type_id}.')


def _options(given: Any) -> tuple[Option, ...]:
    listed = mappings(given, "options")
    if not all(one.get("value") for one in listed):
        raise invalid_request("Invalid input JSON: every option needs a label and a value")
    made = tuple(
        Option(
            value=str(one["value"]),
            label=str(one.get("label") or one["value"]),
            order=whole_number(one.get("displayOrder", place), "displayOrder"),
            hidden=bool(one.get("hidden")),
            description=str(one.get("description") or ""),
        )
        for place, one in enumerate(listed)
    )
    for values in ([one.value for one in made], [one.label for one in made]):
        if len(set(values)) < len(values):
            raise invalid_request("Property option values and labels must be unique.")
    return made


def _check_types(made: Property) -> None:
    allowed = FIELD_TYPES.get(made.type)
    if allowed is None:
        raise invalid_request(f"Invalid property type {made.type}; it is one of {', '.join(FIELD_TYPES)}.")
    if made.field_type not in allowed:
        raise invalid_request(f"Field type {made.field_type} does not go with type {made.type}: {', '.join(allowed)}.")
    if made.type == "enumeration" and not made.options and not made.external:
        raise invalid_request(f"{made.name}: an enumeration property needs options.")
    if made.type == "bool" and {one.value for one in made.options} != {"true", "false"}:
        raise invalid_request(f"{made.name}: a bool property needs exactly the options true and false.")
