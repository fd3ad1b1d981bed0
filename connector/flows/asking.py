"""How many records the write lanes may still change in a connection before they ask a person, and what they have asked.

Station: beside `write_due`. Each lane has an allowance of its own, the connection's limit: that of real time counts what went out in the
last 24 hours, however many portions it came in; that of the night counts all slices of one night. Above it the lane asks once. The
question stands by itself until a manual write-back has written that connection, its limit is another, or a document was published.

An hour would let a bad model or import change 24 times the limit in a day before the morning; a day changes it once.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connector.flows.hourly import Hourly, hourly_from
from connector.ports.connections import Connection
from connector.ports.errors import UsageError
from connector.ports.inbox import Lane
from connector.ports.store import Tx

SPANS: Mapping[Lane, timedelta] = {Lane.WRITE: timedelta(hours=24), Lane.NIGHT: timedelta(hours=20)}
"""What was written for so long counts; the slices of the night before do not."""
SPARE = 4
"""Whoever has just asked to be called is written above the limit too, up to the limit divided by this: not without any end, for a bad rule
may take everybody for such a person."""
_SOURCE = "@limit {}"
"""Where it stands among the cursors of a connection; no CRM has a source of that name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one lane has asked about one connection."""

    connection: str
    lane: Lane
    asked_at: datetime
    limit: int
    """As it was then."""
    records: int
    """How many more than a lane may have been called for, at least, with what had been written before."""
    until: int
    """The turn up to which people wait for the answer; 0 in the lane of the night, which goes on without the connection."""

    @property
    def what(self) -> str:
        """The question, for a person."""
        who, when, then = _WORDS[self.lane]
        return (
            f"{who} for at least {self.records:,} changed or new records in '{self.connection}' {when}, "
            f"more than its limit of {self.limit:,}. {then}"
        )


ANSWER = (
    "Look: `hotlead write-back --dry-run`. If it is right: `hotlead write-back --allow N`, with as many as that shows. "
    "If not: mend the model or the data, publish, and they are looked at anew."
)
_WORDS: Mapping[Lane, tuple[str, str, str]] = {
    Lane.WRITE: ("The people who wait call", "within a day", "They wait until somebody decides; whoever asks to be called is written."),
    Lane.NIGHT: ("The night calls", "by one night", "The rest waits until somebody decides; whoever comes anew is written."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How one lane stands with one connection. `spent`: records it planned to change, hour by hour."""

    spent: Hourly = field(default_factory=Hourly)
    question: Question | None = None

    def text(self) -> str:
        asked = self.question
        said = None if asked is None else [asked.asked_at.isoformat(), asked.limit, asked.records, asked.until]
        return json.dumps({"spent": self.spent.plain(), "asked": said})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a lane stands with all connections."""

    spent: Mapping[str, int]
    """Records written in the lane's span, by connection."""
    questions: Mapping[str, Question]
    """Those of this lane without an answer, by connection."""

    @property
    def until(self) -> int:
        """The turn up to which people wait."""
        return max((q.until for q in self.questions.values()), default=0)


def standing(tx: Tx, *, lane: Lane, connections: Sequence[Connection], now: datetime) -> Standing:
    """What was written lately, and what was asked and not answered yet."""
    allowances = {c.name: allowance(tx, connection=c.name, lane=lane) for c in connections}
    return Standing(
        spent={name: one.spent.within(SPANS[lane], now=now) for name, one in allowances.items()},
        questions={q.connection: q for q in _open(tx, connections=connections, asked=[a.question for a in allowances.values()])},
    )


def open_questions(tx: Tx, *, connections: Sequence[Connection]) -> tuple[Question, ...]:
    """Everything that waits for somebody's decision."""
    asked = [allowance(tx, connection=c.name, lane=lane).question for c in connections for lane in SPANS]
    return tuple(_open(tx, connections=connections, asked=asked))


def spend(tx: Tx, *, lane: Lane, rows: Mapping[str, int], now: datetime) -> None:
    """These rows are about to go out. Whatever becomes of them, they count."""
    for name, count in rows.items():
        before = allowance(tx, connection=name, lane=lane)
        _put(tx, connection=name, lane=lane, allowance=Allowance(spent=before.spent.plus(count, at=now), question=before.question), now=now)


def ask(tx: Tx, questions: Iterable[Question]) -> None:
    """From now on these stand."""
    for one in questions:
        before = allowance(tx, connection=one.connection, lane=one.lane)
        _put(
            tx,
            connection=one.connection,
            lane=one.lane,
            allowance=Allowance(spent=before.spent, question=one),
            now=one.asked_at,
        )


def settle(tx: Tx, *, connections: Collection[str], now: datetime) -> None:
    """A person had everything written in these connections: whatever was asked about them is answered, and the count begins anew."""
    for name in connections:
        for lane in SPANS:
            if allowance(tx, connection=name, lane=lane).question is not None:
                _put(tx, connection=name, lane=lane, allowance=Allowance(), now=now)


def refusal(question: Question) -> UsageError:
    """What the run shows that asks."""
    return UsageError(question.what, hint=ANSWER)


def allowance(tx: Tx, *, connection: str, lane: Lane) -> Allowance:
    """As it is stored, with a question that may be answered by now."""
    text = tx.cursors.get(connection=connection, source=_SOURCE.format(lane.value))
    if not text:
        return Allowance()
    parts = json.loads(text)
    question = None
    if parts["asked"] is not None:
        asked_at, limit, records, until = parts["asked"]
        question = Question(
            connection=connection, lane=lane, asked_at=datetime.fromisoformat(asked_at), limit=limit, records=records, until=until
        )
    return Allowance(spent=hourly_from(parts["spent"]), question=question)


def _open(tx: Tx, *, connections: Sequence[Connection], asked: Iterable[Question | None]) -> Iterable[Question]:
    """Those whose limit is still the same, with no document published since."""
    documents = [d.published_at for kind in ("fields", "scoring", "lifecycle") for d in tx.documents.all_current(kind=kind)]
    published_at, limits = max(documents, default=None), {c.name: c.write_limit for c in connections}
    for one in asked:
        if one is not None and one.limit == limits.get(one.connection) and (published_at is None or published_at <= one.asked_at):
            yield one


def _put(tx: Tx, *, connection: str, lane: Lane, allowance: Allowance, now: datetime) -> None:
    tx.cursors.put(connection=connection, source=_SOURCE.format(lane.value), cursor=allowance.text(), at=now)
