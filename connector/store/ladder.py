"""What the ladder remembers of each person, and every stage move."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from connector.core.grading import TEMPERATURES
from connector.core.ladder import STAGES
from connector.core.people import PersonId
from connector.core.qualification import LadderState, StageMove
from connector.store.instants import from_us, to_us
from connector.store.schema import ladder_states, stage_moves
from connector.store.transaction import Transaction, chunks
from connector.store.values import dump, load

_INSTANTS = frozenset({"stage_since", "first_mql_at", "last_mql_at", "hold_until", "cooler_since"})
_BY_ID = frozenset({"answered", "followed_up"})


class SqlLadder:
    """Fulfils `ports.people.LadderStates`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def get(self, people: Sequence[PersonId]) -> Mapping[PersonId, LadderState]:
        found: dict[PersonId, LadderState] = {}
        for some in chunks(people):
            found.update({r.person: state_of(r.state) for r in self._t.rows(select(ladder_states).where(ladder_states.c.person.in_(some)))})
        return found

    def put(self, states: Sequence[LadderState], *, moves: Sequence[StageMove], run: int) -> None:
        self._t.upsert(ladder_states, [{"person": s.person, "stage": s.stage, "state": body_of(s)} for s in states])
        self._t.insert(stage_moves, [{**_columns(move), "run": run} for move in moves])

    def moves(self, person: PersonId) -> tuple[StageMove, ...]:
        """Oldest first."""
        rows = self._t.rows(select(stage_moves).where(stage_moves.c.person == person).order_by(stage_moves.c.at, stage_moves.c.no))
        return tuple(StageMove(person=r.person, at=from_us(r.at), before=r.before, after=r.after, why=r.why, by=r.by) for r in rows)

    def counts(self) -> Mapping[str, int]:
        statement = select(ladder_states.c.stage, func.count()).group_by(ladder_states.c.stage)
        return self._t.tally(statement)


def _columns(move: StageMove) -> dict[str, Any]:
    return {"person": move.person, "at": to_us(move.at), "before": move.before, "after": move.after, "why": move.why, "by": move.by}


def body_of(state: LadderState) -> str:
    """A state as JSON."""
    body: dict[str, Any] = {}
    for part in fields(state):
        value = getattr(state, part.name)
        if isinstance(value, datetime):
            value = to_us(value)
        elif part.name in _BY_ID:
            value = {id_: to_us(at) for id_, at in value.items()}
        body[part.name] = value
    return dump(body)


def state_of(body: str) -> LadderState:
    """The state that `body_of` was given."""
    parts = load(body)
    for name in _INSTANTS & parts.keys():
        parts[name] = None if parts[name] is None else from_us(parts[name])
    for name in _BY_ID & parts.keys():
        parts[name] = {id_: from_us(at) for id_, at in parts[name].items()}
    parts["muted"] = tuple(parts.get("muted", ()))
    return LadderState(**parts)


def move_body(move: StageMove) -> str:
    """A stage move as JSON."""
    return dump(_columns(move))


def move_of(body: str) -> StageMove:
    """The move that `move_body` was given."""
    parts = load(body)
    return StageMove(**{**parts, "at": from_us(parts["at"])})


def merge_states(*, person: PersonId, ours: LadderState | None, theirs: LadderState) -> LadderState:
    """What the ladder remembers of two persons who turn out to be one: the further stage, the higher temperature (so that joining makes
    nobody hot anew), and everything either was answered for.
    """
    if ours is None:
        return replace(theirs, person=person)
    further, other = (theirs, ours) if _rank(theirs) > _rank(ours) else (ours, theirs)
    hotter = min(ours, theirs, key=lambda s: TEMPERATURES.index(s.temperature))
    firsts = [at for at in (ours.first_mql_at, theirs.first_mql_at) if at is not None]
    lasts = [at for at in (ours.last_mql_at, theirs.last_mql_at) if at is not None]
    return replace(
        further,
        person=person,
        temperature=hotter.temperature,
        cooler_since=hotter.cooler_since,
        origin=further.origin or other.origin,
        cycle=max(ours.cycle, theirs.cycle),
        first_mql_at=min(firsts, default=None),
        last_mql_at=max(lasts, default=None),
        muted=tuple(sorted({*ours.muted, *theirs.muted})),
        answered=_latest(ours.answered, theirs.answered),
        followed_up=_latest(ours.followed_up, theirs.followed_up),
        moved=ours.moved or theirs.moved,
    )


def _rank(state: LadderState) -> int:
    return STAGES.index(state.stage) if state.stage in STAGES else -1


def _latest(one: Mapping[str, datetime], other: Mapping[str, datetime]) -> dict[str, datetime]:
    return {id_: max(times) for id_ in sorted({*one, *other}) if (times := [m[id_] for m in (one, other) if id_ in m])}
