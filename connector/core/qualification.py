"""Where a person stands and what is to be done about it: temperature, stage, follow-up.

Station: after scoring, before `core.changes`. Everything comes in as values, `now` included; decisions go out as values.
A *trigger* is something that may move a stage or make a task: `hot`, `warm`, `hand_off.<id>`. What was true at go-live is history: a
temperature is muted until it ceases, a hand-off is answered until a newer activity fires it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from connector.core.conditions import holds
from connector.core.follow_ups import Surroundings, WantedTask, rules_for, wanted_task
from connector.core.grading import TEMPERATURES, UNKNOWN, temperature_of
from connector.core.ladder import STAGES, Redirect, Stage, in_language
from connector.core.model import facts_in
from connector.core.people import Person
from connector.core.records import DealState, Value

HAND_OFF = "hand_off."
_DEAL_FACTS = tuple((state, f"deal.{state}") for state in DealState)


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
    """Temperatures that were already true at go-live and have not ceased to be since; they move nothing."""
    answered: Mapping[str, datetime] = field(default_factory=dict)
    """Hand-off id → time of the newest activity that moves and tasks have been decided for, or that is history."""
    followed_up: Mapping[str, datetime] = field(default_factory=dict)
    """Follow-up rule id → when it last made a task."""
    next_action: str = ""
    moved: bool = False
    """Whether hotlead itself has moved the person since going live. Only then is a stage written into a field of the CRM's own."""


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
    """Id of the exclusion that holds, or empty."""
    fired: Mapping[str, datetime]
    """Hand-off id → time of the activity that fired it."""
    origins: Mapping[str, str] = field(default_factory=dict)
    """Hand-off id → the origin it stands for, where it says one (`pql`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    state: LadderState
    moves: tuple[StageMove, ...] = ()
    tasks: tuple[WantedTask, ...] = ()


def baseline(person: Person, *, standing: Standing, around: Surroundings, include_existing: bool) -> LadderState:
    """The first state of a person: history is taken as it is. What is true now is history, unless `include_existing`."""
    stage, _ = _reached(person, standing=standing, around=around, triggers=frozenset(), below=around.ladder.stages[0].id)
    return LadderState(
        person=person.id,
        stage=stage,
        stage_since=around.now,
        temperature="cold" if include_existing else standing.temperature,
        muted=() if include_existing else tuple(_warmth(standing, temperature=standing.temperature)),
        answered={} if include_existing else dict(standing.fired),
        next_action=_next_action(person, standing=standing, temperature=standing.temperature, around=around),
    )


def baseline_after(earlier: LadderState, first: LadderState) -> LadderState:
    """A baseline taken again at a later step: the stage and its dates stay, what is true now is history."""
    return replace(
        earlier,
        temperature=first.temperature,
        cooler_since=None,
        muted=first.muted,
        answered=first.answered,
        next_action=first.next_action,
    )


def newcomer(person: Person, *, around: Surroundings) -> LadderState:
    """The state of somebody who came after go-live: nothing is muted, so a first hot day moves them."""
    return LadderState(person=person.id, stage=around.ladder.stages[0].id, stage_since=around.now, temperature="cold")


def unanswered(state: LadderState, *, trigger: str, rule: str) -> LadderState:
    """The memory as if this trigger had made no task by this follow-up rule: the CRM refused it, so it is to be decided anew."""
    followed_up = {id_: at for id_, at in state.followed_up.items() if id_ != rule}
    name = trigger.removeprefix(HAND_OFF)
    if name == trigger:
        return replace(state, temperature="cold", cooler_since=None, followed_up=followed_up)
    return replace(state, answered={id_: at for id_, at in state.answered.items() if id_ != name}, followed_up=followed_up)


def look(person: Person, *, standing: Standing, state: LadderState, open_tasks: bool, around: Surroundings) -> Decision:
    """What changes for this person now, and what is to be done. Looking again at once changes nothing and asks for nothing.

    `open_tasks`: whether a task of ours still waits for a rep; then no second one is made, and hand-offs that call for one go on waiting.
    """
    temperature, cooler_since = _held(standing, state=state, around=around)
    warmth = _warmth(standing, temperature=temperature)
    muted = tuple(t for t in state.muted if t in warmth)
    live = (warmth - set(muted)) | _unanswered(standing, state=state)
    redirect = _redirect(person, standing=standing, live=live, around=around)
    moving = live if redirect is None or redirect.stage_move else frozenset[str]()
    stage, by = _reached(person, standing=standing, around=around, triggers=moving, below=state.stage)
    move = None if stage == state.stage else _move(person, state=state, stage=stage, by=by, moving=moving, around=around)
    fresh = _fresh(person, standing=standing, state=state, live=live, around=around)
    task = None
    if not open_tasks:
        task = wanted_task(person, fresh=fresh, followed_up=state.followed_up, redirect=redirect, around=around)
    waiting = frozenset(t for t in fresh if open_tasks and rules_for({t: fresh[t]}, ladder=around.ladder))
    became_mql = around.now if move is not None and stage == "mql" else None
    after = replace(
        state,
        stage=stage,
        stage_since=around.now if move else state.stage_since,
        temperature=temperature,
        cooler_since=cooler_since,
        muted=muted,
        origin=state.origin or _origin(standing, moving=moving, by_score=became_mql is not None and by == "hotlead"),
        answered=_answered(standing, state=state, waiting=waiting),
        followed_up={**state.followed_up, task.rule.id: around.now} if task else state.followed_up,
        next_action=_next_action(person, standing=standing, temperature=temperature, around=around),
        first_mql_at=state.first_mql_at or became_mql,
        last_mql_at=became_mql or state.last_mql_at,
        moved=state.moved or (move is not None and move.by == "hotlead"),
    )
    return Decision(state=after, moves=(move,) if move else (), tasks=(task,) if task else ())


def facts_of(person: Person, *, standing: Standing, triggers: frozenset[str], now: datetime) -> Mapping[str, Value]:
    """The facts a ladder's conditions may ask about (see `core.ladder`)."""
    facts: dict[str, Value] = dict(person.facts)
    facts["score.total"], facts["score.fit"], facts["score.engagement"] = standing.total, standing.fit, standing.engagement
    facts["score.grade"] = standing.grade
    facts["score.temperature"] = next((t for t in TEMPERATURES if t in triggers), "cold")
    states = {d.state for d in person.deals}
    for state, name in _DEAL_FACTS:
        facts[name] = state in states
    facts.update({t: True for t in triggers if t.startswith(HAND_OFF)})
    if person.last_touch_at is not None:
        facts["rep.days_since_touch"] = max((now - person.last_touch_at).days, 0)
    crm_stage = person.facts.get("person.crm_stage")
    if crm_stage is not None:
        facts["crm.stage"] = crm_stage
    return facts


