"""What a field is: its type, limits and permissions, and how describe tells them.

Station: Salesforce sandbox, values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TEXT_TYPES = frozenset({"id", "reference", "string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox"})
NUMBER_TYPES = frozenset({"int", "double", "currency", "percent"})

_SOAP_TYPES = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PickValue:
    """One picklist value. `label` is what a person sees."""

    value: str
    label: str
    default: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field of an object, standard or custom."""

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    filterable: bool = True
    sortable: bool = True
    groupable: bool = True
    aggregatable: bool = True
    picks: tuple[PickValue, ...] = ()
    restricted: bool = False
    references: tuple[str, ...] = ()
    relationship: str | None = None
    unique: bool = False
    external_id: bool = False
    case_sensitive: bool = False
    id_lookup: bool = False
    custom: bool = False
    name_field: bool = False
    default: Any = None
    """Value a new record gets when none is sent; not None makes the field optional on create."""
    expression: str = ""
    """SQL over the row (table alias `{t}`) for a field that is worked out, not kept; empty for a kept one."""
    help: str = ""
    hidden_until_granted: bool = False
    """True for custom fields that are not required: no permission, no field."""

    @property
    def soap_type(self) -> str:
        """The SOAP type that describe names."""
        return _SOAP_TYPES.get(self.type, "xsd:string")

    @property
    def is_text(self) -> bool:
        """True when values are text to SOQL."""
        return self.type in TEXT_TYPES

    @property
    def is_number(self) -> bool:
        """True when values are numbers to SOQL."""
        return self.type in NUMBER_TYPES

    def describe(self, *, editable: bool) -> dict[str, Any]:
        """This field in a describe answer; `editable` is False when the user may only read it."""
        writes = self.createable or self.updateable
        return {
            "aggregatable": self.aggregatable,
            "aiPredictionField": False,
            "autoNumber": False,
            "byteLength": self.length * 3 if self.is_text else 0,
            "calculated": bool(self.expression) and self.type != "id",
            "calculatedFormula": None,
            "cascadeDelete": False,
            "caseSensitive": self.case_sensitive,
            "compoundFieldName": None,
            "controllerName": None,
            "createable": self.createable and editable,
            "custom": self.custom,
            "defaultValue": self.default,
            "defaultValueFormula": None,
            "defaultedOnCreate": self.default is not None or (not self.nillable and not writes),
            "dependentPicklist": False,
            "deprecatedAndHidden": False,
            "digits": self.precision if self.type == "int" else 0,
            "displayLocationInDecimal": False,
            "encrypted": False,
            "externalId": self.external_id,
            "extraTypeInfo": "plaintextarea" if self.type == "textarea" else None,
            "filterable": self.filterable,
            "filteredLookupInfo": None,
            "formulaTreatNullNumberAsZero": False,
            "groupable": self.groupable,
            "highScaleNumber": False,
            "htmlFormatted": False,
            "idLookup": self.id_lookup or self.external_id,
            "inlineHelpText": self.help or None,
            "label": self.label,
            "length": self.length,
            "mask": None,
            "maskType": None,
            "name": self.name,
            "nameField": self.name_field,
            "namePointing": len(self.references) > 1,
            "nillable": self.nillable,
            "permissionable": self.custom and self.hidden_until_granted,
            "picklistValues": [
                {"active": v.active, "defaultValue": v.default, "label": v.label, "validFor": None, "value": v.value} for v in self.picks
            ],
            "polymorphicForeignKey": len(self.references) > 1,
            "precision": 0 if self.type == "int" else self.precision,
            "queryByDistance": False,
            "referenceTargetField": None,
            "referenceTo": list(self.references),
            "relationshipName": self.relationship,
            "relationshipOrder": None,
            "restrictedDelete": False,
            "restrictedPicklist": self.restricted,
            "scale": self.scale,
            "searchPrefilterable": False,
            "soapType": self.soap_type,
            "sortable": self.sortable,
            "type": self.type,
            "unique": self.unique,
            "updateable": self.updateable and editable,
            "writeRequiresMasterRead": False,
        }
