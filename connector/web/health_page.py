"""How everything stands, as a page for people: plain words and tables, ready to be rendered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.flows.health import MOST_SKEW_S, WAITS_TOO_LONG
from connector.flows.health_states import Arrival, ConnectionState, Health, JobState, Queue, State

_HEADLINES = {State.OK: "Everything works", State.DEGRADED: "It works, and something needs a look", State.DOWN: "It does not work"}
_QUEUES = {
    "bodies": "What {name} sent, to be read",
    "hints": "Records of {name}, to be read again",
    "people": "People, lane '{name}'",
}
_LIVE = {"off": "reads only", "fields": "writes fields", "stages": "writes fields and stages", "tasks": "writes fields, stages and tasks"}
_ARRIVAL = {Arrival.PUSH: "pushed to us", Arrival.FEED: "asked for (feed)", Arrival.POLLING: "polled"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    cells: tuple[str, ...]
    bad: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    empty: str
    """What it means that there is no row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthPage:
    state: str
    headline: str
    version: str
    at: str
    at_iso: str
    address: str
    warnings: tuple[str, ...]
    tables: tuple[Table, ...]


def health_page(health: Health, *, address: str) -> HealthPage:
    """The page. `address` is where it stands."""
    return HealthPage(
        state=health.state.value,
        headline=_HEADLINES[health.state],
        version=health.version,
        at=_time(health.at),
        at_iso=health.at.isoformat(),
        address=address,
        warnings=health.warnings,
        tables=_tables(health) if health.database == "ok" else (),
    )


def _tables(health: Health) -> tuple[Table, ...]:
    return (
        Table(
            title="Connections",
            columns=("Connection", "CRM", "Live", "Changes", "Calls today", "Clock", "Last pull"),
            rows=tuple(_connection(c) for c in health.connections),
            empty="No CRM is connected yet.",
        ),
        Table(
            title="Waiting work",
            columns=("What", "Waiting", "Oldest"),
            rows=tuple(_queue(q) for q in health.queues),
            empty="Nothing waits: whatever came in has been dealt with.",
        ),
        Table(
            title="Jobs",
            columns=("Job", "State", "Last run", "Next run"),
            rows=tuple(_job(j) for j in health.jobs),
            empty="No job has run in this process yet.",
        ),
        Table(
            title="Rows that could not be written",
            columns=("Cause", "Code", "Rows", "Who can mend it"),
            rows=tuple(Row(cells=(c.cause, c.code, str(c.rows), c.mended_by)) for c in health.parked_causes),
            empty="None: the CRMs took everything.",
        ),
        Table(
            title="Who works",
            columns=("Worker", "Does", "Seen"),
            rows=tuple(
                Row(
                    cells=(
                        w.name,
                        w.role + (", runs the clock" if _is_of(health.scheduler, worker=w.name) else ""),
                        f"{_span(w.seen_s)} ago",
                    ),
                    bad=not w.alive,
                )
                for w in health.workers
            ),
            empty="Nobody has shown themselves.",
        ),
        Table(
            title="Web events",
            columns=("What", "Waiting"),
            rows=(Row(cells=("Events of people not known yet", str(health.held_events))),) if health.held_events else (),
            empty="No event waits for its person.",
        ),
    )


def _is_of(holder: str, *, worker: str) -> bool:
    """Whether a lease is held by this worker; it adds a number to its name."""
    return holder == worker or holder.startswith(f"{worker} ")


def _connection(one: ConnectionState) -> Row:
    calls = "unknown" if one.calls_today is None else f"{one.calls_today:,}"
    if one.calls_today is not None and one.calls_budget is not None:
        calls += f" of {one.calls_budget:,}"
    off = one.clock_skew_s is not None and abs(one.clock_skew_s) > MOST_SKEW_S
    skew = "unknown" if one.clock_skew_s is None else f"{one.clock_skew_s:+.0f} s" if off else "right"
    return Row(
        cells=(
            one.name if one.production else f"{one.name} (test)",
            one.crm,
            _LIVE[one.live],
            "failing, see above" if one.trouble else _ARRIVAL[one.receiving_by],
            calls,
            skew,
            _time(one.last_pull_at),
        ),
        bad=off or bool(one.trouble),
    )


def _queue(queue: Queue) -> Row:
    what = _QUEUES.get(queue.kind, "{name}").format(name=queue.name)
    return Row(cells=(what, f"{queue.waiting:,}", _span(queue.oldest_s)), bad=queue.oldest_s > WAITS_TOO_LONG.total_seconds())


def _job(job: JobState) -> Row:
    state = "running" if job.running else "failed" if job.last_error else "idle"
    name = f"{job.job.replace('_', ' ')} {job.key}".strip()
    next_run = "when needed" if job.next_run_at is None else _time(job.next_run_at)
    return Row(cells=(name, state, _time(job.last_run_at), next_run), bad=bool(job.last_error))


def _time(at: datetime | None) -> str:
    return "not yet" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


_UNITS: Sequence[tuple[int, str]] = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def _span(seconds: int) -> str:
    """In the largest unit of which there are at least two."""
    size, unit = next(((s, u) for s, u in _UNITS if seconds >= 2 * s), (1, "s"))
    return f"{seconds // size} {unit}"
