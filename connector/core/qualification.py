"""Where a person stands and what is to be done about it: temperature, stage, follow-ups.

Station: after scoring, before `core.changes`. Everything comes in as values, `now` included; decisions go out as values.
A *trigger* is something that may move a stage or make a task: `hot`, `warm`, `hand_off.<id>`. What was true at go-live is muted until it
ceases.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from connector.core.calendar import due_at
from connector.core.conditions import holds
from connector.core.grading import temperature_of
from connector.core.ladder import FollowUpRule, Ladder, OwnerRule, Redirect, Stage
from connector.core.model import Bands
from connector.core.people import Member, Person
from connector.core.records import DealState, RecordKey, Value

TEMPERATURES = ("hot", "warm", "cold")
"""Hottest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderState:
    """What the ladder remembers of a person between two looks."""

    person: int
    stage: str
    stage_since: datetime
    temperature: str
    """Held with hysteresis; the pure one stands in the score."""
    origin: str = ""
    cycle: int = 1
    first_mql_at: datetime | None = None
    last_mql_at: datetime | None = None
    disposition: str = ""
    disposition_reason: str = ""
    hold_until: datetime | None = None
    cooler_since: datetime | None = None
    """Since when the pure temperature has been lower than the held one."""
    muted: tuple[str, ...] = ()
    """Triggers that were already true at go-live and have not ceased to be since; they move nothing."""
    answered: Mapping[str, datetime] = field(default_factory=dict)
    """Hand-off id → time of the newest activity that it has already been answered for."""
    followed_up: Mapping[str, datetime] = field(default_factory=dict)
    """Follow-up rule id → when it last made a task."""
    next_action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageMove:
    person: int
    at: datetime
    before: str
    after: str
    why: str
    by: str
    """`hotlead`, or `crm` when people set it there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What scoring says of a person, as far as the ladder asks."""

    fit: int
    engagement: int
    total: int
    grade: str
    temperature: str
    excluded: str
    fired: Mapping[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A user of one connection's CRM who can own a task."""

    id: str
    email: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTask:
    """A follow-up to make, once, in one CRM."""

    rule: FollowUpRule
    trigger: str
    at: datetime
    """When what it answers happened: an activity's time, or when the person turned hot or warm."""
    contact: RecordKey
    owner: str | None
    redirected: str
    """Label of the redirect that chose the owner, or empty."""
    due_at: datetime
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    state: LadderState
    moves: tuple[StageMove, ...] = ()
    tasks: tuple[WantedTask, ...] = ()


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


def baseline(person: Person, *, standing: Standing, around: Surroundings, include_existing: bool) -> LadderState:
    """The first state of a person: history is taken as it is. What is true now is muted, unless `include_existing`."""
    stage, _ = _reached(person, standing=standing, around=around, triggers=frozenset(), below="")
    true_now = () if include_existing else tuple(sorted(_true(standing, temperature=standing.temperature)))
    return LadderState(
        person=person.id,
        stage=stage,
        stage_since=around.now,
        temperature="cold" if include_existing else standing.temperature,
        muted=true_now,
        answered={} if include_existing else dict(standing.fired),
        next_action=_next_action(standing, triggers=frozenset(), temperature=standing.temperature, around=around),
    )


def newcomer(person: Person, *, around: Surroundings) -> LadderState:
    """The state of somebody who came after go-live: nothing is muted, so a first hot day moves them."""
    return LadderState(person=person.id, stage=around.ladder.stages[0].id, stage_since=around.now, temperature="cold")


def look(person: Person, *, standing: Standing, state: LadderState, open_tasks: bool, around: Surroundings) -> Decision:
    """What changes for this person now, and what is to be done. Looking again at once changes nothing and asks for nothing."""
    temperature, cooler_since = _held(standing, state=state, around=around)
    true = _true(standing, temperature=temperature)
    muted = tuple(t for t in state.muted if t in true)
    live = frozenset(t for t in true if t not in muted and not _is_answered(t, standing=standing, state=state))
    redirect = next((r for r in around.ladder.redirects if holds(r.when, facts_of(person, standing=standing, triggers=live))), None)
    stage, by = _reached(
        person,
        standing=standing,
        around=around,
        triggers=live if redirect is None or redirect.stage_move else frozenset(),
        below=state.stage,
    )
    fresh = frozenset(t for t in live if t.startswith("hand_off.") or t != state.temperature)
    tasks = _tasks(person, standing=standing, state=state, fresh=fresh, redirect=redirect, open_tasks=open_tasks, around=around)
    moves = () if stage == state.stage else (_move(person, state=state, stage=stage, by=by, live=live, around=around),)
    became_mql = around.now if any(m.after == "mql" for m in moves) else None
    return Decision(
        state=replace(
            state,
            stage=stage,
            stage_since=around.now if moves else state.stage_since,
            temperature=temperature,
            cooler_since=cooler_since,
            muted=muted,
            answered={**state.answered, **standing.fired},
            followed_up={**state.followed_up, **{t.rule.id: around.now for t in tasks}},
            next_action=_next_action(standing, triggers=live, temperature=temperature, around=around),
            first_mql_at=state.first_mql_at or became_mql,
            last_mql_at=became_mql or state.last_mql_at,
        ),
        moves=moves,
        tasks=tasks,
    )


def facts_of(person: Person, *, standing: Standing, triggers: frozenset[str]) -> Mapping[str, Value]:
    """The facts a ladder's conditions may ask about (see `core.ladder`)."""
    facts: dict[str, Value] = dict(person.facts)
    facts["score.total"], facts["score.fit"], facts["score.engagement"] = standing.total, standing.fit, standing.engagement
    facts["score.grade"] = standing.grade
    facts["score.temperature"] = next((t for t in TEMPERATURES if t in triggers), "cold")
    for state in DealState:
        facts[f"deal.{state}"] = any(d.state is state for d in person.deals)
    facts.update({t: True for t in triggers if t.startswith("hand_off.")})
    crm_stage = person.facts.get("person.crm_stage")
    if crm_stage is not None:
        facts["crm.stage"] = crm_stage
    return facts


def _true(standing: Standing, *, temperature: str) -> frozenset[str]:
    """Every trigger that is true now, muted or not. An excluded person triggers nothing."""
    if standing.excluded:
        return frozenset()
    warmth = () if temperature == "cold" else (temperature,)
    return frozenset((*warmth, *(f"hand_off.{h}" for h in standing.fired)))


def _is_answered(trigger: str, *, standing: Standing, state: LadderState) -> bool:
    name = trigger.removeprefix("hand_off.")
    if name == trigger:
        return False
    answered = state.answered.get(name)
    return answered is not None and standing.fired[name] <= answered


def _held(standing: Standing, *, state: LadderState, around: Surroundings) -> tuple[str, datetime | None]:
    """The temperature with hysteresis, and since when the pure one has been cooler."""
    pure, rank = standing.temperature, TEMPERATURES.index
    if standing.excluded or rank(pure) <= rank(state.temperature):
        return pure, None
    rule = around.ladder.hysteresis
    since = state.cooler_since or around.now
    nearly = temperature_of(
        around.bands,
        fit=standing.fit + rule.down_by,
        engagement=standing.engagement + rule.down_by,
        unknown=standing.grade.startswith("U"),
    )
    if rank(nearly) > rank(state.temperature) or around.now - since >= rule.dwell:
        return pure, None
    return state.temperature, since


def _reached(person: Person, *, standing: Standing, around: Surroundings, triggers: frozenset[str], below: str) -> tuple[str, str]:
    """The highest stage that holds, never lower than `below`, and who says so."""
    stages = around.ladder.stages
    facts = facts_of(person, standing=standing, triggers=triggers)
    order = {s.id: n for n, s in enumerate(stages)}
    best, by = order.get(below, 0), "hotlead"
    for number, stage in enumerate(stages):
        said = facts.get("crm.stage") == stage.id
        if number > best and (said or _enters(stage, facts)):
            best, by = number, "crm" if said else "hotlead"
    return stages[best].id, by


def _enters(stage: Stage, facts: Mapping[str, Value]) -> bool:
    return stage.enter is not None and holds(stage.enter, facts)


def _move(person: Person, *, state: LadderState, stage: str, by: str, live: frozenset[str], around: Surroundings) -> StageMove:
    why = "set in the CRM" if by == "crm" else ", ".join(sorted(live)) or "its conditions hold"
    return StageMove(person=person.id, at=around.now, before=state.stage, after=stage, why=why, by=by)


def _tasks(
    person: Person,
    *,
    standing: Standing,
    state: LadderState,
    fresh: frozenset[str],
    redirect: Redirect | None,
    open_tasks: bool,
    around: Surroundings,
) -> tuple[WantedTask, ...]:
    """At most one task: the first follow-up rule in the ladder's order that a fresh trigger calls for."""
    member = _where(person, around=around)
    if member is None or open_tasks:
        return ()
    for rule in around.ladder.follow_ups:
        trigger = next((t for t in rule.on if t in fresh), None)
        if trigger is None or _is_cooling_down(rule, state=state, now=around.now):
            continue
        happened = standing.fired.get(trigger.removeprefix("hand_off."), around.now)
        due = due_at(around.now, due=rule.due, calendar=around.ladder.calendar)
        owners = (redirect.to, *rule.owners) if redirect else rule.owners
        task = WantedTask(
            rule=rule,
            trigger=trigger,
            at=happened,
            contact=member.contact.key,
            owner=_owner(person, member=member, rules=owners, around=around),
            redirected=redirect.label.en if redirect else "",
            due_at=due,
            due_on=due.astimezone(ZoneInfo(around.ladder.calendar.zone)).date(),
        )
        return (task,)
    return ()


def _is_cooling_down(rule: FollowUpRule, *, state: LadderState, now: datetime) -> bool:
    last = state.followed_up.get(rule.id)
    return last is not None and now - last < rule.cool_down


def _where(person: Person, *, around: Surroundings) -> Member | None:
    """The row that gets the one task: the first kind of CRM in the ladder's order where the person has a row that may take tasks."""
    for crm in around.ladder.tasks_in:
        for member in person.members:
            if around.crm_of.get(member.contact.key.connection) == crm:
                return member
    return None


def _owner(person: Person, *, member: Member, rules: Sequence[OwnerRule], around: Surroundings) -> str | None:
    """The first rule that names an active user of the task's CRM; None leaves it to the CRM."""
    users = around.users.get(member.contact.key.connection, {})
    for rule in rules:
        candidate = _OWNERS[rule](person, member, users, around)
        if candidate is not None and candidate in users and users[candidate].active:
            return candidate
    return None


def _deal_owner(person: Person, member: Member, _users: Mapping[str, Owner], _around: Surroundings) -> str | None:
    here = (d.owner for d in person.deals if d.state is DealState.OPEN and d.key.connection == member.contact.key.connection)
    return next(here, None)


def _round_robin(person: Person, _member: Member, users: Mapping[str, Owner], around: Surroundings) -> str | None:
    shared = [u.id for e in around.ladder.round_robin for u in users.values() if u.email.casefold() == e.casefold() and u.active]
    return shared[person.id % len(shared)] if shared else None


_OWNERS: Mapping[OwnerRule, Callable[[Person, Member, Mapping[str, Owner], Surroundings], str | None]] = {
    OwnerRule.RECORD_OWNER: lambda _person, member, _users, _around: member.contact.owner,
    OwnerRule.COMPANY_OWNER: lambda _person, member, _users, _around: member.company_owner,
    OwnerRule.DEAL_OWNER: _deal_owner,
    OwnerRule.ROUND_ROBIN: _round_robin,
    OwnerRule.CRM: lambda _person, _member, _users, _around: None,
}


def _next_action(standing: Standing, *, triggers: frozenset[str], temperature: str, around: Surroundings) -> str:
    """The one line a rep reads: what a fresh hand-off asks for, else what the temperature asks for."""
    if standing.excluded:
        return ""
    keys = (*sorted(t for t in triggers if t.startswith("hand_off.")), temperature)
    lines = around.ladder.next_actions
    label = next((lines[k] for k in keys if k in lines), None)
    if label is None:
        return ""
    return label.ja if around.ladder.language == "ja" and label.ja else label.en
