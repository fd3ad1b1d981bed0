"""The current score of each person by model, and those worth remembering."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import case, func, select, update

from connector.core.people import PersonId
from connector.ports.people import PersonLine, ScoreRow
from connector.store.instants import from_us, to_us
from connector.store.schema import ladder_states, persons, score_history, scores
from connector.store.transaction import AnyRow, Transaction, chunks

_TEMPERATURES = case((scores.c.temperature == "hot", 0), (scores.c.temperature == "warm", 1), else_=2)

_NAMES = tuple(part.name for part in fields(ScoreRow))


class SqlScores:
    """Fulfils `ports.people.Scores`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def put(self, rows: Sequence[ScoreRow]) -> None:
        """A first score goes to the history too."""
        grades: dict[tuple[PersonId, str], str] = {}
        for model in {row.model for row in rows}:
            for some in chunks([row.person for row in rows if row.model == model]):
                statement = select(scores.c.person, scores.c.grade).where(scores.c.model == model, scores.c.person.in_(some))
                grades.update({(r.person, model): r.grade for r in self._t.rows(statement)})
        self._t.upsert(scores, [_columns(row) for row in rows])
        self.keep([row for row in rows if grades.get((row.person, row.model)) != row.grade])

    def current(self, people: Sequence[PersonId], *, model: str) -> Mapping[PersonId, ScoreRow]:
        found: dict[PersonId, ScoreRow] = {}
        for some in chunks(people):
            statement = select(scores).where(scores.c.model == model, scores.c.person.in_(some))
            found.update({row.person: score_of(row) for row in self._t.rows(statement)})
        return found

    def know(self, people: Sequence[PersonId], *, turn: int) -> None:
        for some in chunks(people):
            self._t.run(update(persons).where(persons.c.id.in_(some), persons.c.scored < turn).values(scored=turn))

    def knowing_more(self, people: Sequence[PersonId], *, than: int) -> frozenset[PersonId]:
        found: set[PersonId] = set()
        for some in chunks(people):
            found.update(row.id for row in self._t.rows(select(persons.c.id).where(persons.c.id.in_(some), persons.c.scored > than)))
        return frozenset(found)

    def keep(self, rows: Sequence[ScoreRow]) -> None:
        """One row for each time a score is as of."""
        self._t.upsert(score_history, [_columns(row) for row in rows])

    def hottest(self, *, model: str, limit: int) -> tuple[PersonLine, ...]:
        """Then by person number, so that the order is always the same."""
        statement = (
            select(scores, persons.c.name, persons.c.email, persons.c.company, ladder_states.c.stage)
            .join(persons, persons.c.id == scores.c.person)
            .outerjoin(ladder_states, ladder_states.c.person == scores.c.person)
            .where(scores.c.model == model, scores.c.excluded == "", persons.c.live.is_(True))
            .order_by(_TEMPERATURES, scores.c.grade, scores.c.rank.desc(), scores.c.person)
            .limit(limit)
        )
        return tuple(_line(row) for row in self._t.rows(statement))

    def grades(self, *, model: str) -> Mapping[str, int]:
        """Persons by grade, the excluded left out."""
        counted = select(scores.c.grade, func.count()).join(persons, persons.c.id == scores.c.person)
        statement = counted.where(scores.c.model == model, scores.c.excluded == "", persons.c.live.is_(True)).group_by(scores.c.grade)
        return self._t.tally(statement)


def _columns(row: ScoreRow) -> dict[str, Any]:
    columns = {name: getattr(row, name) for name in _NAMES}
    columns["as_of"] = to_us(row.as_of)
    return columns


def score_of(row: AnyRow) -> ScoreRow:
    """A stored score; `row` may carry more columns."""
    return ScoreRow(
        person=row.person,
        model=row.model,
        model_version=row.model_version,
        as_of=from_us(row.as_of),
        fit=row.fit,
        engagement=row.engagement,
        total=row.total,
        rank=row.rank,
        grade=row.grade,
        temperature=row.temperature,
        excluded=row.excluded,
        lines=row.lines,
        fired=row.fired,
    )


def _line(row: AnyRow) -> PersonLine:
    name = row.name or row.email or f"Person {row.person}"
    return PersonLine(person=row.person, name=name, email=row.email, company=row.company, score=score_of(row), stage=row.stage or "")
