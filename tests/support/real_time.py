"""The lanes of real time run by hand in this process: hints in, drained, scored, written back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from connector.bootstrap import Clock, Installation, opened, wall_clock
from connector.core.records import RecordKey
from connector.flows.drain import Drained, drain
from connector.flows.progress import silent
from connector.flows.road import Road
from connector.flows.score import score_due
from connector.flows.write_due import WrittenDue, write_due
from connector.flows.write_lane import LaneMemory
from connector.ports.connections import Connection
from connector.ports.hooks import Hint, HintKind
from connector.ports.runs import Run
from connector.ports.store import Tx
from connector.settings import load_settings
from tests.support.journeys import Desk

EVENTS = count(1)


def always() -> bool:
    return True


@dataclass(slots=True, kw_only=True)
class Lanes:
    """One opened installation beside its sandboxes."""

    here: Installation
    road: Road
    memory: LaneMemory = field(default_factory=LaneMemory)

    def connection(self, name: str) -> Connection:
        return self.here.connections([name])[0]

    def hint(self, connection: str, source: str, *records: str, kind: HintKind = HintKind.CHANGED, at: datetime | None = None) -> None:
        """As if the CRM had pushed an event about each record."""
        hints = [Hint(event=f"test {next(EVENTS)}", source=source, record=record, kind=kind) for record in records]
        now = at or self.road.clock()
        self.here.store.write(lambda tx: tx.hints.put(hints, connection=connection, arrived_at=now))

    def drain(self, *names: str) -> dict[str, Drained]:
        """Until no hint is left that leads to others."""
        crms = names or tuple(c.name for c in self.here.connections())
        return {
            n: drain(self.road, connection=self.connection(n), hooks=self.here.kinds[self.connection(n).crm].hooks, going=always)
            for n in crms
        }

    def score(self) -> int:
        """How many people were scored."""
        scored = 0
        while one := score_due(store=self.here.store, models=self.road.documents().models, clock=self.road.clock):
            scored += one.people
        return scored

    def write(self) -> WrittenDue:
        return write_due(self.road, memory=self.memory, going=always)

    def settle(self) -> WrittenDue:
        """Everything that waits goes its way once."""
        self.drain()
        self.score()
        return self.write()

    def waiting(self) -> dict[str, int]:
        """Rows that wait anywhere, by lane."""

        def count_all(tx: Tx) -> dict[str, int]:
            marks = {lane.value: backlog.waiting for lane, backlog in tx.marks.waiting().items()}
            return {**marks, **{f"hints {name}": backlog.waiting for name, backlog in tx.hints.waiting().items()}}

        with self.here.store.read() as tx:
            return count_all(tx)

    def runs(self) -> tuple[Run, ...]:
        with self.here.store.read() as tx:
            return tx.runs.recent(limit=100)

    def stored(self, connection: str, source: str, ids: Sequence[str]) -> list[str]:
        """What of these rows is here: `live`, `deleted`, `survived by <id>`, or `unknown`."""
        keys = [RecordKey(connection, source, one) for one in ids]
        with self.here.store.read() as tx:
            raw = tx.raw.get(keys)
        return [
            "unknown" if k not in raw else f"survived by {s.id}" if (s := raw[k].survivor) else "deleted" if raw[k].deleted else "live"
            for k in keys
        ]

    def person_of(self, connection: str, source: str, record: str) -> int | None:
        with self.here.store.read() as tx:
            return tx.people.of([RecordKey(connection, source, record)]).get(RecordKey(connection, source, record))


@contextmanager
def lanes(desk: Desk, *, breaker_writes: int = 12, clock: Clock = wall_clock) -> Iterator[Lanes]:
    """The desk's installation, held for writing by this process, at the time that `clock` tells."""
    settings = load_settings(data_dir=desk.data)
    with opened(settings, command="test", writing=True, clock=clock) as here:
        road = Road(
            store=here.store,
            open=here.open,
            pool=here.pool,
            clock=here.clock,
            progress=silent,
            deal_history=settings.deal_history,
            breaker_writes=breaker_writes,
        )
        yield Lanes(here=here, road=road)


def ids_of(desk: Desk, connection: str, source: str, many: int) -> list[str]:
    """The first so many living rows of a source that the store holds."""
    found = desk.rows(
        "SELECT r.id FROM raw r JOIN sources o ON o.no = r.source WHERE o.connection = ? AND o.source = ? AND r.deleted = 0"
        " AND r.survivor IS NULL ORDER BY r.id LIMIT ?",
        connection,
        source,
        many,
    )
    return [one for (one,) in found]


def leads(desk: Desk, many: int) -> list[str]:
    """Leads that are not converted yet."""
    found = ids_of(desk, "salesforce", "Lead", 1000)
    open_ = [one for one in found if not desk.value("salesforce", "Lead", one, "IsConverted")]
    return open_[:many]


def done(tally: dict[str, int] | object, name: str) -> int:
    assert isinstance(tally, dict)
    return sum(rows for what, rows in tally.items() if what.startswith(f"{name} ") and what.endswith(" done"))


def quiet_one(desk: Desk) -> tuple[int, str, str]:
    """A person whom only HubSpot knows: person, contact, address."""
    ((person, contact, email),) = desk.rows(
        "SELECT p.id, min(m.id), p.email FROM persons p JOIN members m ON m.person = p.id JOIN sources o ON o.no = m.source"
        " JOIN scores s ON s.person = p.id WHERE s.excluded = '' AND p.email <> '' AND s.temperature = 'cold'"
        " GROUP BY p.id HAVING count(*) = 1 AND min(o.source) = 'contacts' ORDER BY p.id LIMIT 1"
    )
    return person, contact, email
