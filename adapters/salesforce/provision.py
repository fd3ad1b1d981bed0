"""Makes what must exist in the org: fields and permission sets in one metadata deployment, then the API user's permission set.

Station: `hotlead install`. The plan compares the package with describe and the permission tables; the deployment is tried without effect
first (`checkOnly`). Repeating it changes nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.kit.budget import Purpose
from adapters.salesforce.catalog import Catalogue
from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.deploy import Deployer, refused
from adapters.salesforce.org import Org
from adapters.salesforce.package_files import Package, PackageField, PackagePermissionSet, package_zip, read_package
from adapters.salesforce.soql import word, words
from connector.ports.crm import CatalogField, FieldType, InstallStep

PRESENT, MISSING, DIFFERENT = "present", "missing", "different"

_TYPES: Mapping[str, FieldType] = {
    "Number": FieldType.INTEGER,
    "Picklist": FieldType.PICKLIST,
    "Text": FieldType.TEXT,
    "LongTextArea": FieldType.LONG_TEXT,
    "DateTime": FieldType.DATETIME,
}
_IN_WORDS = {
    "Number": "whole number",
    "Picklist": "picklist",
    "Text": "text",
    "LongTextArea": "long text",
    "DateTime": "date and time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the org has of one permission set."""

    id: str
    fields: frozenset[str]
    """Granted in full, as `Lead.Hotlead_Score__c`."""
    assigned: bool


