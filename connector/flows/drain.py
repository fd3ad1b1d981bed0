"""What the CRMs pushed becomes hints, and hints become rows: raw bodies are split, records named by them are read again.

Station: webhook --adapters/<crm>/webhooks--> inbox --here--> the same road as a pull from RawRecord on. A push is a hint to re-read, never
the truth, so a body that comes twice, late or out of order costs a look and changes nothing.
"""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import partial

from connector.flows.published import mapping_of
from connector.flows.readings import readings_of
from connector.flows.reread import Going, Reread, reread_hints
from connector.flows.road import Road
from connector.ports.hooks import BadEvent, Hint, HintKind, Hooks
from connector.ports.inbox import StoredBody
from connector.ports.store import Connection, Store, Tx

UNIT_EVENTS = 500
"""Events whose hints are kept in one unit (DESIGN §9)."""
BODIES_AT_ONCE = 100


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    split: Split
    reread: Reread


def drain(road: Road, *, connection: Connection, hooks: Hooks, going: Going) -> Drained:
    """Everything that waits for this connection: bodies first, then records to be read again. Repeating is safe; a kill loses nothing."""
    ladder = road.documents().ladder
    with road.store.read() as tx:
        reads = {r.source for r in mapping_of(tx, connection=connection, ladder=ladder).reads}
    found = split(store=road.store, lane=connection.name, hooks=hooks, reads=reads, going=going)
    reread = reread_hints(
        store=road.store,
        crm=road.crm(connection),
        connection=connection,
        readings=readings_of(road.store, connection=connection, ladder=ladder),
        clock=road.clock,
        going=going,
    )
    return Drained(split=found, reread=reread)


def split(*, store: Store, lane: str, hooks: Hooks, reads: Container[str], going: Going) -> Split:
    """Every body of the lane becomes hints, in the unit that takes it out of the inbox."""
    total = Split()
    while going():
        with store.read() as tx:
            bodies = tx.inbox.next(lane=lane, limit=BODIES_AT_ONCE)
        if not bodies:
            break
        one = _split_some(store, lane=lane, bodies=bodies, hooks=hooks, reads=reads)
        total = Split(
            bodies=total.bodies + one.bodies,
            events=total.events + one.events,
            hinted=total.hinted + one.hinted,
            dropped=total.dropped + one.dropped,
            bad=total.bad + one.bad,
        )
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
