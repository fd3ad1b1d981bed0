"""What describe says about an object, as one user sees it.

Station: Salesforce sandbox.
"""

from __future__ import annotations

from typing import Any

from adapters.salesforce.sandbox.catalogue import Catalogue, Kind


def sobject_entry(kind: Kind, base: str) -> dict[str, Any]:
    """The object's line in the list of objects, and the head of its describe."""
    sobject = kind.sobject
    prefix = f"{base}/sobjects/{kind.name}"
    return {
        "activateable": False,
        "createable": sobject.createable,
        "custom": False,
        "customSetting": False,
        "deletable": sobject.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": sobject.prefix,
        "label": sobject.label,
        "labelPlural": sobject.plural,
        "layoutable": sobject.custom_fields_on is not None,
        "mergeable": kind.has("MasterRecordId"),
        "mruEnabled": True,
        "name": kind.name,
        "queryable": True,
        "replicateable": sobject.replicateable,
        "retrieveable": True,
        "searchable": sobject.custom_fields_on is not None,
        "triggerable": sobject.custom_fields_on is not None,
        "undeletable": sobject.undeletable and kind.has("IsDeleted"),
        "updateable": sobject.updateable,
        "urls": {"sobject": prefix, "describe": f"{prefix}/describe", "rowTemplate": f"{prefix}/{{ID}}"},
    }


def describe_kind(catalogue: Catalogue, kind: Kind, user_id: str, base: str) -> dict[str, Any]:
    """The whole describe: fields without a permission for this user are not in it."""
    fields = [field.describe(editable=catalogue.edits(user_id, kind, field)) for field in catalogue.visible(user_id, kind)]
    children = [
        {
            "cascadeDelete": child.cascade,
            "childSObject": child.child,
            "deprecatedAndHidden": False,
            "field": child.field,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": child.relationship,
            "restrictedDelete": False,
        }
        for child in kind.sobject.children
    ]
    return {
        **sobject_entry(kind, base),
        "actionOverrides": [],
        "childRelationships": children,
        "compactLayoutable": True,
        "fields": fields,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": [],
        "searchLayoutable": True,
        "supportedScopes": [{"label": f"All {kind.sobject.plural}", "name": "everything"}],
    }
