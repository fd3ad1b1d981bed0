"""The one task that a fresh trigger asks for: on which row, whose, and due when.

Station: called by `core.qualification` with what is fresh; `flows.plan` turns a `WantedTask` into a task of a CRM.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connector.core.calendar import due_at
from connector.core.ladder import FollowUpRule, Ladder, OwnerRule, Redirect, in_language
from connector.core.model import Bands
from connector.core.people import Member, Person
from connector.core.records import DealState, RecordKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A user of one connection's CRM who can own a task."""

    id: str
    email: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What one look at a person needs beside the person."""

    ladder: Ladder
    bands: Bands
    now: datetime
    users: Mapping[str, Mapping[str, Owner]]
    """Connection → user id → user."""
    crm_of: Mapping[str, str]
    """Connection → kind of CRM, for connections that may take tasks now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTask:
    """A follow-up to make, once, in one CRM."""

    rule: FollowUpRule
    trigger: str
    at: datetime
    """When what it answers happened: an activity's time, or when the person turned hot or warm."""
    contact: RecordKey
    owner: str | None
    """The CRM's user id; None leaves it to the CRM's own assignment."""
    redirected: str
    """Label of the redirect that was tried for the owner first, in the ladder's language, or empty."""
    due_at: datetime
    due_on: date
    """The day of `due_at` in the ladder's calendar."""


def wanted_task(
    person: Person,
    *,
    fresh: Mapping[str, datetime],
    followed_up: Mapping[str, datetime],
    redirect: Redirect | None,
    around: Surroundings,
) -> WantedTask | None:
    """The task of the first rule in the ladder's order that a fresh trigger calls for and that is not cooling down, if any.

    `fresh` holds the triggers with when each happened, `followed_up` when each rule last made a task.
    """
    rule = next(
        (r for r in rules_for(fresh, ladder=around.ladder) if not _is_cooling_down(r, followed_up=followed_up, now=around.now)), None
    )
    member = _where(person, around=around)
    if rule is None or member is None:
        return None
    trigger = next(t for t in rule.on if t in fresh)
    due = due_at(around.now, due=rule.due, calendar=around.ladder.calendar)
    return WantedTask(
        rule=rule,
        trigger=trigger,
        at=fresh[trigger],
        contact=member.contact.key,
        owner=_owner(person, member=member, rules=(redirect.to, *rule.owners) if redirect else rule.owners, around=around),
        redirected=in_language(redirect.label, around.ladder.language) if redirect else "",
        due_at=due,
        due_on=due.astimezone(ZoneInfo(around.ladder.calendar.zone)).date(),
    )


def rules_for(triggers: Mapping[str, datetime], *, ladder: Ladder) -> tuple[FollowUpRule, ...]:
    """The follow-up rules that any of the triggers calls for, in the ladder's order."""
    return tuple(rule for rule in ladder.follow_ups if any(t in triggers for t in rule.on))


def _is_cooling_down(rule: FollowUpRule, *, followed_up: Mapping[str, datetime], now: datetime) -> bool:
    last = followed_up.get(rule.id)
    return last is not None and now - last < rule.cool_down


def _where(person: Person, *, around: Surroundings) -> Member | None:
    """The row that gets the one task: the newest live one of the first kind of CRM, in the ladder's order, where the person has one."""
    for crm in around.ladder.tasks_in:
        for member in person.members:
            if member.is_live and around.crm_of.get(member.contact.key.connection) == crm:
                return member
    return None


def _owner(person: Person, *, member: Member, rules: Sequence[OwnerRule], around: Surroundings) -> str | None:
    """The first active user of the task's CRM whom a rule names; None leaves it to the CRM, as the rule `crm` does at its turn."""
    users = around.users.get(member.contact.key.connection, {})
    for rule in rules:
        if rule is OwnerRule.CRM:
            return None
        for candidate in _CANDIDATES[rule](person, member, users, around.ladder):
            if candidate is not None and candidate in users and users[candidate].active:
                return candidate
    return None


def _deal_owners(person: Person, member: Member, _users: Mapping[str, Owner], _ladder: Ladder) -> tuple[str | None, ...]:
    """Owners of open deals in the task's CRM, of deals the person is on first."""
    here = [d for d in person.deals if d.state is DealState.OPEN and d.key.connection == member.contact.key.connection]
    return tuple(d.owner for d in sorted(here, key=lambda d: not d.on_it))


def _round_robin(person: Person, _member: Member, users: Mapping[str, Owner], ladder: Ladder) -> tuple[str | None, ...]:
    """The same user for the same person, as long as those who share the work stay the same."""
    by_email = {u.email.casefold(): u.id for u in users.values() if u.active}
    shared = [by_email[e.casefold()] for e in ladder.round_robin if e.casefold() in by_email]
    return (shared[person.id % len(shared)],) if shared else ()


_CANDIDATES: Mapping[OwnerRule, Callable[[Person, Member, Mapping[str, Owner], Ladder], tuple[str | None, ...]]] = {
    OwnerRule.RECORD_OWNER: lambda _person, member, _users, _ladder: (member.contact.owner,),
    OwnerRule.COMPANY_OWNER: lambda _person, member, _users, _ladder: (member.company_owner,),
    OwnerRule.DEAL_OWNER: _deal_owners,
    OwnerRule.ROUND_ROBIN: _round_robin,
}
