"""What the store keeps of persons: which rows they are, what they did, how they score, where they stand, and who was asked to follow up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connector.core.people import Person, PersonId
from connector.core.qualification import LadderState, StageMove
from connector.core.records import Activity, RecordKey
from connector.ports.crm import NewTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """Puts a row into a person. `person` below 0 means a new person; equal negative numbers in one call mean the same new person."""

    key: RecordKey
    person: PersonId
    emails: tuple[str, ...] | None
    """Normalised addresses by which other rows may join; role mailboxes are not among them. None leaves those that are stored."""
    why: str
    confidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Two persons turn out to be one; rows, activities, state and history move to the survivor. A dated event that can be split again."""

    survivor: PersonId
    loser: PersonId
    why: str
    confidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """A score as it is kept: `lines` is a JSON list of `[level, side, kind, id, points, micropoints, count, latest_at]`."""

    person: PersonId
    model: str
    model_version: int
    as_of: datetime
    fit: int
    engagement: int
    total: int
    rank: int
    grade: str
    temperature: str
    excluded: str
    lines: str
    fired: str
    """JSON: hand-off id → seconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A task that the product made or is about to make."""

    task: NewTask
    person: PersonId
    rule: str
    trigger: str
    connection: str
    state: str
    """`planned`, `open`, `closed` (completed or thrown away in the CRM), `refused`."""
    record: str = ""
    """The CRM's id of the task, once made."""
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """One person in a list."""

    person: PersonId
    name: str
    email: str
    company: str
    score: ScoreRow | None
    stage: str


class PeopleStore(Protocol):
    def of(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, PersonId]: ...
    def holders(self, emails: Sequence[str], *, production: bool) -> Mapping[str, tuple[PersonId, ...]]:
        """Who holds a row with this normalised address among connections of the same kind (production or test)."""

    def attach(self, rows: Sequence[Attach], *, at: datetime) -> Mapping[RecordKey, PersonId]: ...
    def join(self, joins: Sequence[Join], *, at: datetime) -> None: ...
    def at_companies(self, companies: Sequence[RecordKey]) -> tuple[PersonId, ...]: ...
    def count(self) -> int:
        """Persons with at least one live row."""

    def ids(self, *, after: PersonId, limit: int) -> tuple[PersonId, ...]:
        """Persons with a live row, ascending."""

    def load(self, people: Sequence[PersonId]) -> tuple[Person, ...]: ...
    def find(self, text: str, *, limit: int = 20) -> tuple[PersonLine, ...]:
        """By e-mail address, record id, person number, or part of a name or company."""


class ActivityStore(Protocol):
    def put(self, rows: Sequence[tuple[PersonId, Activity]], *, seen_at: datetime) -> tuple[PersonId, ...]:
        """Persons whose activities really changed; the same activity again changes nothing, a deleted one is taken away."""

    def of(self, person: PersonId) -> tuple[Activity, ...]:
        """Oldest first."""

    def roll_ups_of(self, contacts: Sequence[RecordKey]) -> tuple[tuple[RecordKey, str], ...]:
        """Row and id of each activity that these contact rows told themselves (moments and counters)."""

    def count(self) -> int: ...
    def kinds(self) -> Mapping[str, int]:
        """How many persons have at least one activity of each kind, for starved rules."""


class Scores(Protocol):
    def put(self, rows: Sequence[ScoreRow]) -> None:
        """Becomes the current score; a row goes to the history when its grade differs from the one before."""

    def current(self, people: Sequence[PersonId], *, model: str) -> Mapping[PersonId, ScoreRow]: ...
    def know(self, people: Sequence[PersonId], *, turn: int) -> None:
        """The scores of these people, or that they have none, come of everything that was marked up to this turn."""

    def knowing_more(self, people: Sequence[PersonId], *, than: int) -> frozenset[PersonId]:
        """Those of these people whose scores are known to come of something that was marked after this turn."""

    def keep(self, rows: Sequence[ScoreRow]) -> None:
        """Adds to the history (it was written to a CRM)."""

    def hottest(self, *, model: str, limit: int) -> tuple[PersonLine, ...]:
        """Not excluded, by temperature, then grade, then rank."""

    def grades(self, *, model: str) -> Mapping[str, int]: ...


class LadderStates(Protocol):
    def get(self, people: Sequence[PersonId]) -> Mapping[PersonId, LadderState]: ...
    def put(self, states: Sequence[LadderState], *, moves: Sequence[StageMove], run: int) -> None: ...
    def moves(self, person: PersonId) -> tuple[StageMove, ...]: ...
    def counts(self) -> Mapping[str, int]:
        """Persons by stage."""


class FollowUps(Protocol):
    def put(self, follow_up: FollowUp) -> None: ...
    def open_of(self, people: Sequence[PersonId]) -> Mapping[PersonId, tuple[FollowUp, ...]]: ...
    def get(self, key: str) -> FollowUp | None: ...
    def open_in(self, connection: str, *, after: str, limit: int) -> tuple[str, ...]:
        """Hotlead Keys of the tasks that are open in this connection, ascending, from the first one above `after`."""

    def close(self, keys: Sequence[str]) -> None:
        """These ended; one that is not open stays as it is."""
