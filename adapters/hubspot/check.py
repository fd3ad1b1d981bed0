"""What stands in the way of reading and writing with this key, and who can mend it.

Station: HubSpot adapter, behind `hotlead check`. All findings are gathered before any is given; a key that opens nothing ends it early.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta

from adapters.hubspot.catalog import read_catalog
from adapters.hubspot.client import Hub
from adapters.hubspot.errors import CRM_ADMIN, MAPPING_ADMIN
from adapters.hubspot.events import is_event_source
from adapters.hubspot.provision import DIFFERENT, MISSING, plan_install, read_package
from adapters.hubspot.tasks import TASKS
from adapters.kit.budget import Purpose
from connector.ports.crm import Catalog, Finding, Severity
from connector.ports.errors import CrmAuth, CrmError

MOST_SKEW = timedelta(minutes=2)
QUOTA_WARNING = 0.8
"""Share of the day's calls from which on a warning is given; at nine tenths hotlead pauses."""
ENGAGEMENTS = ("tasks", "calls", "emails", "meetings", "notes")
ADMIN = "admin of this server"


def check_connection(hub: Hub, *, reads: Mapping[str, Sequence[str]], writes: Mapping[str, Sequence[str]]) -> tuple[Finding, ...]:
    """All findings; none means that everything is in place. Calls: account, token, and one or two a source."""
    try:
        reply = hub.call("GET", hub.paths.account, purpose=Purpose.CATALOG, essential=True, part="portalId")
        findings = [*_skew(reply.skew), *_scopes(hub, reads, writes)]
        catalog = read_catalog(hub, sources=tuple(dict.fromkeys((*reads, *writes, TASKS))))
    except CrmError as refused:
        return (_closed(refused),)
    return (*findings, *_fields(catalog, reads, writes), *_installed(hub), *_quota(hub))


def _closed(refused: CrmError) -> Finding:
    mended_by = CRM_ADMIN if isinstance(refused, CrmAuth) else ADMIN
    return Finding(severity=Severity.ERROR, code=refused.code, message=str(refused), hint=refused.hint, mended_by=mended_by)


def _skew(skew: timedelta) -> Iterator[Finding]:
    if abs(skew) > MOST_SKEW:
        way = "ahead of" if skew > timedelta() else "behind"
        yield Finding(
            severity=Severity.WARNING,
            code="CLOCK_SKEW",
            message=f"This machine's clock is {round(abs(skew).total_seconds())} s {way} HubSpot's.",
            hint="Set the clock by NTP; due times and decay are worked out by it.",
            mended_by=ADMIN,
        )


def _scopes(hub: Hub, reads: Mapping[str, Sequence[str]], writes: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    try:
        told = hub.token_facts().get("scopes")
    except CrmError as refused:
        if isinstance(refused, CrmAuth):
            raise
        told = None
    if not isinstance(told, list):
        yield Finding(severity=Severity.NOTE, code="SCOPES_UNKNOWN", message="HubSpot does not say which scopes this kind of key has.")
        return
    held = {str(scope) for scope in told}
    for needed, why in _needed(reads, writes).items():
        if not held.intersection(needed):
            yield Finding(
                severity=Severity.ERROR,
                code="MISSING_SCOPE",
                message=f"The key lacks the scope {' or '.join(needed)}, needed to {why}.",
                hint="Add the scope to the service key or private app in HubSpot (Settings > Development > Keys).",
                mended_by=CRM_ADMIN,
            )


def _needed(reads: Mapping[str, Sequence[str]], writes: Mapping[str, Sequence[str]]) -> Mapping[tuple[str, ...], str]:
    """Scopes, any one of each tuple, and what for."""
    needed = {_scope(source, "read"): f"read {source}" for source in reads if not is_event_source(source)}
    needed |= {_scope(source, "write"): f"write {source}" for source in writes}
    needed[("crm.objects.owners.read",)] = "know who owns records"
    if "emails" in reads:
        needed[("sales-email-read",)] = "read what e-mails say of themselves"
    return needed


def _scope(source: str, verb: str) -> tuple[str, ...]:
    if source in ENGAGEMENTS:
        return (f"crm.objects.contacts.{verb}", f"crm.objects.{source}.{verb}")
    return (f"crm.objects.{source}.{verb}",)


def _fields(catalog: Catalog, reads: Mapping[str, Sequence[str]], writes: Mapping[str, Sequence[str]]) -> Iterator[Finding]:
    ours = {(wanted.source, wanted.name) for wanted in read_package().properties}
    for source in dict.fromkeys((*reads, *writes)):
        fields = catalog.sources.get(source)
        if fields is None:
            yield _no_source(source)
            continue
        for name in dict.fromkeys((*reads.get(source, ()), *writes.get(source, ()))):
            if name not in fields and (source, name) not in ours:
                yield Finding(
                    severity=Severity.WARNING if is_event_source(source) else Severity.ERROR,
                    code="PROPERTY_DOESNT_EXIST",
                    message=f"HubSpot has no property {source}.{name}, or this key does not see it.",
                    hint="Map another property, or make it in HubSpot.",
                    mended_by=MAPPING_ADMIN,
                )
        for name in writes.get(source, ()):
            if name in fields and not fields[name].writable:
                yield Finding(
                    severity=Severity.ERROR,
                    code="READ_ONLY_VALUE",
                    message=f"HubSpot sets {source}.{name} itself; it cannot be written.",
                    hint="Pick another target in the mapping, or drop it.",
                    mended_by=MAPPING_ADMIN,
                )


def _no_source(source: str) -> Finding:
    if is_event_source(source):
        return Finding(
            severity=Severity.NOTE,
            code="EVENTS_CLOSED",
            message=f"This portal gives no {source}: HubSpot opens them to Enterprise subscriptions only, or none has happened yet.",
            hint="Nothing to do: the contact's counters stand in for them.",
        )
    return Finding(
        severity=Severity.ERROR,
        code="SOURCE_CLOSED",
        message=f"HubSpot has no records of the kind {source}, or this key does not see them.",
        hint="Add the scope for reading them, or drop them from the mapping.",
        mended_by=CRM_ADMIN,
    )


def _installed(hub: Hub) -> Iterator[Finding]:
    try:
        steps = plan_install(hub)
    except CrmError as refused:
        yield _closed(refused)
        return
    missing = [step.what for step in steps if step.state == MISSING]
    if missing:
        yield Finding(
            severity=Severity.ERROR,
            code="NOT_INSTALLED",
            message=f"{len(missing)} of hotlead's {len(steps)} properties and groups are missing: {', '.join(missing)}.",
            hint="Run hotlead install; its key needs the scope crm.schemas.contacts.write.",
            mended_by=CRM_ADMIN,
        )
    for step in steps:
        if step.state == DIFFERENT:
            yield Finding(
                severity=Severity.ERROR,
                code="INSTALLED_DIFFERENTLY",
                message=f"{step.what}: {step.detail}.",
                hint="Mend it in HubSpot, then run hotlead install.",
                mended_by=CRM_ADMIN,
            )


def _quota(hub: Hub) -> Iterator[Finding]:
    usage = hub.budget.usage()
    if usage.day_limit and usage.day_used is not None and usage.day_used >= QUOTA_WARNING * usage.day_limit:
        yield Finding(
            severity=Severity.WARNING,
            code="QUOTA_LOW",
            message=f"{usage.day_used} of the portal's {usage.day_limit} API calls of the day are used, by all its apps together.",
            hint="hotlead pauses at nine tenths; look which other app calls so often, or raise the allowance.",
            mended_by=CRM_ADMIN,
        )