def _warmth(standing: Standing, *, temperature: str) -> frozenset[str]:
    """The temperature as a trigger, muted or not; cold is none, and an excluded person triggers nothing."""
    return frozenset() if standing.excluded or temperature == "cold" else frozenset({temperature})


def _unanswered(standing: Standing, *, state: LadderState) -> frozenset[str]:
    if standing.excluded:
        return frozenset()
    return frozenset(f"{HAND_OFF}{h}" for h, at in standing.fired.items() if h not in state.answered or at > state.answered[h])


def _answered(standing: Standing, *, state: LadderState, waiting: frozenset[str]) -> Mapping[str, datetime]:
    """Never earlier than before, so that an activity that was taken back and comes again is not answered twice."""
    decided = {h: at for h, at in standing.fired.items() if f"{HAND_OFF}{h}" not in waiting}
    return {**state.answered, **{h: max(at, state.answered.get(h, at)) for h, at in decided.items()}}


def _redirect(person: Person, *, standing: Standing, live: frozenset[str], around: Surroundings) -> Redirect | None:
    facts = facts_of(person, standing=standing, triggers=live, now=around.now)
    return next((r for r in around.ladder.redirects if holds(r.when, facts)), None)


def _fresh(person: Person, *, standing: Standing, state: LadderState, live: frozenset[str], around: Surroundings) -> Mapping[str, datetime]:
    """The live triggers that may call for a task, with when each happened: a temperature that rose, a hand-off that no rep took up yet."""
    rank = TEMPERATURES.index
    rose = {t: around.now for t in live if t in TEMPERATURES and rank(t) < rank(state.temperature)}
    fired = {t: standing.fired[t.removeprefix(HAND_OFF)] for t in live if t not in TEMPERATURES}
    return {**rose, **{t: at for t, at in fired.items() if not _is_touched_since(at, person=person, now=around.now)}}


