"""All concerns inside one transaction."""

from collections.abc import Sequence

from connector.core.people import PersonId
from connector.core.records import RecordKey
from connector.ports.connections import Connections, Sealing
from connector.ports.documents import Documents
from connector.ports.inbox import HeldEvents, Hints, Inbox, Leases, Marks, Workers
from connector.ports.people import ActivityStore, FollowUps, LadderStates, PeopleStore, Scores
from connector.ports.plans import Plans
from connector.ports.rows import Cursors, Raw, Records, UnknownValues
from connector.ports.runs import Journal, ParkedRows, Runs
from connector.ports.sites import Sites
from connector.store.activities import SqlActivities
from connector.store.connections import SqlConnections
from connector.store.cursors import SqlCursors
from connector.store.documents import SqlDocuments
from connector.store.erasing import erase
from connector.store.follow_ups import SqlFollowUps
from connector.store.held_events import SqlHeldEvents
from connector.store.hints import SqlHints
from connector.store.inbox import SqlInbox
from connector.store.journal import SqlJournal
from connector.store.ladder import SqlLadder
from connector.store.leases import SqlLeases
from connector.store.marks import SqlMarks
from connector.store.parked import SqlParked
from connector.store.people import SqlPeople
from connector.store.plans import SqlPlans
from connector.store.raw import SqlRaw
from connector.store.records import SqlRecords
from connector.store.runs import SqlRuns
from connector.store.scores import SqlScores
from connector.store.sealing import SqlSealing
from connector.store.sites import SqlSites
from connector.store.transaction import Transaction
from connector.store.unknowns import SqlUnknowns
from connector.store.workers import SqlWorkers


class SqlTx:
    """Fulfils `ports.store.Tx`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    @property
    def connections(self) -> Connections:
        return SqlConnections(self._t)

    @property
    def documents(self) -> Documents:
        return SqlDocuments(self._t)

    @property
    def cursors(self) -> Cursors:
        return SqlCursors(self._t)

    @property
    def raw(self) -> Raw:
        return SqlRaw(self._t)

    @property
    def records(self) -> Records:
        return SqlRecords(self._t)

    @property
    def people(self) -> PeopleStore:
        return SqlPeople(self._t)

    @property
    def activities(self) -> ActivityStore:
        return SqlActivities(self._t)

    @property
    def scores(self) -> Scores:
        return SqlScores(self._t)

    @property
    def ladder(self) -> LadderStates:
        return SqlLadder(self._t)

    @property
    def follow_ups(self) -> FollowUps:
        return SqlFollowUps(self._t)

    @property
    def plans(self) -> Plans:
        return SqlPlans(self._t)

    @property
    def journal(self) -> Journal:
        return SqlJournal(self._t)

    @property
    def runs(self) -> Runs:
        return SqlRuns(self._t)

    @property
    def parked(self) -> ParkedRows:
        return SqlParked(self._t)

    @property
    def unknowns(self) -> UnknownValues:
        return SqlUnknowns(self._t)

    @property
    def inbox(self) -> Inbox:
        return SqlInbox(self._t)

    @property
    def hints(self) -> Hints:
        return SqlHints(self._t)

    @property
    def marks(self) -> Marks:
        return SqlMarks(self._t)

    @property
    def leases(self) -> Leases:
        return SqlLeases(self._t)

    @property
    def workers(self) -> Workers:
        return SqlWorkers(self._t)

    @property
    def sites(self) -> Sites:
        return SqlSites(self._t)

    @property
    def held_events(self) -> HeldEvents:
        return SqlHeldEvents(self._t)

    @property
    def sealing(self) -> Sealing:
        return SqlSealing(self._t)

    def wake(self, job: str, *, key: str = "") -> None:
        self._t.wakes.add((job, key))

    def erase(self, keys: Sequence[RecordKey]) -> tuple[PersonId, ...]:
        return erase(self._t, keys)
