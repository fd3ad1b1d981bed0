"""The timetable runs in one process at a time: in whoever holds the lease `scheduler`. Others wait, and take over within half a minute."""

import threading
import time
from collections.abc import Callable

import structlog

from connector.flows.stopping import Stopping
from connector.ports.errors import HotleadError
from connector.ports.store import Store
from jobs.leased import Held, LeaseBusy, LeaseKeeper
from jobs.locks import SCHEDULER
from jobs.timetable import Timetable

WATCHED_EVERY_S = 30.0
"""How soon it is seen that somebody set the clock back."""
SET_BACK_S = 60.0
"""A clock that went back by less is left to the clock's own mending."""
TRIED_EVERY_S = 5.0
"""With the length of a lease this bounds how long nobody runs the clock after its holder died."""

log = structlog.get_logger()


class Clockwork:
    """A thread that holds the lease or waits for it. `timetable` makes one over the store behind it; `wall` tells seconds since 1970."""

    def __init__(
        self,
        *,
        leases: LeaseKeeper,
        timetable: Callable[[Store], Timetable],
        wall: Callable[[], float] = time.time,
        watched_every_s: float = WATCHED_EVERY_S,
    ) -> None:
        self._wall = wall
        self._watched_every_s = watched_every_s
        self._leases = leases
        self._timetable = timetable
        self._stopping = Stopping()
        self._enough: threading.Event | None = None
        """Ends the run of the timetable that is under way."""
        self._thread = threading.Thread(target=self._serve, name="hotlead-clock", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns once nothing more is woken and the lease is given back. Repeatable."""
        self._stopping.ask("the clock was stopped")
        if (enough := self._enough) is not None:
            enough.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _serve(self) -> None:
        while not self._stopping.is_asked:
            try:
                with self._leases.under(SCHEDULER) as held:
                    self._run(held)
            except LeaseBusy:
                pass  # another process's clock runs; it may end
            except HotleadError as error:
                log.warning("the clock could not start", error=type(error).__name__)
            self._stopping.wait(TRIED_EVERY_S)

    def _run(self, held: Held) -> None:
        self._enough = held.lost
        while not self._stopping.is_asked and not held.lost.is_set():
            timetable = self._timetable(held.store)
            timetable.start()
            try:
                self._wait(held.lost)
            finally:
                timetable.stop()

    def _wait(self, enough: threading.Event) -> None:
        """Until it is enough, or the clock was set back: what is planned by it would then wait for as long again, so it is planned anew."""
        ahead = self._wall() - time.monotonic()
        while not self._stopping.is_asked and not enough.wait(self._watched_every_s):
            now_ahead = self._wall() - time.monotonic()
            if now_ahead < ahead - SET_BACK_S:
                log.warning("the clock was set back; the timetable begins anew", by_s=round(ahead - now_ahead))
                return
            ahead = max(ahead, now_ahead)
