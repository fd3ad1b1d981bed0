"""Scores people: whole shards in child processes, or a few at once here. Only what differs is stored."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import numpy as np

from connector.core.facts import Activities, People
from connector.core.model import Model
from connector.core.people import SHARDS, PersonId
from connector.core.scoring import Compiled, compile_model, score_people
from connector.flows.progress import Progress, Step
from connector.flows.score_rows import rows_of
from connector.ports.inbox import Lane
from connector.ports.people import ScoreRow
from connector.ports.store import ShardPool, ShardReader, Store, Tx

Clock = Callable[[], datetime]
UNIT_ROWS = 500
NOT_MEANT = "not-meant"
"""Stands as the exclusion of people to whom the model does not apply; no document can call one so."""
KEPT_MODELS = 16
"""Models found by identity; more than run side by side anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """`people` were scored by a model, `changed` of them got another score than they had; who lost one is among `changed` only."""

    people: int
    changed: int
    excluded: int


def score_all(
    *,
    store: Store,
    pool: ShardPool,
    models: Sequence[Model],
    now: datetime,
    clock: Clock,
    progress: Progress,
    shards: Sequence[int] = range(SHARDS),
    lane: Lane = Lane.WRITE,
) -> Scored:
    """Everybody, or everybody of some shards, by every model that applies, as of `now`. Whose score differs then waits in `lane`."""
    started, high = clock(), _high(store)
    people = changed = excluded = 0
    work = partial(score_shard, models=tuple(models), now=now)
    for done, rows in enumerate(pool.each_shard(work, shards=shards), start=1):
        people += sum(1 for r in rows if r.excluded != NOT_MEANT)
        excluded += sum(1 for r in rows if r.excluded not in ("", NOT_MEANT))
        changed += keep(store=store, rows=rows, high=high, started=started, lane=lane)
        progress(Step(name="scoring", done=done, of=len(shards), unit="shards"))
    return Scored(people=people, changed=changed, excluded=excluded)


def score_some(*, store: Store, people: Sequence[PersonId], models: Sequence[Model], now: datetime, clock: Clock) -> Scored:
    """The named persons, read and scored in this process."""
    started, high = clock(), _high(store)
    loaded, activities = store.load_people(people, facts=facts_of(models), since=since(models, now=now))
    rows = score_rows(loaded, activities, models=models, now=now)
    changed = keep(store=store, rows=rows, high=high, started=started)
    gone = sorted(set(people) - {r.person for r in rows})
    if gone:
        store.write(partial(_without_rows, people=gone, high=high))
    meant = [r for r in rows if r.excluded != NOT_MEANT]
    return Scored(people=len(meant), changed=changed, excluded=sum(1 for r in meant if r.excluded))


def score_due(*, store: Store, models: Sequence[Model], clock: Clock, limit: int = UNIT_ROWS) -> Scored | None:
    """The people who wait for it, longest first, as of now; None where nobody does. They then wait to be written back, since as long."""
    with store.read() as tx:
        waiting = [mark.person for mark in tx.marks.next(lane=Lane.SCORE, limit=limit)]
    return score_some(store=store, people=waiting, models=models, now=clock(), clock=clock) if waiting else None


def score_shard(reader: ShardReader, shard: int, *, models: tuple[Model, ...], now: datetime) -> tuple[ScoreRow, ...]:
    """One shard's scores; runs in a child process."""
    people, activities = reader.shard(shard, facts=facts_of(models), since=since(models, now=now))
    return score_rows(people, activities, models=models, now=now)


def score_rows(people: People, activities: Activities, *, models: Sequence[Model], now: datetime) -> tuple[ScoreRow, ...]:
    """A row for each person and model; where the model does not apply, one that takes the place of a score the person may have."""
    rows: list[ScoreRow] = []
    for model in models:
        scores = score_people(compiled(model), people=people, activities=activities, now=now)
        rows.extend(rows_of(scores))
        rows.extend(_not_meant(int(people.ids[n]), model=model, as_of=scores.as_of) for n in np.flatnonzero(~scores.applies))
    return tuple(rows)


