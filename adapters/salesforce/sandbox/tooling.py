"""`/tooling/sobjects/CustomField`: one custom field at a time.

Station: Salesforce sandbox views. `tooling/query` stands in `queries.py`.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g

from adapters.salesforce.sandbox.calls import answer, base_path, data_blueprint, json_record
from adapters.salesforce.sandbox.custom_fields import custom_field, drop_custom_field, owner_kinds, save_custom_field
from adapters.salesforce.sandbox.describe import describe_kind, sobject_entry
from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.ids import full_id
from adapters.salesforce.sandbox.org import Org


def tooling_routes(org: Org) -> Blueprint:
    """The Tooling API routes."""
    routes = data_blueprint("tooling", "/tooling")

    @routes.get("/sobjects", strict_slashes=False)
    def sobjects() -> Response:
        base = f"{base_path()}/tooling"
        kinds = org.catalogue.kinds(tooling=True)
        return answer({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [sobject_entry(k, base) for k in kinds]})

    @routes.get("/sobjects/<name>/describe", strict_slashes=False)
    def describe(name: str) -> Response:
        kind = org.kind(name, tooling=True)
        return answer(describe_kind(org.catalogue, kind, g.user_id, f"{base_path()}/tooling"))

    @routes.post("/sobjects/CustomField", strict_slashes=False)
    def create() -> Response:
        org.refuse_customizing()
        owner, name, metadata = _asked(json_record())
        with org.database.writing() as db:
            if owner_kinds(org, owner)[0].has(name):
                raise RowRefusal(
                    "DUPLICATE_DEVELOPER_NAME", f"There is already a field named {name.removesuffix('__c')} on {owner}.",
                    ("FullName",),
                )  # fmt: skip
            record_id = save_custom_field(org, db, owner=owner, field=custom_field(name, metadata), user_id=g.user_id)
        return answer({"id": record_id, "success": True, "errors": [], "warnings": [], "infos": []}, 201)

    @routes.patch("/sobjects/CustomField/<record_id>", strict_slashes=False)
    def update(record_id: str) -> Response:
        org.refuse_customizing()
        body = json_record()
        with org.database.writing() as db:
            found = db.execute('SELECT FullName FROM "CustomField" WHERE Id = ?', (full_id(record_id),)).fetchone()
            if found is None:
                raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")
            owner, name, metadata = _asked({"FullName": found[0], **body})
            save_custom_field(org, db, owner=owner, field=custom_field(name, metadata), user_id=g.user_id)
        return answer(None, 204)

    @routes.delete("/sobjects/CustomField/<record_id>", strict_slashes=False)
    def delete(record_id: str) -> Response:
        org.refuse_customizing()
        with org.database.writing() as db:
            drop_custom_field(org, db, full_id(record_id) or "")
        return answer(None, 204)

    return routes


def _asked(body: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    full_name, metadata = body.get("FullName"), body.get("Metadata")
    if not isinstance(full_name, str) or "." not in full_name:
        raise RowRefusal("FIELD_INTEGRITY_EXCEPTION", "FullName must be Object.Field__c", ("FullName",))
    if not isinstance(metadata, dict):
        raise RowRefusal("REQUIRED_FIELD_MISSING", "Required fields are missing: [Metadata]", ("Metadata",))
    owner, _, name = full_name.partition(".")
    return owner, name, metadata
