"""`/metadata/deployRequest`: a package is applied whole or not at all, and its fields and permissions are real.

Station: Salesforce sandbox views.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, g, request

from adapters.salesforce.sandbox.automations import AutomationsInForce
from adapters.salesforce.sandbox.calls import answer, base_path, data_blueprint
from adapters.salesforce.sandbox.custom_fields import custom_field, drop_custom_field, owner_kinds, save_custom_field
from adapters.salesforce.sandbox.deploy_answers import Deployment, component, deploy_result
from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.ids import full_id, make_id
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.package_zip import Package, PackageError, Part, listed, read_package

_ORDER = {"WorkflowOutboundMessage": 1, "WorkflowRule": 2, "Flow": 2, "PermissionSet": 3}
"""What comes after fields (0): a component is deployed after those it names."""
_KNOWN = frozenset(
    {"CustomField", "PermissionSet", "LightningComponentBundle", "ListView", "CompactLayout", "CustomObject", "Workflow", "WorkflowRule"}
    | {"WorkflowOutboundMessage", "Flow"}
)
_OWNED = frozenset({"CustomObject", "Workflow"})
"""Types whose members are objects: a file of theirs is one of the object's components."""


def deploy_routes(org: Org, automations: AutomationsInForce) -> Blueprint:
    """The deploy routes."""
    routes = data_blueprint("deploys", "/metadata/deployRequest")
    deployments: dict[str, Deployment] = {}

    @routes.post("", strict_slashes=False)
    def start() -> Response:
        org.refuse_customizing()
        options, raw = _asked()
        deployment = Deployment(
            deploy_id=make_id("0Af", len(deployments) + 1),
            options=options,
            started=org.records.stamp_now(),
            user_id=g.user_id,
            automations=automations.present,
        )
        _run(org, deployment, raw)
        if deployment.succeeded and not deployment.check_only:
            automations.put(deployment.automations)
        deployments[deployment.deploy_id] = deployment
        return answer(
            {
                "id": deployment.deploy_id,
                "validatedDeployRequestId": None,
                "deployOptions": options,
                "deployResult": deploy_result(deployment, status="Pending", details=False),
            },
            201,
            {"Location": f"{base_path()}/metadata/deployRequest/{deployment.deploy_id}"},
        )

    @routes.get("/<deploy_id>", strict_slashes=False)
    def status(deploy_id: str) -> Response:
        deployment = deployments.get(full_id(deploy_id) or "")
        if deployment is None:
            raise ApiRefusal(404, "NOT_FOUND", "The requested resource does not exist")
        deployment.asked += 1
        # Real deploys take their time; a client that does not wait for `done` would otherwise go unnoticed.
        ended = "Succeeded" if deployment.succeeded else "Failed"
        now = "InProgress" if deployment.asked == 1 else ended
        details = request.args.get("includeDetails", "").lower() == "true"
        return answer(
            {
                "id": deployment.deploy_id,
                "validatedDeployRequestId": None,
                "deployOptions": deployment.options,
                "deployResult": deploy_result(deployment, status=now, details=details),
            }
        )

    return routes


def _asked() -> tuple[dict[str, Any], bytes]:
    written = request.form.get("json") or request.form.get("entity_content")
    upload = request.files.get("json")
    if written is None and upload is not None:
        written = upload.read().decode()
    zipped = request.files.get("file")
    if written is None or zipped is None:
        raise ApiRefusal(400, "INVALID_MULTIPART_REQUEST", "The request must have the parts 'json' and 'file'")
    try:
        body = json.loads(written)
    except ValueError as err:
        raise ApiRefusal(400, "JSON_PARSER_ERROR", f"Unexpected character in JSON: {err}") from err
    options = body.get("deployOptions") if isinstance(body, dict) else None
    if not isinstance(options, dict):
        raise ApiRefusal(400, "JSON_PARSER_ERROR", "deployOptions must be given")
    return {"rollbackOnError": True, "singlePackage": False, "checkOnly": False, **options}, zipped.read()


def _run(org: Org, deployment: Deployment, raw: bytes) -> None:
    try:
        package = read_package(raw)
    except PackageError as err:
        deployment.error = str(err)
        deployment.failures.append(component("", "package.xml", "package.xml", problem=str(err)))
        return
    with org.database.writing() as db:
        db.execute("SAVEPOINT deploy")
        _name_strays(package, deployment)
        for part in sorted(package.parts, key=lambda part: _ORDER.get(part.kind, 0)):
            _try_part(org, db, deployment, part)
        # What names a message goes before the message.
        for kind, name in sorted(package.removed, key=lambda one: -_ORDER.get(one[0], 0)):
            _try_removal(org, db, deployment, kind, name)
        if deployment.check_only or not deployment.succeeded:
            db.execute("ROLLBACK TO deploy")
        db.execute("RELEASE deploy")
    org.catalogue.reload_custom()


def _name_strays(package: Package, deployment: Deployment) -> None:
    """Reports what package.xml names without a file, and types that this sandbox cannot deploy."""
    present = {(part.kind, part.full_name) for part in package.parts}
    owners = {part.full_name.partition(".")[0] for part in package.parts if "." in part.full_name}
    for kind, members in package.named.items():
        if kind not in _KNOWN:
            problem = f"Unknown type name '{kind}' specified in package.xml"
            deployment.failures.append(component(kind, "", "package.xml", problem=problem))
            continue
        for name in sorted(members - {"*"}):
            if (kind, name) not in present and not (kind in _OWNED and name in owners):
                problem = f"An object '{name}' of type {kind} was named in package.xml, but was not found in zipped directory"
                deployment.failures.append(component(kind, name, "package.xml", problem=problem))


