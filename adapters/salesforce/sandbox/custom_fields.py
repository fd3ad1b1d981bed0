"""Custom fields as the Tooling and Metadata APIs describe them, made into fields of the org.

Station: Salesforce sandbox. Both APIs speak of the same CustomField; one in JSON, one in XML.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from adapters.salesforce.sandbox.catalogue import Kind
from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.fields import Field, PickValue
from adapters.salesforce.sandbox.ids import make_id
from adapters.salesforce.sandbox.org import API_USER_ID, Org

_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9]|_(?!_))*__c")
_TYPES = {
    "Text": "string", "TextArea": "textarea", "LongTextArea": "textarea", "Number": "double", "Currency": "currency",
    "Percent": "percent", "Checkbox": "boolean", "Date": "date", "DateTime": "datetime", "Picklist": "picklist",
    "MultiselectPicklist": "multipicklist", "Email": "email", "Phone": "phone", "Url": "url",
}  # fmt: skip
_LENGTHS = {"TextArea": 255, "Email": 80, "Phone": 40, "Url": 255, "Picklist": 255, "MultiselectPicklist": 4099}
MAX_CUSTOM_FIELDS = 500
"""Custom fields an object may have (Enterprise Edition). Source: Salesforce Features and Edition Limits."""


def custom_field(name: str, metadata: Mapping[str, Any]) -> Field:
    """The field that CustomField metadata describes. Raises RowRefusal for what the platform would not take."""
    if not _NAME.fullmatch(name) or len(name) > 43:
        raise RowRefusal(
            "FIELD_INTEGRITY_EXCEPTION",
            f"Custom field API names hold letters, digits and single underscores, and end with __c: {name}",
        )
    api_type = str(metadata.get("type", ""))
    if api_type not in _TYPES:
        raise RowRefusal("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", f"bad value for restricted picklist field: {api_type}")
    label = str(metadata.get("label") or "")
    if not label:
        raise RowRefusal("REQUIRED_FIELD_MISSING", "Required fields are missing: [MasterLabel]", ("MasterLabel",))
    required, is_long = _is_true(metadata.get("required")), api_type == "LongTextArea"
    precision, scale = _numbers(api_type, metadata)
    picks, restricted = _picks(api_type, metadata)
    external = _is_true(metadata.get("externalId"))
    if external and api_type not in ("Text", "Number", "Email"):
        raise RowRefusal("INVALID_FIELD", f"Can not specify 'externalId' for a CustomField of type {api_type}")
    default = next((pick.value for pick in picks if pick.default), None)
    return Field(
        name=name,
        label=label,
        type=_TYPES[api_type],
        length=_length(api_type, metadata),
        precision=precision,
        scale=scale,
        nillable=api_type != "Checkbox" and not required,
        filterable=not is_long,
        sortable=not is_long and api_type != "MultiselectPicklist",
        groupable=api_type not in ("LongTextArea", "Number", "Currency", "Percent", "DateTime"),
        picks=picks,
        restricted=restricted,
        unique=_is_true(metadata.get("unique")),
        external_id=external,
        case_sensitive=_is_true(metadata.get("caseSensitive")),
        custom=True,
        help=str(metadata.get("inlineHelpText") or "")[:510],
        default=_is_true(metadata.get("defaultValue")) if api_type == "Checkbox" else default,
        # A required field is given to everybody; so it must not be named in a permission set.
        hidden_until_granted=not required,
    )


def owner_kinds(org: Org, owner: str) -> tuple[Kind, ...]:
    """The objects a custom field of `owner` appears on. Raises RowRefusal when `owner` can have none.

    Fields of Task and Event are made on Activity and appear on both.
    """
    kinds = org.catalogue.kinds_of_custom(owner)
    if not kinds:
        raise RowRefusal(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"Entity Enumeration Or ID: bad value for restricted picklist field: {owner}",
            ("TableEnumOrId",),
        )
    return kinds


def save_custom_field(org: Org, db: sqlite3.Connection, *, owner: str, field: Field, user_id: str = API_USER_ID) -> str:
    """Adds the field, or changes it where that is allowed, and gives the CustomField's id.

    Raises RowRefusal when the type of an existing field would change.
    """
    kinds = owner_kinds(org, owner)
    old = kinds[0].field(field.name)
    if old is not None and old.type != field.type:
        raise RowRefusal("FIELD_INTEGRITY_EXCEPTION", f"Cannot change the type of {field.name} from {old.type} to {field.type}")
    if old is None and sum(one.custom for one in kinds[0].fields()) >= MAX_CUSTOM_FIELDS:
        raise RowRefusal("LIMIT_EXCEEDED", f"reached maximum number of {MAX_CUSTOM_FIELDS} custom fields on {owner}")
    for kind in kinds:
        org.catalogue.add_custom(db, kind, field)
    table, stamp = kinds[0].sobject.custom_fields_on or owner, org.records.stamp_now()
    name = field.name.removesuffix("__c")
    found = db.execute('SELECT Id FROM "CustomField" WHERE TableEnumOrId = ? AND DeveloperName = ?', (table, name)).fetchone()
    if found:
        db.execute(
            'UPDATE "CustomField" SET LastModifiedDate = ?, LastModifiedById = ?, SystemModstamp = ?, InlineHelpText = ? WHERE Id = ?',
            (stamp, user_id, stamp, field.help or None, found[0]),
        )
        return str(found[0])
    number = int(db.execute('SELECT IFNULL(MAX(rowid), 0) + 1 FROM "CustomField"').fetchone()[0])
    record_id = make_id("00N", number)
    db.execute(
        'INSERT INTO "CustomField" (Id, CreatedDate, CreatedById, LastModifiedDate, LastModifiedById, SystemModstamp, '
        "DeveloperName, TableEnumOrId, FullName, InlineHelpText) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (record_id, stamp, user_id, stamp, user_id, stamp, name, table, f"{table}.{field.name}", field.help or None),
    )
    return record_id


def drop_custom_field(org: Org, db: sqlite3.Connection, record_id: str) -> None:
    """Removes the custom field with that CustomField id. Raises 404 NOT_FOUND when there is none."""
    found = db.execute('SELECT TableEnumOrId, DeveloperName FROM "CustomField" WHERE Id = ?', (record_id,)).fetchone()
    if found is None:
        raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")
    for kind in owner_kinds(org, found[0]):
        org.catalogue.drop_custom(db, kind, f"{found[1]}__c")
    db.execute('DELETE FROM "CustomField" WHERE Id = ?', (record_id,))


def _is_true(raw: Any) -> bool:
    return raw is True or (isinstance(raw, str) and raw.strip().lower() == "true")


def _whole(metadata: Mapping[str, Any], name: str, lowest: int, highest: int) -> int:
    try:
        value = int(metadata[name])
    except (KeyError, TypeError, ValueError) as err:
        raise RowRefusal("REQUIRED_FIELD_MISSING", f"Must specify '{name}' for a CustomField of type {metadata.get('type')}") from err
    if not lowest <= value <= highest:
        raise RowRefusal("NUMBER_OUTSIDE_VALID_RANGE", f"{name} must be between {lowest} and {highest}: {value}")
    return value


def _length(api_type: str, metadata: Mapping[str, Any]) -> int:
    if api_type == "Text":
        return _whole(metadata, "length", 1, 255)
    if api_type == "LongTextArea":
        _whole(metadata, "visibleLines", 1, 100)
        return _whole(metadata, "length", 256, 131_072)
    return _LENGTHS.get(api_type, 0)


def _numbers(api_type: str, metadata: Mapping[str, Any]) -> tuple[int, int]:
    if api_type not in ("Number", "Currency", "Percent"):
        return 0, 0
    precision, scale = _whole(metadata, "precision", 1, 18), _whole(metadata, "scale", 0, 18)
    if scale > precision:
        raise RowRefusal("FIELD_INTEGRITY_EXCEPTION", "scale cannot be greater than precision")
    return precision, scale


def _picks(api_type: str, metadata: Mapping[str, Any]) -> tuple[tuple[PickValue, ...], bool]:
    if api_type not in ("Picklist", "MultiselectPicklist"):
        return (), False
    value_set = metadata.get("valueSet")
    definition = value_set.get("valueSetDefinition") if isinstance(value_set, Mapping) else None
    if not isinstance(value_set, Mapping) or not isinstance(definition, Mapping):
        raise RowRefusal("FIELD_INTEGRITY_EXCEPTION", "You must specify either picklist, globalPicklist, or valueSet")
    values = definition.get("value") or []
    listed = [values] if isinstance(values, Mapping) else list(values)
    picks = tuple(
        PickValue(
            value=str(one.get("fullName") or one.get("valueName") or ""),
            label=str(one.get("label") or one.get("fullName") or one.get("valueName") or ""),
            default=_is_true(one.get("default")),
        )
        for one in listed
    )
    return picks, _is_true(value_set.get("restricted"))