class Provision:
    """Plans and makes the package in one org."""

    def __init__(self, *, client: SalesforceClient, catalogue: Catalogue, org: Org) -> None:
        self._client = client
        self._catalogue = catalogue
        self._org = org
        self._deployer = Deployer(client=client)
        self._package: Package = read_package()

    def plan(self, *, fresh: bool = True) -> tuple[InstallStep, ...]:
        """Every field, permission set and assignment with its state now; `fresh` unless what was described lately will do."""
        if fresh:
            self._catalogue.forget()
        fields = [self._field_step(field) for field in self._package.fields]
        granted = self._granted()
        sets = [self._set_step(wanted, granted.get(wanted.name)) for wanted in self._package.permission_sets]
        return (*fields, *sets, *self._assignment_steps(granted))

    def install(self) -> Iterator[InstallStep]:
        """Makes what is missing and gives each step as it is then. What differs and cannot be changed by us stays, and is given as such."""
        plan = self.plan()
        states = {step.what: step.state for step in plan}
        assignments = {step.what for step in self._assignment_steps({})}
        odd: Mapping[str, str] = {}
        if any(state == MISSING for what, state in states.items() if what not in assignments):
            odd = self._deploy_what_fits(self._wanted(states))
        if any(step.state == MISSING for step in plan):
            self._assign()
        self._catalogue.forget()
        for step in plan:
            if step.what in odd:
                yield replace(step, state=DIFFERENT, detail=odd[step.what])
            else:
                yield replace(step, state=PRESENT, detail="") if step.state == MISSING else step

    def _deploy_what_fits(self, package: Package) -> dict[str, str]:
        """Deploys the package without the fields that a trial refuses (one of that name is there, of another type), and tells those."""
        odd = self._deploy(package, check_only=True)
        left: Mapping[str, str] = odd
        for candidate in self._without(package, odd):
            left = self._deploy(candidate, check_only=True)
            package = candidate
            if not left:
                break
        left = left or self._deploy(package, check_only=False)
        if left:
            raise self._deployer.failure(
                "the deployment was refused, nothing was changed", [f"{name}: {problem}" for name, problem in left.items()]
            )
        return {_field_words(field): odd[_component(field)] for field in self._package.fields if _component(field) in odd}

    def _without(self, package: Package, odd: Mapping[str, str]) -> tuple[Package, ...]:
        """The package without the refused fields, still granting them (one of that name is there); then without granting them."""
        if not odd or not set(odd) <= {_component(field) for field in package.fields}:
            return ()
        fewer = replace(package, fields=tuple(field for field in package.fields if _component(field) not in odd))
        return fewer, replace(fewer, granted=tuple(field for field in package.granted if _component(field) not in odd))

    def _field_step(self, wanted: PackageField) -> InstallStep:
        described = self._catalogue.describe(wanted.seen_on)
        what = _field_words(wanted)
        if described is None:
            return InstallStep(what=what, state=DIFFERENT, detail=f"the API user cannot see the object {wanted.seen_on}")
        return compare(what, wanted, described.fields.get(wanted.name))

    def _wanted(self, states: Mapping[str, str]) -> Package:
        """The package to deploy: fields that are missing, and permissions on those that are there or will be.

        A field that differs stays out: Salesforce would refuse it, and everything else with it.
        """
        seen = [field for field in self._package.fields if self._catalogue.describe(field.seen_on) is not None]
        return replace(
            self._package,
            fields=tuple(field for field in seen if states[_field_words(field)] == MISSING),
            granted=tuple(seen),
        )

    def _set_step(self, wanted: PackagePermissionSet, granted: Granted | None) -> InstallStep:
        what = f"permission set {wanted.name} ({'edit' if wanted.editable else 'read'} hotlead's fields)"
        if granted is None:
            return InstallStep(what=what, state=MISSING)
        lacking = [field.full_name for field in self._package.fields if field.full_name not in granted.fields]
        return InstallStep(
            what=what, state=MISSING if lacking else PRESENT, detail=f"does not grant {', '.join(lacking)}" if lacking else ""
        )

    def _assignment_steps(self, granted: Mapping[str, Granted]) -> list[InstallStep]:
        return [
            InstallStep(
                what=f"permission set {wanted.name} assigned to the API user",
                state=PRESENT if wanted.name in granted and granted[wanted.name].assigned else MISSING,
            )
            for wanted in self._package.permission_sets
            if wanted.assigned
        ]

    def _granted(self) -> dict[str, Granted]:
        names = {wanted.name: wanted for wanted in self._package.permission_sets}
        sets = {row["Id"]: names[row["Name"]] for row in self._rows(f"SELECT Id, Name FROM PermissionSet WHERE Name IN {words(names)}")}
        if not sets:
            return {}
        fields: dict[str, set[str]] = {set_id: set() for set_id in sets}
        ids = words(sets)
        for row in self._rows(f"SELECT ParentId, Field, PermissionsEdit, PermissionsRead FROM FieldPermissions WHERE ParentId IN {ids}"):
            if row["PermissionsEdit"] or (row["PermissionsRead"] and not sets[row["ParentId"]].editable):
                fields[row["ParentId"]].add(row["Field"])
        mine = word(self._org.user_id())
        soql = f"SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = {mine} AND PermissionSetId IN {ids}"
        assigned = {row["PermissionSetId"] for row in self._rows(soql)}
        return {
            wanted.name: Granted(id=set_id, fields=frozenset(fields[set_id]), assigned=set_id in assigned)
            for set_id, wanted in sets.items()
        }

    def _assign(self) -> None:
        granted = self._granted()
        rows = [
            {
                "attributes": {"type": "PermissionSetAssignment"},
                "AssigneeId": self._org.user_id(),
                "PermissionSetId": granted[wanted.name].id,
            }
            for wanted in self._package.permission_sets
            if wanted.assigned and wanted.name in granted and not granted[wanted.name].assigned
        ]
        if not rows:
            return
        body = {"allOrNone": False, "records": rows}
        told = self._client.call("POST", "composite/sobjects", purpose=Purpose.INSTALL, essential=True, body=body).body
        problems = [error for row in told if not row["success"] for error in row["errors"] if error["statusCode"] != "DUPLICATE_VALUE"]
        if problems:
            raise self._deployer.failure("the permission set could not be assigned", [str(problem["message"]) for problem in problems])

    def _deploy(self, package: Package, *, check_only: bool) -> dict[str, str]:
        """What was refused, by component, after one deployment; nothing when it went through."""
        zipped = package_zip(package, api_version=self._client.settings.api_version)
        return refused(self._deployer.deploy(zipped, check_only=check_only))

    def _rows(self, soql: str) -> list[dict[str, Any]]:
        return self._client.rows(soql, purpose=Purpose.INSTALL, essential=True)


def _field_words(wanted: PackageField) -> str:
    return f"field {wanted.full_name} ({_IN_WORDS[wanted.type]})"


def _component(field: PackageField) -> str:
    return f"{field.defined_on}.{field.name}"


def compare(what: str, wanted: PackageField, there: CatalogField | None) -> InstallStep:
    """The state of one field: a type or a shorter length cannot be changed by us, lacking picklist values can."""
    if there is None:
        return InstallStep(what=what, state=MISSING)
    if there.type is not _TYPES[wanted.type]:
        return InstallStep(what=what, state=DIFFERENT, detail=f"it is {there.type.value}; rename or delete the other field")
    if wanted.length and (there.length or 0) < wanted.length:
        return InstallStep(
            what=what, state=DIFFERENT, detail=f"it holds {there.length} characters, {wanted.length} are needed; lengthen it"
        )
    if wanted.unique and not there.unique:
        return InstallStep(what=what, state=DIFFERENT, detail="it is not unique; tick Unique and External ID")
    lacking = [value for value in wanted.values if value not in there.options]
    if lacking:
        return InstallStep(what=what, state=MISSING, detail=f"lacks the values {', '.join(lacking)}")
    return InstallStep(what=what, state=PRESENT)