def _not_meant(person: PersonId, *, model: Model, as_of: datetime) -> ScoreRow:
    return ScoreRow(
        person=person,
        model=model.name,
        model_version=model.version,
        as_of=as_of,
        fit=0,
        engagement=0,
        total=0,
        rank=0,
        grade="",
        temperature="cold",
        excluded=NOT_MEANT,
        lines="[]",
        fired="{}",
    )


_READY: dict[str, Compiled] = {}
_LAST: list[tuple[Model, Compiled]] = []


def compiled(model: Model) -> Compiled:
    """The model ready to score, kept for the next shard or person.

    Found by identity, else by its text: equality would take `1` and `true` for the same literal.
    """
    for known, ready in _LAST:
        if known is model:
            return ready
    text = repr(model)
    if text not in _READY:
        _READY[text] = compile_model(model)
    ready = _READY[text]
    _LAST[:] = [(model, ready), *_LAST[: KEPT_MODELS - 1]]
    return ready


def _high(store: Store) -> int:
    """The newest turn before the facts are read: marks of later turns stand for what these scores do not know yet."""
    with store.read() as tx:
        return tx.marks.high()


def keep(*, store: Store, rows: Sequence[ScoreRow], high: int, started: datetime, lane: Lane = Lane.WRITE) -> int:
    """Stores the rows that say something else than the current ones; how many those are.

    Whoever was scored meanwhile with something that came in after `high` is left as they are: the rows here do not know of it.
    Whoever waited to be scored, by a turn up to `high`, now waits to be written back; who got another score waits in `lane`.
    """
    return sum(store.write(partial(_keep_unit, rows=piece, high=high, started=started, lane=lane)) for piece in _pieces(rows))


def _pieces(rows: Sequence[ScoreRow]) -> Iterator[list[ScoreRow]]:
    """Rows of one unit each; those of one person stay together, so that nobody stops waiting with a part of their scores."""
    piece: list[ScoreRow] = []
    for row in sorted(rows, key=lambda r: r.person):
        if len(piece) >= UNIT_ROWS and row.person != piece[-1].person:
            yield piece
            piece = []
        piece.append(row)
    if piece:
        yield piece


def _without_rows(tx: Tx, *, people: Sequence[PersonId], high: int) -> None:
    """Nothing is left of them that could be scored or written."""
    tx.marks.done(people, lane=Lane.SCORE, until=high)
    tx.scores.know(people, turn=high)


def _keep_unit(tx: Tx, *, rows: Sequence[ScoreRow], high: int, started: datetime, lane: Lane) -> int:
    fresher = tx.scores.knowing_more(sorted({r.person for r in rows}), than=high)
    rows = [r for r in rows if r.person not in fresher]
    different: list[ScoreRow] = []
    for model in sorted({r.model for r in rows}):
        mine = [r for r in rows if r.model == model]
        current = tx.scores.current([r.person for r in mine], model=model)
        different.extend(r for r in mine if _is_news(r, current.get(r.person)))
    tx.scores.put(different)
    tx.marks.put([r.person for r in different], lane=lane, since=started)
    tx.scores.know(tx.marks.move([r.person for r in rows], lane=Lane.SCORE, to=Lane.WRITE, until=high), turn=high)
    tx.wake("write_back")
    return len(different)


def _is_news(row: ScoreRow, before: ScoreRow | None) -> bool:
    return row.excluded != NOT_MEANT if before is None else _said(row) != _said(before)


def _said(row: ScoreRow) -> tuple[object, ...]:
    """What a score says, apart from when."""
    return (row.model_version, row.fit, row.engagement, row.total, row.rank, row.grade, row.temperature, row.excluded, row.lines, row.fired)


def facts_of(models: Sequence[Model]) -> tuple[str, ...]:
    """Facts that any of the models asks for."""
    return tuple(sorted({name for m in models for name in m.fact_names()}))


def since(models: Sequence[Model], *, now: datetime) -> datetime:
    """The oldest time that any of the models looks at."""
    return now - timedelta(hours=max(m.longest_window_hours() for m in models) + 1)
