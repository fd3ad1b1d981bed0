"""The timetable runs in one process at a time: in whoever holds the lease `scheduler`. Others wait, and take over within half a minute."""

import threading
from collections.abc import Callable

import structlog

from connector.flows.stopping import Stopping
from connector.ports.errors import HotleadError
from connector.ports.store import Store
from jobs.leased import Held, LeaseBusy, LeaseKeeper
from jobs.locks import SCHEDULER
from jobs.timetable import Timetable

TRIED_EVERY_S = 5.0
"""With the length of a lease this bounds how long nobody runs the clock after its holder died."""

log = structlog.get_logger()


class Clockwork:
    """A thread that holds the lease or waits for it. `timetable` makes one over the store behind the lease."""

    def __init__(self, *, leases: LeaseKeeper, timetable: Callable[[Store], Timetable]) -> None:
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
                pass
            except HotleadError as error:
                log.warning("the clock could not start", error=type(error).__name__)
            self._stopping.wait(TRIED_EVERY_S)

    def _run(self, held: Held) -> None:
        self._enough = held.lost
        timetable = self._timetable(held.store)
        timetable.start()
        try:
            if not self._stopping.is_asked:
                held.lost.wait()
        finally:
            timetable.stop()
