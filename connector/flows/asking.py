"""What the write lanes have asked a person, and whether it was answered: above a connection's limit a run stops and asks.

Station: beside `write_due`. It stands in the counts of the run that asked. A manual write-back that ends well answers it, so does another
limit or another document. The slices of one night are one run in this: what they wrote so far counts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from connector.flows.runs import NIGHTLY, REAL_TIME, Running
from connector.ports.connections import Connection
from connector.ports.errors import UsageError
from connector.ports.runs import Run
from connector.ports.store import Tx

RUNS_LOOKED_AT = 1_000
ONE_NIGHT = timedelta(hours=20)
DECIDES = frozenset({"write-back", "run"})
"""Runs by which a person answers what a lane has asked."""
_UNTIL = "{} asked until turn"
_LIMIT = "{} asked above limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What waits for a person's decision."""

    until: int
    """The turn up to which people wait in the lane of real time; 0 where nobody does."""
    names: frozenset[str]
    """Connections that either lane asked about; the night leaves them aside."""
    nightly: Mapping[str, int]
    """Records that this night's slices have written so far, by connection."""


def standing(tx: Tx, *, connections: Sequence[Connection], now: datetime) -> Asked:
    """What was asked and not answered yet."""
    published_at = max(
        (d.published_at for kind in ("fields", "scoring", "lifecycle") for d in tx.documents.all_current(kind=kind)), default=None
    )
    until, names, nightly = 0, set[str](), Counter[str]()
    for run in tx.runs.recent(limit=RUNS_LOOKED_AT):
        if run.verb in DECIDES and run.state == "done":
            break
        if run.verb not in (REAL_TIME, NIGHTLY) or (published_at is not None and run.started_at < published_at):
            continue
        asked = {c.name: run.counts.get(_UNTIL.format(c.name), 0) for c in connections if _is_open(run, connection=c)}
        names.update(asked)
        if run.verb == REAL_TIME:
            until = max([until, *asked.values()])
        elif run.started_at >= now - ONE_NIGHT:
            nightly.update({c.name: _rows(run, name=c.name) for c in connections})
    return Asked(until=until, names=frozenset(names), nightly=nightly)


def ask(running: Running, *, name: str, limit: int, rows: int, high: int, by_night: bool) -> UsageError:
    """What to show: the run stops in this connection. Its counts hold what was asked, for the next look at the lane."""
    running.counts[_UNTIL.format(name)], running.counts[_LIMIT.format(name)] = high, limit
    who, then = ("The night calls", "The rest waits") if by_night else ("The people who wait call", "They wait")
    return UsageError(
        f"{who} for at least {rows:,} changed or new records in '{name}', more than its limit of {limit:,}. "
        f"{then} until somebody decides; whoever comes anew is written.",
        hint="Look: `hotlead write-back --dry-run`. If it is right: `hotlead write-back --allow N`, with as many as that shows.",
    )


def _is_open(run: Run, *, connection: Connection) -> bool:
    """Whether this run asked about the connection, and its limit is still the same."""
    return run.counts.get(_LIMIT.format(connection.name)) == connection.write_limit


def _rows(run: Run, *, name: str) -> int:
    return sum(rows for what, rows in run.counts.items() if what.startswith((f"{name} fields ", f"{name} tasks ")))