def _try_part(org: Org, db: sqlite3.Connection, deployment: Deployment, part: Part) -> None:
    try:
        if part.kind == "CustomField":
            done = _deploy_field(org, db, part, deployment.user_id)
        elif part.kind == "PermissionSet":
            done = _deploy_permission_set(org, db, part, deployment.user_id)
        elif part.kind in _ORDER:
            before = deployment.automations
            deployment.automations = before.with_part(org, part)
            is_new = not before.has(part.kind, part.full_name)
            is_changed = is_new or deployment.automations != before
            done = component(part.kind, part.full_name, part.file_name, created=is_new, changed=is_changed)
        else:
            done = component(part.kind, part.full_name, part.file_name)
        deployment.successes.append(done)
    except RowRefusal as refusal:
        problem = refusal.message
        deployment.failures.append(component(part.kind, part.full_name, part.file_name, problem=problem))


def _deploy_field(org: Org, db: sqlite3.Connection, part: Part, user_id: str) -> dict[str, Any]:
    owner, _, name = part.full_name.partition(".")
    existed = owner_kinds(org, owner)[0].has(name)
    field = custom_field(name, part.metadata)
    record_id = save_custom_field(org, db, owner=owner, field=field, user_id=user_id)
    return component(part.kind, part.full_name, part.file_name, record_id=record_id, created=not existed)


def _deploy_permission_set(org: Org, db: sqlite3.Connection, part: Part, user_id: str) -> dict[str, Any]:
    grants = [_grant(org, one) for one in listed(part.metadata.get("fieldPermissions"))]
    stamp = org.records.stamp_now()
    found = db.execute('SELECT Id FROM "PermissionSet" WHERE Name = ?', (part.full_name,)).fetchone()
    label = str(part.metadata.get("label") or part.full_name)[:80]
    description = str(part.metadata.get("description") or "")[:255] or None
    if found:
        record_id = str(found[0])
        db.execute(
            'UPDATE "PermissionSet" SET Label = ?, Description = ?, LastModifiedDate = ?, LastModifiedById = ?, '
            "SystemModstamp = ? WHERE Id = ?",
            (label, description, stamp, user_id, stamp, record_id),
        )
    else:
        record_id = make_id("0PS", _next_row(db, "PermissionSet"))
        db.execute(
            'INSERT INTO "PermissionSet" (Id, Name, Label, Description, IsCustom, CreatedDate, CreatedById, '
            "LastModifiedDate, LastModifiedById, SystemModstamp) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?)",
            (record_id, part.full_name, label, description, stamp, user_id, stamp, user_id, stamp),
        )
    # A deployed permission set replaces what it granted before.
    db.execute('DELETE FROM "FieldPermissions" WHERE ParentId = ?', (record_id,))
    for path, reads, edits in grants:
        db.execute(
            'INSERT INTO "FieldPermissions" (Id, ParentId, SobjectType, Field, PermissionsRead, PermissionsEdit, '
            "SystemModstamp) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                make_id("01k", _next_row(db, "FieldPermissions")),
                record_id,
                path.partition(".")[0],
                path,
                int(reads),
                int(edits),
                stamp,
            ),
        )
    return component(part.kind, part.full_name, part.file_name, record_id=record_id, created=found is None)


def _grant(org: Org, one: Mapping[str, Any]) -> tuple[str, bool, bool]:
    path = str(one.get("field", ""))
    owner, _, name = path.partition(".")
    kind = org.catalogue.kind(owner)
    field = kind.field(name) if kind is not None else None
    if kind is None or field is None:
        raise RowRefusal("INVALID_FIELD", f"In field: field - no CustomField named {path} found")
    if field.custom and not field.hidden_until_granted:
        raise RowRefusal("INVALID_FIELD", f"You cannot deploy to a required field: {path}")
    reads, edits = str(one.get("readable")).lower() == "true", str(one.get("editable")).lower() == "true"
    if edits and not reads:
        raise RowRefusal("INVALID_FIELD", f"Permission Edit {path} depends on permission(s): Read {path}")
    return f"{kind.name}.{field.name}", reads, edits


def _try_removal(org: Org, db: sqlite3.Connection, deployment: Deployment, kind: str, name: str) -> None:
    file_name = "destructiveChanges.xml"
    if kind == "CustomField":
        owner, _, field = name.partition(".")
        found = db.execute(
            'SELECT Id FROM "CustomField" WHERE TableEnumOrId = ? AND DeveloperName = ?',
            (owner, field.removesuffix("__c")),
        ).fetchone()
        if found:
            drop_custom_field(org, db, found[0])
    elif kind == "PermissionSet":
        found = db.execute('SELECT Id FROM "PermissionSet" WHERE Name = ?', (name,)).fetchone()
        if found:
            for table, column in (("PermissionSetAssignment", "PermissionSetId"), ("FieldPermissions", "ParentId")):
                db.execute(f'DELETE FROM "{table}" WHERE "{column}" = ?', (found[0],))
            db.execute('DELETE FROM "PermissionSet" WHERE Id = ?', (found[0],))
    elif kind in _ORDER:
        found = ("",) if deployment.automations.has(kind, name) else None
        try:
            deployment.automations = deployment.automations.without(kind, name)
        except RowRefusal as refusal:
            deployment.failures.append(component(kind, name, file_name, problem=refusal.message))
            return
    else:
        found = ("",)
    if found:
        deployment.successes.append(component(kind, name, file_name, deleted=True))
        return
    warning = component(kind, name, file_name, problem=f"No {kind} named: {name} found")
    deployment.successes.append({**warning, "success": True, "problemType": "Warning", "warning": True})


def _next_row(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f'SELECT IFNULL(MAX(rowid), 0) + 1 FROM "{table}"').fetchone()[0])
