"""What the CRMs pushed becomes hints, and hints become rows: raw bodies are split, records named by them are read again.

Station: webhook --adapters/<crm>/webhooks--> inbox --here--> the same road as a pull from RawRecord on. A push is a hint to re-read, never
the truth, so a body that comes twice, late or out of order costs a look and changes nothing.
"""

import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import partial

from connector.flows.published import mapping_of
from connector.flows.readings import readings_of
from connector.flows.reread import Going, Reread, reread_hints
from connector.flows.road import Road
from connector.ports.connections import Connection
from connector.ports.hooks import BadEvent, Hint, HintKind, Hooks
from connector.ports.inbox import StoredBody
from connector.ports.store import Store, Tx

UNIT_EVENTS = 500
"""Events whose hints are kept in one unit (DESIGN §9)."""
BODIES_AT_ONCE = 100
MOST_BEFORE_READING = 20_000
"""New events after which a batch is read again although more bodies wait. Splitting them costs a fraction of reading a record, and a record
that many of them name is read once."""
BURST_EVENTS = 100
"""From so many new events at once on, more of them are probably under way, about the same records."""
LULL_S = 0.2
MOST_LULLS = 10
"""A burst is read once nothing more came for the one, or after so many of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """What raw bodies held. `hinted` counts events that were new; what came a second time is in `events` only."""

    bodies: int = 0
    events: int = 0
    hinted: int = 0
    dropped: int = 0
    """About sources that the mapping does not read."""
    bad: tuple[BadEvent, ...] = ()
    """Events that could not be read; the others of their bodies went on."""

    def __add__(self, more: "Split") -> "Split":
        return Split(**{name: getattr(self, name) + getattr(more, name) for name in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    split: Split
    reread: Reread


Unreadable = Callable[[Sequence[BadEvent]], None]
"""Hears of events that could not be read, once their bodies are gone."""


def nobody_hears(bad: Sequence[BadEvent]) -> None:
    """For who looks at what comes back."""
    del bad


def drain(road: Road, *, connection: Connection, hooks: Hooks, going: Going, unreadable: Unreadable = nobody_hears) -> Drained:
    """Everything that waits for this connection. Bodies are split before and between batches of records read again, so that a long list of
    records keeps no body waiting; a burst is split whole first, for many of its events name the same records. Repeating is safe; a kill
    loses nothing.
    """
    ladder = road.documents().ladder
    with road.store.read() as tx:
        reads = {r.source for r in mapping_of(tx, connection=connection, ladder=ladder).reads}
    found = Split()

    def split_some() -> bool:
        nonlocal found
        one = split(store=road.store, lane=connection.name, hooks=hooks, reads=reads, going=going)
        if found.bodies == 0 and one.hinted >= BURST_EVENTS:
            one = _whole_burst(one, partial(split, store=road.store, lane=connection.name, hooks=hooks, reads=reads, going=going))
        if one.bad:
            unreadable(one.bad)
        found += one
        return going()

    split_some()  # also where the CRM cannot be opened: what a body says of people is not kept longer than need be
    reread = reread_hints(
        store=road.store,
        crm=road.crm(connection),
        connection=connection,
        readings=readings_of(road.store, connection=connection, ladder=ladder),
        clock=road.clock,
        going=split_some,
    )
    return Drained(split=found, reread=reread)


def split(*, store: Store, lane: str, hooks: Hooks, reads: Container[str], going: Going) -> Split:
    """Bodies of the lane become hints, in the unit that takes them out of the inbox: all of them, or so many that reading may not wait."""
    total = Split()
    while going() and total.hinted < MOST_BEFORE_READING:
        with store.read() as tx:
            bodies = tx.inbox.next(lane=lane, limit=BODIES_AT_ONCE)
        if not bodies:
            break
        total += _split_some(store, lane=lane, bodies=bodies, hooks=hooks, reads=reads)
    return total


def _whole_burst(total: Split, split_more: Callable[[], Split]) -> Split:
    """With what else of it comes before there is a lull."""
    for _ in range(MOST_LULLS):
        if total.hinted >= MOST_BEFORE_READING:
            break
        time.sleep(LULL_S)
        more = split_more()
        total += more
        if not more.bodies:
            break
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """One body with what it holds."""

    body: StoredBody
    hints: tuple[Hint, ...]
    kept: tuple[Hint, ...]
    bad: tuple[BadEvent, ...]

    @property
    def events(self) -> int:
        return len(self.hints) + len(self.bad)


def _split_some(store: Store, *, lane: str, bodies: Sequence[StoredBody], hooks: Hooks, reads: Container[str]) -> Split:
    """As many of the bodies as fit into one unit; at least one."""
    opened: list[_Opened] = []
    events = 0
    for body in bodies:
        one = _open(body, hooks=hooks, reads=reads)
        if opened and events + one.events > UNIT_EVENTS:
            break
        opened.append(one)
        events += one.events
    hinted = store.write(partial(_keep, lane=lane, opened=opened))
    return Split(
        bodies=len(opened),
        events=events,
        hinted=hinted,
        dropped=sum(len(o.hints) - len(o.kept) for o in opened),
        bad=tuple(bad for o in opened for bad in o.bad),
    )


def _open(body: StoredBody, *, hooks: Hooks, reads: Container[str]) -> _Opened:
    found = tuple(hooks.split(body.body))
    hints = tuple(one for one in found if isinstance(one, Hint))
    # Whoever asked to be forgotten is forgotten, whatever the mapping reads today.
    kept = tuple(h for h in hints if h.source in reads or h.kind is HintKind.ERASED)
    return _Opened(body=body, hints=hints, kept=kept, bad=tuple(one for one in found if isinstance(one, BadEvent)))


def _keep(tx: Tx, *, lane: str, opened: Sequence[_Opened]) -> int:
    hinted = sum(tx.hints.put(o.kept, connection=lane, arrived_at=o.body.at) for o in opened)
    tx.inbox.done([o.body.no for o in opened])
    return hinted
