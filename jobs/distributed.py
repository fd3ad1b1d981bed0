"""The engine of many processes: Procrastinate hands each lane to one worker, on any machine; PostgreSQL carries the queue."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException

from connector.flows.stopping import Stopping
from jobs.embedded import EngineState, Lane, LaneState, RunJob
from jobs.job import Job, kept_free
from jobs.queueing import LONG, QUEUE, Queue, conninfo, queue_of
from jobs.runner import Ended, Outcome

LOOKED_EVERY_S = 2.0
"""How late a job can be that is due by time alone; new ones are told of at once."""
BEATS_EVERY_S = 5.0
DEAD_AFTER_S = 20.0
"""A worker that has not beaten for so long is dead, and its jobs run elsewhere."""
CLOSES_WITHIN_S = 4.0
"""Once no job runs here, the queue is given so long to take leave; where its database is away it would wait for that for half a minute."""
AGAIN_S = 2.0
"""The pause before a worker that lost the database tries again."""

log = structlog.get_logger()


class DistributedEngine:
    """Works on the queue of a database, in threads of this process."""

    def __init__(self, *, url: str, registry: Mapping[str, Job], run: RunJob, stopping: Stopping, threads: int) -> None:
        self._conninfo = conninfo(url)
        self._registry = registry
        self._run = run
        self._stopping = stopping
        self._threads = threads
        self._queue = Queue(registry)
        self._guard = threading.Lock()
        self._running: set[Lane] = set()
        self._ended: dict[Lane, LaneState] = {}
        self._rests: dict[Lane, float] = {}
        """Lanes that have failed here, and until when they rest, by the monotonic clock."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._app: App | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="hotlead-queue", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, *, within: timedelta) -> bool:
        """Takes nothing more, asks what runs to end at its next safe point, and waits for it; whether all of it ended in time."""
        self._stopping.ask("hotlead was stopped")
        loop, task = self._loop, self._task
        if loop is not None and task is not None:
            with suppress(RuntimeError):  # the loop has ended by itself
                loop.call_soon_threadsafe(task.cancel)
        if self._thread.ident is not None:
            self._wait(until=time.monotonic() + within.total_seconds())
        return not self._thread.is_alive()

    def _wait(self, *, until: float) -> None:
        """For the jobs that run here, and then for the queue's leave. A job that it could not tell the end of runs again elsewhere."""
        busy_at = time.monotonic()
        while self._thread.is_alive() and time.monotonic() < min(until, busy_at + CLOSES_WITHIN_S):
            if self.state().running:
                busy_at = time.monotonic()
            self._thread.join(timeout=0.1)

    def state(self) -> EngineState:
        """What this process does; others do more."""
        with self._guard:
            return EngineState(running=tuple(self._running), queued=(), lanes=tuple(self._ended.values()))

    def retry_stalled(self) -> int:
        """Has the jobs of dead workers run again, here or elsewhere; how many. Called from a job's thread."""
        loop, app = self._loop, self._app
        if loop is None or app is None:
            return 0
        stalled = asyncio.run_coroutine_threadsafe(app.job_manager.get_stalled_jobs(seconds_since_heartbeat=DEAD_AFTER_S), loop).result()
        with psycopg.connect(self._conninfo, autocommit=True) as connection:
            for job in (one for one in stalled if one.queue in (QUEUE, LONG)):
                connection.execute("DELETE FROM procrastinate_jobs WHERE id = %s AND status = 'doing'", [job.id])
                if job.task_name in self._registry:
                    self._queue.put(connection, job=job.task_name, key=str(job.task_kwargs.get("key", "")))
                log.warning("a job of a dead worker is run again", job=job.task_name, key=job.task_kwargs.get("key"))
        return len(list(stalled))

    async def _serve(self) -> None:
        """Works until it is stopped; begins anew where the database was away."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(ThreadPoolExecutor(self._threads + 1, thread_name_prefix="hotlead-job"))
        while not self._stopping.is_asked:
            self._task = asyncio.create_task(self._work())
            if self._stopping.is_asked:
                self._task.cancel()
            try:
                await self._task
            except asyncio.CancelledError:
                return
            except (ConnectorException, psycopg.Error, OSError) as error:
                log.warning("the queue cannot be reached; it is tried again", error=type(error).__name__)
            await asyncio.sleep(0 if self._stopping.is_asked else AGAIN_S)

    async def _work(self) -> None:
        connector = PsycopgConnector(conninfo=self._conninfo, min_size=1, max_size=4, kwargs={"application_name": "hotlead jobs"})
        app = App(connector=connector)
        for job in self._registry.values():
            app.task(name=job.name, queue=queue_of(job), pass_context=True)(self._task_of(job))
        async with app.open_async():
            self._app = app
            try:
                await self._serve_queues(app)
            finally:
                self._app = None

    async def _serve_queues(self, app: App) -> None:
        """Two workers share the threads: some take whatever there is, the others only what somebody waits for."""
        urgent = kept_free(self._threads)
        workers = [self._worker(app, queues=[QUEUE, LONG], threads=self._threads - urgent)]
        if urgent:
            workers.append(self._worker(app, queues=[QUEUE], threads=urgent))
        try:
            async with asyncio.TaskGroup() as group:
                for worker in workers:
                    group.create_task(worker)
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _worker(self, app: App, *, queues: list[str], threads: int) -> None:
        await app.run_worker_async(
            queues=queues,
            concurrency=threads,
            install_signal_handlers=False,
            fetch_job_polling_interval=LOOKED_EVERY_S,
            abort_job_polling_interval=60.0,
            delete_jobs="always",
            update_heartbeat_interval=BEATS_EVERY_S,
            stalled_worker_timeout=DEAD_AFTER_S,
        )

    def _task_of(self, job: Job) -> Callable[..., None]:
        def look(_context: JobContext, key: str = "", tried: int = 0) -> None:
            self._look(job, key, tried=tried)

        return look

    def _look(self, job: Job, key: str, *, tried: int) -> None:
        lane = (job.name, key)
        rest = self._rests.get(lane, 0.0) - time.monotonic()
        if rest > 0:
            self._again(job, key, after=timedelta(seconds=rest), tried=max(tried, self._failures(lane)))
            return
        with self._guard:
            self._running.add(lane)
        try:
            ended = self._run(job, key, tried=tried)
        finally:
            with self._guard:
                self._running.discard(lane)
        failures = tried + 1 if ended.outcome is Outcome.FAILED else 0
        self._note(job, lane, ended=ended, failures=failures)
        if ended.outcome is Outcome.STOPPED:
            self._again(job, key, after=timedelta(0), tried=tried)
        elif ended.again_in is not None:
            self._again(job, key, after=ended.again_in, tried=failures)

    def _failures(self, lane: Lane) -> int:
        with self._guard:
            return self._ended[lane].failures if lane in self._ended else 0

    def _note(self, job: Job, lane: Lane, *, ended: Ended, failures: int) -> None:
        if ended.outcome is Outcome.BUSY:
            return
        with self._guard:
            self._ended[lane] = LaneState(job=lane[0], key=lane[1], ended=ended, failures=failures)
            self._rests.pop(lane, None)
            if ended.outcome is Outcome.FAILED:
                self._rests[lane] = time.monotonic() + (ended.again_in or job.retry.most).total_seconds()

    def _again(self, job: Job, key: str, *, after: timedelta, tried: int) -> None:
        """A further look at the lane, by whoever is free then. Where it cannot be asked for, the schedule brings it."""
        try:
            with psycopg.connect(self._conninfo, autocommit=True) as connection:
                (now,) = connection.execute("SELECT clock_timestamp()").fetchone() or (None,)
                at: Any = None if now is None or not after else now + after
                self._queue.put(connection, job=job.name, key=key, at=at, tried=tried)
        except psycopg.Error as error:
            log.warning("a further look could not be asked for", job=job.name, key=key, error=type(error).__name__)
