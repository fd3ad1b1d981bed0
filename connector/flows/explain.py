"""Why a person has the score they have: the whole arithmetic as of now, adding up."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.core.ladder import in_language
from connector.core.model import Label, Model
from connector.core.people import Person, PersonId
from connector.core.qualification import LadderState, StageMove
from connector.core.scores import Line, LineKind, Score
from connector.core.scoring import score_people
from connector.flows.published import Published
from connector.flows.score import NOT_MEANT, compiled, facts_of, since
from connector.ports.errors import UsageError
from connector.ports.people import FollowUp, PersonLine
from connector.ports.store import Store

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One line of the arithmetic in words. `points` of all reasons of a side sum to the side."""

    side: str
    level: str
    """`rule`, `group`, `side` or `total`."""
    id: str
    text: str
    points: int
    """As shown."""
    micropoints: int
    """Exact; these too sum to the side before it is rounded."""
    count: int
    latest_at: datetime | None
    clamp: bool
    """Whether it is a limit or a floor that bit, and not a rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    person: Person
    score: Score
    reasons: tuple[Reason, ...]
    excluded: str
    """Label of the exclusion that holds, or empty."""
    fired: tuple[tuple[str, datetime], ...]
    """Labels of hand-offs that hold."""
    state: LadderState | None
    moves: tuple[StageMove, ...]
    open_tasks: tuple[FollowUp, ...]
    activities: int


def find_one(*, store: Store, who: str) -> PersonId:
    """The one person meant. Raises UsageError for nobody, or for several (naming them)."""
    with store.read() as tx:
        found = tx.people.find(who, limit=6)
    if not found:
        raise UsageError(
            f"Nobody here matches '{who}'.",
            hint="Give an e-mail address, a CRM record id, a person number, or part of a name; `hotlead pull` brings new people in.",
        )
    if len(found) > 1:
        raise UsageError(f"'{who}' matches several people.", hint=f"Say which one by number: {_choices(found)}")
    return found[0].person


def _choices(found: Sequence[PersonLine]) -> str:
    shown = ", ".join(f"{p.person} ({p.name})" for p in found[:5])
    return f"{shown}, …" if len(found) > 5 else shown


def explain(*, store: Store, who: str, documents: Published, clock: Clock, language: str) -> tuple[Explanation, ...]:
    """One explanation for each model that applies, scored now from the stored facts. Nothing is written."""
    person_id = find_one(store=store, who=who)
    now = clock()
    models = documents.models
    people, activities = store.load_people([person_id], facts=facts_of(models), since=since(models, now=now))
    with store.read() as tx:
        loaded = tx.people.load([person_id])
        state = tx.ladder.get([person_id]).get(person_id)
        moves = tx.ladder.moves(person_id)
        tasks = tx.follow_ups.open_of([person_id]).get(person_id, ())
    if not loaded or not len(people.ids):
        raise UsageError(f"Person {person_id} has no live record in any CRM.", hint="Deleted or merged records are not scored.")
    explanations = []
    for model in models:
        scores = score_people(compiled(model), people=people, activities=activities, now=now)
        if not scores.applies[0]:
            continue
        score = scores.score(0)
        explanations.append(
            Explanation(
                person=loaded[0],
                score=score,
                reasons=reasons(scores.lines(0, whole=True), model=model, language=language),
                excluded=exclusion_label(model, score.excluded, language=language),
                fired=tuple((hand_off_label(model, f.id, language=language), f.at) for f in score.fired),
                state=state,
                moves=moves,
                open_tasks=tasks,
                activities=len(activities.at),
            )
        )
    if not explanations:
        names = ", ".join(m.name for m in models)
        raise UsageError(f"No model applies to person {person_id}.", hint=f"See `applies_to` of: {names}.")
    return tuple(explanations)


def reasons(lines: Sequence[Line], *, model: Model, language: str) -> tuple[Reason, ...]:
    """The score's lines in words, in the document's order."""
    labels = labels_of(model)
    return tuple(
        Reason(
            side=line.side,
            level=line.level,
            id=line.id,
            text=_words(line, labels=labels, language=language),
            points=line.points,
            micropoints=line.micropoints,
            count=line.count,
            latest_at=line.latest_at,
            clamp=line.kind is not LineKind.RULE,
        )
        for line in lines
    )


def labels_of(model: Model) -> Mapping[tuple[str, str], Label]:
    """Labels by (level, id) of rules and groups."""
    sides = (model.fit, model.engagement)
    groups = {("group", g.id): g.label for side in sides for g in side.groups}
    return groups | {("rule", r.id): r.label for side in sides for g in side.groups for r in g.rules}


_CLAMPS: Mapping[tuple[str, str], str] = {
    ("limit", "en"): "limit of",
    ("floor", "en"): "floor of",
    ("limit", "ja"): "上限:",
    ("floor", "ja"): "下限:",
}
_SIDES = {"fit": {"en": "fit", "ja": "属性"}, "engagement": {"en": "engagement", "ja": "行動"}, "": {"en": "the total", "ja": "合計"}}


def _words(line: Line, *, labels: Mapping[tuple[str, str], Label], language: str) -> str:
    label = labels.get((line.level, line.id))
    name = in_language(label, language) if label else _SIDES[line.side][language]
    return name if line.kind is LineKind.RULE else f"{_CLAMPS[(line.kind.value, language)]} {name}"


def exclusion_label(model: Model, exclusion: str, *, language: str) -> str:
    if exclusion == NOT_MEANT:
        return "このモデルの対象外" if language == "ja" else "the model does not apply to this person"
    return next((in_language(e.label, language) for e in model.exclude if e.id == exclusion), "")


def hand_off_label(model: Model, hand_off: str, *, language: str) -> str:
    return next((in_language(h.label, language) for h in model.hand_offs if h.id == hand_off), hand_off)


def lines_of(kept: str) -> tuple[Line, ...]:
    """The lines of a stored score."""
    return tuple(
        Line(
            level=level,
            side=side,
            kind=LineKind(kind),
            id=name,
            points=points,
            micropoints=micropoints,
            count=count,
        )
        for level, side, kind, name, points, micropoints, count, _ in json.loads(kept)
    )
