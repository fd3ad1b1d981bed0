"""Looks whether the connection can do what is asked of it, and says who can mend what it cannot.

Station: `hotlead check`.
"""

from collections.abc import Iterator, Mapping, Sequence

from adapters.salesforce.catalog import Catalogue
from adapters.salesforce.change_feed import missing_extra
from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.errors import CRM_ADMIN, MAPPING_ADMIN, NOBODY, PERMISSION_SET
from adapters.salesforce.org import Org
from adapters.salesforce.provision import MISSING, Provision
from adapters.salesforce.soql import is_name
from adapters.salesforce.tasks import KEY_FIELD
from connector.ports.crm import Finding, Severity
from connector.ports.errors import Action, CrmError

MACHINE_ADMIN = "admin of this machine"
SKEW_AT_MOST_S = 60.0
QUOTA_WARNING_SHARE = 0.7
QUOTA_ERROR_SHARE = 0.9


class Check:
    """Checks of one connection."""

    def __init__(self, *, client: SalesforceClient, catalogue: Catalogue, org: Org, provision: Provision) -> None:
        self._client = client
        self._catalogue = catalogue
        self._org = org
        self._provision = provision

    def findings(self, *, reads: Mapping[str, Sequence[str]], writes: Mapping[str, Sequence[str]]) -> tuple[Finding, ...]:
        """All that is to be said, errors and notes; a login that is refused is the only finding."""
        self._catalogue.forget()
        try:
            identity = self._org.identity()
            sources = tuple(dict.fromkeys((*reads, *writes)))
            seen = self._catalogue.catalog(sources=sources)
        except CrmError as error:
            mended_by = CRM_ADMIN if error.action in (Action.RECONNECT, Action.FIX_MAPPING) else MACHINE_ADMIN
            return (Finding(severity=Severity.ERROR, code=error.code, message=str(error), hint=error.hint, mended_by=mended_by),)
        kind = "production" if identity.production else "sandbox"
        found = [
            Finding(
                severity=Severity.NOTE,
                code="CONNECTED",
                message=f"Connected to {identity.name} ({identity.account}, {kind}) as {identity.user}.",
            )
        ]
        for source in sources:
            if source in seen.sources:
                found += self._missing_fields(source, reads.get(source, ()), writes.get(source, ()), seen.sources[source])
            else:
                found.append(_hidden_object(source))
        return (*found, *self._task_key(), *self._unassigned(), *self._quota(), *self._clock(), *self._changes())

    def _missing_fields(self, source: str, reads: Sequence[str], writes: Sequence[str], known: Mapping[str, object]) -> Iterator[Finding]:
        described = self._catalogue.describe(source)
        for name in dict.fromkeys((*reads, *writes)):
            if not is_name(name) or (name not in known and not self._is_deeper(source, name)):
                yield _hidden_field(source, name)
        if described is None or not writes:
            return
        if not described.updateable:
            yield Finding(
                severity=Severity.ERROR,
                code="OBJECT_READ_ONLY",
                message=f"The API user may not edit {source}.",
                hint=f"Grant Edit on {source} in a permission set of the API user, such as {PERMISSION_SET}.",
                mended_by=CRM_ADMIN,
            )
        for name in writes:
            field = described.fields.get(name)
            if field is not None and not field.writable:
                yield Finding(
                    severity=Severity.ERROR,
                    code="FIELD_READ_ONLY",
                    message=f"The API user may not edit {source}.{name}.",
                    hint=f"Grant Edit on it in the permission set {PERMISSION_SET}, or take it out of what is written.",
                    mended_by=CRM_ADMIN,
                )

    def _is_deeper(self, source: str, name: str) -> bool:
        """Whether a dotted name leaves by a known relationship to a parent that the catalog does not describe."""
        relation = name.partition(".")[0]
        described = self._catalogue.describe(source)
        references = (f"{relation}Id", f"{relation[:-1]}c") if relation.endswith("__r") else (f"{relation}Id",)
        return "." in name and described is not None and any(reference in described.fields for reference in references)

    def _task_key(self) -> Iterator[Finding]:
        described = self._catalogue.describe("Task")
        if described is None or KEY_FIELD not in described.fields:
            yield Finding(
                severity=Severity.WARNING,
                code="TASK_KEY",
                message=f"Follow-up tasks cannot be made: Task.{KEY_FIELD} is missing or hidden.",
                hint="Run `hotlead install`.",
                mended_by=CRM_ADMIN,
            )

    def _unassigned(self) -> Iterator[Finding]:
        try:
            steps = self._provision.plan(fresh=False)
        except CrmError as error:
            hint = "Its tables could not be read; this matters for `hotlead install` only."
            yield Finding(severity=Severity.NOTE, code="INSTALL_UNKNOWN", message=str(error), hint=hint, mended_by=CRM_ADMIN)
            return
        missing = [step.what for step in steps if step.state == MISSING]
        if missing:
            yield Finding(
                severity=Severity.WARNING,
                code="NOT_INSTALLED",
                message=f"{len(missing)} of {len(steps)} things that hotlead installs are missing, such as {missing[0]}.",
                hint="Run `hotlead install`; `--dry-run` shows its plan.",
                mended_by=CRM_ADMIN,
            )
        for step in steps:
            if step.state not in (MISSING, "present"):
                yield Finding(
                    severity=Severity.ERROR, code="INSTALLED_DIFFERENTLY", message=f"{step.what}: {step.detail}.", mended_by=CRM_ADMIN
                )

    def _quota(self) -> Iterator[Finding]:
        usage = self._client.budget.usage()
        if not usage.day_limit or usage.day_used is None:
            return
        share = usage.day_used / usage.day_limit
        severity = Severity.ERROR if share >= QUOTA_ERROR_SHARE else Severity.WARNING if share >= QUOTA_WARNING_SHARE else Severity.NOTE
        yield Finding(
            severity=severity,
            code="QUOTA",
            message=f"{usage.day_used:,} of {usage.day_limit:,} API calls of the last 24 hours are used, by all programs together.",
            hint="" if severity is Severity.NOTE else "From 90 % on hotlead pauses its pulls; ask which other program uses so many.",
            mended_by=NOBODY if severity is Severity.NOTE else CRM_ADMIN,
        )

    def _clock(self) -> Iterator[Finding]:
        skew_s = self._client.budget.usage().skew_s
        if skew_s is not None and abs(skew_s) > SKEW_AT_MOST_S:
            yield Finding(
                severity=Severity.WARNING,
                code="CLOCK",
                message=f"This machine's clock is {abs(skew_s):.0f} s {'ahead of' if skew_s > 0 else 'behind'} Salesforce's.",
                hint="Let it keep time by NTP: log-ins by JWT and ages of activities depend on it.",
                mended_by=MACHINE_ADMIN,
            )

    def _changes(self) -> Iterator[Finding]:
        if (missing := missing_extra(self._client.settings)) is not None:
            yield missing


def _hidden_object(source: str) -> Finding:
    return Finding(
        severity=Severity.ERROR,
        code="OBJECT_HIDDEN",
        message=f"The object {source} does not exist or the API user cannot see it.",
        hint=f"Grant Read on {source} in a permission set of the API user, or take it out of the mapping.",
        mended_by=CRM_ADMIN,
    )


def _hidden_field(source: str, name: str) -> Finding:
    ours = name.startswith("Hotlead_")
    return Finding(
        severity=Severity.ERROR,
        code="FIELD_HIDDEN",
        message=f"{source}.{name} does not exist or is hidden from the API user.",
        hint="Run `hotlead install`." if ours else f"Grant Read on it in the permission set {PERMISSION_SET}, or mend the mapping.",
        mended_by=CRM_ADMIN if ours else f"{CRM_ADMIN} or {MAPPING_ADMIN}",
    )
