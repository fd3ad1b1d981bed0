"""What libraries say of a database that is away: one line a minute in our own words, in place of several full ones a second."""

import logging
import time
from collections.abc import Callable
from threading import Lock

SAID_EVERY_S = 60.0
SAID = "the database does not answer; it is tried again, and this is said once a minute. Start it, or see why it is down"
POOL = "psycopg.pool"
QUEUE = "procrastinate"
LOST = "ConnectorException"
"""What the queue raises where its database fails it."""


class SaidSeldom(logging.Filter):
    """Lets through what is said of anything else. Safe for several threads."""

    def __init__(self, *, tick: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._tick = tick
        self._said_at: float | None = None
        self._guard = Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        if not _is_of_a_lost_database(record):
            return True
        with self._guard:
            now = self._tick()
            if self._said_at is not None and now - self._said_at < SAID_EVERY_S:
                return False
            self._said_at = now
        record.msg, record.args, record.exc_info, record.exc_text = SAID, (), None, None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


def _is_of_a_lost_database(record: logging.LogRecord) -> bool:
    if record.name == POOL:
        return True
    kind = record.exc_info[0] if record.exc_info else None
    return record.name.split(".")[0] == QUEUE and kind is not None and kind.__name__ == LOST