def _is_touched_since(at: datetime, *, person: Person, now: datetime) -> bool:
    """Whether a rep has done something with the person since; a meeting that is still to come has not happened."""
    return person.last_touch_at is not None and at <= person.last_touch_at <= now


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
        unknown=standing.grade.startswith(UNKNOWN),
    )
    if rank(nearly) > rank(state.temperature) or around.now - since >= rule.dwell:
        return pure, None
    return state.temperature, since


def _reached(person: Person, *, standing: Standing, around: Surroundings, triggers: frozenset[str], below: str) -> tuple[str, str]:
    """The highest stage that holds, never lower than `below`, and who says so."""
    stages = around.ladder.stages
    facts = facts_of(person, standing=standing, triggers=triggers, now=around.now)
    best, by = _standing_on(below, stages=stages), "hotlead"
    for number, stage in enumerate(stages):
        said = facts.get("crm.stage") == stage.id
        if number > best and (said or _enters(stage, facts)):
            best, by = number, "crm" if said else "hotlead"
    return stages[best].id, by


def _standing_on(stage: str, *, stages: tuple[Stage, ...]) -> int:
    """The place of the stage on the ladder; of one that the ladder has no longer, the place of the nearest below."""
    reached = [n for n, s in enumerate(stages) if STAGES.index(s.id) <= STAGES.index(stage)]
    return max(reached, default=0)


def _enters(stage: Stage, facts: Mapping[str, Value]) -> bool:
    return stage.enter is not None and holds(stage.enter, facts)


def _move(person: Person, *, state: LadderState, stage: str, by: str, moving: frozenset[str], around: Surroundings) -> StageMove:
    """The move with what made it: people, the triggers that its condition asks for, or other facts."""
    entered = next(s for s in around.ladder.stages if s.id == stage)
    asked = frozenset[str]() if entered.enter is None else facts_in(entered.enter)
    causes = sorted(t for t in moving if t in asked or (t in TEMPERATURES and "score.temperature" in asked))
    why = "set in the CRM" if by == "crm" else ", ".join(causes) or "its conditions hold"
    return StageMove(person=person.id, at=around.now, before=state.stage, after=stage, why=why, by=by)


def _origin(standing: Standing, *, moving: frozenset[str], by_score: bool) -> str:
    """What a hand-off that moves says, else marketing for an MQL that we made; empty: nothing is known."""
    said = (standing.origins.get(t.removeprefix(HAND_OFF), "") for t in sorted(moving) if t.startswith(HAND_OFF))
    return next((origin for origin in said if origin), "marketing" if by_score else "")


def _next_action(person: Person, *, standing: Standing, temperature: str, around: Surroundings) -> str:
    """The one line a rep reads: what a hand-off asks for while nobody has taken it up, else what the temperature asks for."""
    if standing.excluded:
        return ""
    asking = {f"{HAND_OFF}{h}" for h, at in standing.fired.items() if not _is_touched_since(at, person=person, now=around.now)}
    lines = around.ladder.next_actions
    label = next((label for trigger, label in lines.items() if trigger in asking), lines.get(temperature))
    return in_language(label, around.ladder.language) if label else ""
