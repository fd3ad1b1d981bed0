"""What web pages and products sent becomes activities of the people who did it, or is held until those people are known.

Station: receiver --inbox, lane `site`--> here --> activities and the people to score, in one unit with the end of the body. A visitor is
somebody once a signed event has named visitor and address together; what the visitor did before then counts too.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from connector.core.people import Person, PersonId
from connector.core.records import Activity, RecordKey
from connector.flows.event_shapes import EventsRefused
from connector.flows.site_envelope import Deed, deed_of, deeds
from connector.ports.inbox import SITE, HeldEvent, Lane, StoredBody
from connector.ports.store import Store, Tx

SOURCE = "site event"
"""Stands where activities of a CRM have the kind of row they came from."""
IDENTIFY = "identify"
SCORE = "score"
"""The job that scores who waits."""
BODIES_AT_ONCE = 100
UNIT_EVENTS = 200
"""Events of one unit: each writes up to three rows."""
ADDRESSES_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteDrained:
    """`events` that bodies told, `fresh` of them for the first time. `acted` became activities, earlier held ones among them."""

    bodies: int = 0
    events: int = 0
    fresh: int = 0
    acted: int = 0
    held: int = 0
    bad: int = 0
    """Bodies that are not what a receiver keeps; they are dropped."""

    def __add__(self, more: "SiteDrained") -> "SiteDrained":
        return SiteDrained(**{name: getattr(self, name) + getattr(more, name) for name in self.__slots__})


def drain_site(*, store: Store, clock: Callable[[], datetime], going: Callable[[], bool]) -> SiteDrained:
    """Everything that waits in the lane. Each event acts once, however often and in whatever order it comes; a kill loses nothing."""
    total = SiteDrained()
    while going():
        with store.read() as tx:
            bodies = tx.inbox.next(lane=SITE, limit=BODIES_AT_ONCE)
        if not bodies:
            break
        opened = _some([_open(body) for body in bodies])
        total += store.write(partial(_drain, opened=opened, now=clock()))
    return total


def release_held(*, store: Store, clock: Callable[[], datetime], going: Callable[[], bool]) -> int:
    """Lets held events act whose address belongs to somebody by now; how many. Repeating is safe."""
    released, after = 0, ""
    while going():
        with store.read() as tx:
            addresses = tx.held_events.addresses(after=after, limit=ADDRESSES_AT_ONCE)
            known = {a for production in (True, False) for a in tx.people.holders([a for a in addresses if a], production=production)}
        for address in sorted(known):
            released += store.write(partial(_release, addresses=[address], now=clock()))
        if len(addresses) < ADDRESSES_AT_ONCE:
            break
        after = addresses[-1]
    return released


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    body: StoredBody
    deeds: tuple[Deed, ...]
    bad: bool = False


def _open(body: StoredBody) -> _Opened:
    try:
        return _Opened(body=body, deeds=deeds(body.body, arrived_at=body.at))
    except EventsRefused:
        return _Opened(body=body, deeds=(), bad=True)


def _some(opened: Sequence[_Opened]) -> Sequence[_Opened]:
    """The first ones that fit into a unit; at least one."""
    events = 0
    for number, one in enumerate(opened):
        events += len(one.deeds)
        if number and events > UNIT_EVENTS:
            return opened[:number]
    return opened


@dataclass(slots=True)
class _Waiting:
    """Deeds by id with the arrival that lets them act now."""

    deeds: dict[str, Deed] = field(default_factory=dict)
    since: dict[str, datetime] = field(default_factory=dict)

    def add(self, deed: Deed, *, since: datetime) -> None:
        self.deeds[deed.id] = deed
        self.since.setdefault(deed.id, since)


def _drain(tx: Tx, *, opened: Sequence[_Opened], now: datetime) -> SiteDrained:
    arrivals = [(deed, one.body.at) for one in opened for deed in one.deeds]
    new = tx.held_events.is_new([deed.id for deed, _ in arrivals])
    fresh: dict[str, tuple[Deed, datetime]] = {}
    grown: dict[str, tuple[Deed, datetime]] = {}
    for deed, at in arrivals:
        if deed.id in new or deed.grows:
            among = fresh if deed.id in new else grown
            first, since = among.get(deed.id, (deed, at))
            among[deed.id] = (first.merged(deed), since)
    waiting = _Waiting()
    for deed, at in (*fresh.values(), *_grown(tx, grown.values())):
        if deed.kind != IDENTIFY:
            waiting.add(deed, since=at)
    _name(tx, fresh.values(), waiting=waiting)
    acted = _act(tx, waiting, now=now)
    tx.held_events.seen(sorted(fresh), at=now)
    tx.inbox.done([one.body.no for one in opened])
    return SiteDrained(
        bodies=len(opened),
        events=len(arrivals),
        fresh=len(fresh),
        acted=acted,
        held=sum(1 for id_ in waiting.deeds if id_ in fresh),
        bad=sum(1 for one in opened if one.bad),
    )


def _grown(tx: Tx, known: Collection[tuple[Deed, datetime]]) -> list[tuple[Deed, datetime]]:
    """Of deeds that came before, those that have grown since, as they are now."""
    by_visitor = {deed.visitor: deed for deed, _ in known}
    held = {event.id: deed_of(event.text) for event in tx.held_events.of(visitors=sorted(by_visitor), emails=[])}
    names = tx.held_events.names(sorted(by_visitor))
    rows = _rows(tx, [deed.by(names.get(visitor, "")) for visitor, deed in by_visitor.items()])
    acted = {a.id: a for person, _ in rows.values() for a in tx.activities.of(person) if a.source == SOURCE}
    grown = []
    for deed, at in known:
        old = held.get(deed.id) or (deed.as_kept(acted[deed.id]) if deed.id in acted else deed)
        now = old.merged(deed)
        if now != old:
            grown.append((now, at))
    return grown


def _name(tx: Tx, fresh: Iterable[tuple[Deed, datetime]], *, waiting: _Waiting) -> None:
    """Keeps who visitors say they are, and lets what they did before wait with the rest."""
    names = [(deed, at) for deed, at in fresh if deed.visitor and deed.email]
    for deed, _ in sorted(names, key=lambda pair: (pair[0].at, pair[0].id)):
        tx.held_events.name({deed.visitor: deed.email}, at=deed.at)
    since = {deed.visitor: at for deed, at in names}
    for event in tx.held_events.of(visitors=sorted(since), emails=[]):
        if event.id not in waiting.deeds:
            waiting.add(deed_of(event.text), since=since[event.visitor])


def _release(tx: Tx, *, addresses: Sequence[str], now: datetime) -> int:
    waiting = _Waiting()
    for event in tx.held_events.of(visitors=[], emails=addresses):
        waiting.add(deed_of(event.text), since=now)
    return _act(tx, waiting, now=now)


def _act(tx: Tx, waiting: _Waiting, *, now: datetime) -> int:
    """Those whose person is known become activities and are no longer held; the others are. How many acted; they leave `waiting` too."""
    names = tx.held_events.names([d.visitor for d in waiting.deeds.values() if d.visitor and not d.email])
    named = {id_: deed if deed.email else deed.by(names.get(deed.visitor, "")) for id_, deed in waiting.deeds.items()}
    rows = _rows(tx, named.values())
    acting = {id_: (*rows[deed.email, deed.production], deed) for id_, deed in named.items() if (deed.email, deed.production) in rows}
    changed = tx.activities.put([(person, _activity(deed, contact=row)) for person, row, deed in acting.values()], seen_at=now)
    _mark(tx, changed, since=_oldest(acting, since=waiting.since))
    tx.held_events.release(sorted(acting))
    tx.held_events.put([_held(deed) for id_, deed in named.items() if id_ not in acting])
    for id_ in acting:
        del waiting.deeds[id_]
    return len(acting)


def _rows(tx: Tx, some: Iterable[Deed]) -> dict[tuple[str, bool], tuple[PersonId, RecordKey]]:
    """The person of each address, by kind of connection, and the row of theirs that gets the activity: a live one with that address."""
    asked = {(d.email, d.production) for d in some if d.email}
    holders = {
        (email, production): people[0]
        for production in (True, False)
        for email, people in tx.people.holders(sorted(e for e, p in asked if p is production), production=production).items()
    }
    loaded = {person.id: person for person in tx.people.load(sorted(set(holders.values())))}
    return {who: (id_, row) for who, id_ in holders.items() if id_ in loaded and (row := _row(loaded[id_], email=who[0])) is not None}


def _row(person: Person, *, email: str) -> RecordKey | None:
    live = [m.contact for m in person.members if m.is_live]
    with_it = [c for c in live if email in c.emails]
    return min((c.key for c in with_it or live), default=None)


def _oldest(acting: Mapping[str, tuple[PersonId, RecordKey, Deed]], *, since: Mapping[str, datetime]) -> dict[PersonId, datetime]:
    oldest: dict[PersonId, datetime] = {}
    for id_, (person, _, _) in acting.items():
        oldest[person] = min(since[id_], oldest.get(person, since[id_]))
    return oldest


def _mark(tx: Tx, people: Sequence[PersonId], *, since: Mapping[PersonId, datetime]) -> None:
    """Each since their own oldest arrival; who only lost an activity, since the oldest of all."""
    marked = {person: since.get(person, min(since.values())) for person in people}
    for at in sorted(set(marked.values())):
        tx.marks.put([p for p, since_then in marked.items() if since_then == at], lane=Lane.SCORE, since=at)
    if marked:
        tx.wake(SCORE)


def _activity(deed: Deed, *, contact: RecordKey) -> Activity:
    return Activity(
        id=deed.id,
        contact=contact,
        source=SOURCE,
        kind=deed.kind,
        at=deed.at,
        path=deed.path,
        form=deed.form,
        asset=deed.asset,
        campaign=deed.campaign,
        feature=deed.feature,
        seconds=deed.seconds,
    )


def _held(deed: Deed) -> HeldEvent:
    return HeldEvent(id=deed.id, visitor=deed.visitor, email=deed.email, at=deed.at, text=deed.text)
