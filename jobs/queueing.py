"""The queue in PostgreSQL, as Procrastinate keeps it: its tables, and wakes put into it with the state that calls for them.

No work exists only here. A job in the queue says that a lane is to be looked at; what there is to do stands as rows of the store.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from importlib import resources
from math import inf
from time import monotonic
from typing import Any

import psycopg
from procrastinate import App, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.schema import SchemaManager
from sqlalchemy import Connection

from jobs.job import URGENT_FROM, Job

QUEUE = "hotlead"
LONG = "hotlead_long"
"""Jobs that nobody waits for: a worker keeps threads free of them."""
LOCK = 0x686F746C7175
"""The advisory lock of whoever makes or brings up the tables; any number that nobody else in the database uses."""
_AGAIN = """
WITH waiting AS (
    SELECT id, queueing_lock, queue_name, scheduled_at FROM procrastinate_jobs
    WHERE status = 'todo' AND queueing_lock = ANY(%(lanes)s) ORDER BY id FOR UPDATE
), brought_forward AS (
    UPDATE procrastinate_jobs SET scheduled_at = NULL
    WHERE id IN (SELECT id FROM waiting) AND coalesce((args->>'tried')::int, 0) = 0 AND scheduled_at > clock_timestamp() + %(soon)s
    RETURNING id
), told AS (
    SELECT pg_notify('procrastinate_queue_v1#' || queue_name, json_build_object('type', 'job_inserted', 'job_id', id)::text) FROM waiting
    WHERE queueing_lock <> ALL(%(told_lately)s)
    AND (scheduled_at IS NULL OR scheduled_at <= clock_timestamp() OR id IN (SELECT id FROM brought_forward))
)
SELECT queueing_lock FROM waiting WHERE (SELECT count(*) FROM told) >= 0
"""
"""Holds the jobs that wait in these lanes and brings forward those put off; workers that passed them over while they were held look again,
as for new ones: what tells them is counted, because only what is asked for is carried out. One journey, because every body that is received
pays for it.
"""
TOLD_EVERY_S = 0.1
"""Workers are told of a lane that waits already no more often: each time costs them a look. They look by themselves before long."""
SOON = timedelta(seconds=2)
"""A job that is due within this is not brought forward: who found its lease taken would ask for it with every wake."""
_NOTED = "SELECT obj_description(to_regclass('procrastinate_jobs'))"


def conninfo(url: str) -> str:
    """An SQLAlchemy URL of PostgreSQL as psycopg takes it."""
    scheme, rest = url.split("://", 1)
    return f"{scheme.split('+')[0]}://{rest}"


def lane_of(job: str, key: str) -> str:
    """What stands as the queueing lock of a lane: at most one job of it waits."""
    return f"{job} {key}"


def queue_of(job: Job) -> str:
    """The queue that its lanes wait in."""
    return QUEUE if job.priority >= URGENT_FROM else LONG


class Queue:
    """Puts wakes into the queue over connections of others. Opens none itself."""

    def __init__(self, registry: Mapping[str, Job], *, tick: Callable[[], float] = monotonic) -> None:
        self._registry = registry
        self._tick = tick
        self._told_at: dict[str, float] = {}
        """When workers were last told of a lane that waited already."""
        self._app = App(connector=SyncPsycopgConnector())

    def enqueue(self, connection: Connection, wakes: frozenset[tuple[str, str]]) -> None:
        """Every lane has a job that will not start before this transaction ends. One that waits already is held fast until then.

        Holding it is what makes leaving the second one out safe: else it could run, see nothing, and end before the state is there. One
        that was put off is brought forward, for it knew nothing of this; one that failed rests as long as it was to.
        """
        raw: Any = connection.connection.dbapi_connection
        lanes = {lane_of(job, key): (job, key) for job, key in sorted(wakes) if job in self._registry}
        now = self._tick()
        lately = [lane for lane in lanes if now - self._told_at.get(lane, -inf) < TOLD_EVERY_S]
        for (lane,) in raw.execute(_AGAIN, {"lanes": list(lanes), "soon": SOON, "told_lately": lately}).fetchall():
            del lanes[lane]
            if lane not in lately:
                self._told_at[lane] = now
        for job, key in lanes.values():
            self.put(raw, job=job, key=key)

    def put(self, connection: "psycopg.Connection[Any]", *, job: str, key: str, at: datetime | None = None, tried: int = 0) -> None:
        """One job for this lane, from `at` on; nothing where one waits already. `tried`: failures in a row so far.

        Procrastinate's lock is that of the lane: it keeps a lane from running beside itself, and nothing else. Lanes that share a lease
        find that out at the lease, for under one lock a job of later would hold up the others until then.
        """
        known = self._registry[job]
        deferrer = self._app.configure_task(
            job,
            allow_unknown=True,
            connection=connection,
            queue=queue_of(known),
            priority=known.priority,
            lock=lane_of(job, key) if known.in_line else None,
            queueing_lock=lane_of(job, key),
            schedule_at=at,
        )
        try:
            with connection.transaction():
                deferrer.defer(key=key, tried=tried)
        except AlreadyEnqueued:
            pass  # it waits already


def bring_up(url: str) -> None:
    """The tables of the queue as this version of Procrastinate wants them. Safe for many processes at once; repeatable."""
    steps = _steps()
    with psycopg.connect(conninfo(url)) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        there = connection.execute("SELECT to_regclass('procrastinate_jobs') IS NOT NULL").fetchone() == (True,)
        if not there:
            connection.execute(SchemaManager.get_schema())
        else:
            (noted,) = connection.execute(_NOTED).fetchone() or ("",)
            for name, text in steps.items():
                if name > (noted or ""):
                    connection.execute(text.encode())
        connection.execute(f"COMMENT ON TABLE procrastinate_jobs IS '{max(steps)}'".encode())


def _steps() -> Mapping[str, str]:
    """Procrastinate's migrations by name, oldest first; their names sort so."""
    folder = resources.files("procrastinate.sql") / "migrations"
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return {f.name: f.read_text(encoding="utf-8") for f in files}
