"""By night everybody waits to be planned, also whose score stayed: some things are due by time alone.

Station: before `write_due`, which takes the lane of the night a slice at a time, whenever nobody else waits to be written.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from connector.core.people import PersonId
from connector.core.records import RecordKey
from connector.ports.inbox import Lane
from connector.ports.runs import Parked
from connector.ports.store import Store, Tx

AT_ONCE = 500
"""People of one unit."""
PARKED_AT_ONCE = 10_000


def mark_everybody(*, store: Store, now: datetime, going: Callable[[], bool]) -> bool:
    """Puts everybody with a live row into the lane of the night; whether it came to the end. Parked rows of nobody are forgotten."""
    _forget_gone(store)
    after = 0
    while going():
        with store.read() as tx:
            people = tx.people.ids(after=after, limit=AT_ONCE)
        if not people:
            return True
        store.write(partial(_mark, people=people, now=now))
        after = people[-1]
    return False


def _forget_gone(store: Store) -> None:
    """Parked rows whose person has no live row any more: nobody plans those, so nothing else takes them away."""
    with store.read() as tx:
        parked = tx.parked.all(limit=PARKED_AT_ONCE)
        people = tx.people.of([one.key for one in parked])
        alive = {
            p.id for start in range(0, len(parked), AT_ONCE) for p in tx.people.load(sorted(_of(parked[start : start + AT_ONCE], people)))
        }
    gone = [(one.key, one.what) for one in parked if people.get(one.key) not in alive]
    for start in range(0, len(gone), AT_ONCE):
        store.write(partial(_clear, rows=gone[start : start + AT_ONCE]))


def _of(parked: Sequence[Parked], people: Mapping[RecordKey, PersonId]) -> set[PersonId]:
    return {people[one.key] for one in parked if one.key in people}


def _clear(tx: Tx, *, rows: Sequence[tuple[RecordKey, str]]) -> None:
    tx.parked.clear(rows)


def _mark(tx: Tx, *, people: Sequence[PersonId], now: datetime) -> None:
    tx.marks.put(people, lane=Lane.NIGHT, since=now)
    tx.wake("write_back")
