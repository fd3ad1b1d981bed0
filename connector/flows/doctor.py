"""Looks an installation over: what is healthy, what is not, and what to do about it."""

import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from connector.flows.asking import ANSWER, open_questions
from connector.ports.connections import Connection
from connector.ports.crm import Crm, Finding, Severity
from connector.ports.errors import HotleadError
from connector.ports.store import Store

LEAST_FREE_BYTES = 500_000_000
"""Below this much free disk the doctor warns; 100,000 contacts with 500,000 activities take about half of it."""

AGAIN = "`hotlead up` tries again by itself; a command is to be given again, once this is mended."

NEARLY_USED = 0.9
"""Share of a CRM's daily quota from which the doctor warns."""


def examine(
    *,
    directory: Path,
    store: Store,
    open_crm: Callable[[Connection], Crm],
    connections: Sequence[Connection],
    clock: Callable[[], datetime],
    has_key_file: bool = True,
    odd_variables: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Finding, ...]:
    """All findings, the healthy ones as notes.

    `has_key_file`: the settings give no keys; `odd_variables`: of the environment, that look like settings and are none, with the nearest.
    """
    findings = [_disk(directory), _key(directory) if has_key_file else _NO_KEY_FILE, *_odd(odd_variables), *_contents(store, clock=clock)]
    if not connections:
        findings.append(
            _finding("warning", "no_connection", "No CRM is connected.", "`hotlead connect salesforce` or `hotlead connect hubspot`.")
        )
    for connection in connections:
        findings.extend(_connection(connection, open_crm=open_crm))
    return tuple(findings)


def _disk(directory: Path) -> Finding:
    free = shutil.disk_usage(directory).free
    message = f"{free / 1e9:.1f} GB free where the data lies ({directory})."
    if free < LEAST_FREE_BYTES:
        return _finding("warning", "disk", message, "Make room: when the disk is full nothing is lost, but nothing new is stored.")
    return _finding("note", "disk", message)


def _key(directory: Path) -> Finding:
    key = directory / "key"
    if not key.exists():
        hint = "Put it back from your backup; without it, connect each CRM again."
        return _finding("error", "key", f"The key of stored credentials is missing: {key}.", hint)
    if stat.S_IMODE(key.stat().st_mode) & 0o077:
        return _finding("error", "key", f"{key} can be read by others.", f"chmod 600 {key}")
    return _finding("note", "key", "Only its owner can read the key of stored credentials.")


def _odd(variables: Mapping[str, str]) -> list[Finding]:
    return [
        _finding("warning", "variable", f"{name} is no setting, so it does nothing.", f"Did you mean {near}?" if near else "Unset it.")
        for name, near in variables.items()
    ]


def _ago(age: timedelta) -> str:
    """In the largest unit that is above one, such as `90 minutes` or `3 days`."""
    minutes = int(age.total_seconds() // 60)
    days, hours = minutes // (24 * 60), minutes // 60
    return f"{days} days" if days > 1 else f"{hours} hours" if hours > 1 else f"{minutes} minute{'s' if minutes != 1 else ''}"


def _contents(store: Store, *, clock: Callable[[], datetime]) -> list[Finding]:
    with store.read() as tx:
        people, activities, parked = tx.people.count(), tx.activities.count(), tx.parked.count()
        runs = tx.runs.recent(limit=20)
        unfinished = tx.plans.unfinished()
        unknown = tx.unknowns.all()
        questions = open_questions(tx, connections=tx.connections.all())
    findings = [_finding("note", "contents", f"{people:,} people, {activities:,} activities.")]
    last = next((r for r in runs if r.state == "done"), None)
    if last is not None:
        ago = _ago(clock() - last.started_at)
        findings.append(_finding("note", "last_run", f"The last run that ended well began {ago} ago ({last.verb})."))
    if runs and runs[0].state in ("failed", "killed"):
        findings.append(_finding("warning", "failed_run", f"The last run ({runs[0].verb}) {runs[0].state}: {runs[0].message}", AGAIN))
    findings += [_finding("warning", "asked", question.what, ANSWER) for question in questions]
    if unfinished:
        findings.append(
            _finding(
                "warning",
                "unfinished_plan",
                f"Plan {unfinished[0].id} was cut off.",
                "`hotlead write-back` finishes it first, writing nothing twice.",
            )
        )
    if parked:
        findings.append(
            _finding("warning", "parked", f"{parked:,} rows wait because the CRM refused them.", "`hotlead runs --refused` shows why.")
        )
    if unknown:
        shown = ", ".join(f"{u.source}.{u.field}={u.value}" for u in unknown[:5])
        findings.append(
            _finding("warning", "unknown_values", f"{len(unknown)} values that no mapping knows: {shown}", "Add them to the mapping.")
        )
    return findings


def _connection(connection: Connection, *, open_crm: Callable[[Connection], Crm]) -> list[Finding]:
    """Who we are there, how much quota is left, and what the CRM's own check finds: rights, our fields, the clock."""
    try:
        crm = open_crm(connection)
        identity = crm.identity()
        said = crm.check(reads={}, writes={})
        usage = crm.usage()
    except HotleadError as err:
        return [_finding("error", "connection", f"{connection.name}: {err}", err.hint)]
    findings = [_finding("note", "connection", f"{connection.name}: {identity.name} ({identity.account}), step '{connection.live}'.")]
    findings += [
        Finding(severity=f.severity, code=f.code, message=f"{connection.name}: {f.message}", hint=f.hint, mended_by=f.mended_by)
        for f in said
        if f.severity is not Severity.NOTE
    ]
    if usage.day_used is not None and usage.day_limit:
        share = usage.day_used / usage.day_limit
        message = f"{connection.name}: {usage.day_used:,} of {usage.day_limit:,} API calls of the day are used ({share:.0%}), by everybody."
        severity = "warning" if share >= NEARLY_USED else "note"
        hint = "Reading pauses until the quota is back; see who else uses it." if share >= NEARLY_USED else ""
        findings.append(_finding(severity, "quota", message, hint))
    return findings


def _finding(severity: str, code: str, message: str, hint: str = "") -> Finding:
    return Finding(severity=Severity(severity), code=code, message=message, hint=hint)


_NO_KEY_FILE = _finding("note", "key", "The key of stored credentials comes from the settings, not from a file.")
