"""What is logged of what libraries say while the database is away."""

import logging
import sys

from connector.serving.seldom import SAID, SaidSeldom


class ConnectorException(Exception):
    """As the queue's library calls its own."""


def line(name: str, message: str, error: Exception | None = None) -> logging.LogRecord:
    told = None
    if error is not None:
        try:
            raise error
        except Exception:  # noqa: BLE001 - only to have the traceback that a library would log
            told = sys.exc_info()
    return logging.LogRecord(name, logging.ERROR, __file__, 1, message, ("pool-1",), told)


def test_a_database_that_is_away_is_told_once_a_minute_in_our_own_words() -> None:
    times = iter((0.0, 0.3, 59.9, 60.0, 60.1))
    seldom = SaidSeldom(tick=lambda: next(times))
    lines = [line("psycopg.pool", "error connecting in %r: no such file") for _ in range(4)]
    lines.append(line("procrastinate.worker", "listener error: %r", ConnectorException("gone")))

    let_through = [seldom.filter(one) for one in lines]

    assert let_through == [True, False, False, True, False]
    assert (lines[0].getMessage(), lines[0].levelname, lines[0].exc_info) == (SAID, "WARNING", None)


def test_whatever_else_is_said_stands_as_it_is() -> None:
    seldom = SaidSeldom(tick=lambda: 0.0)
    lines = [
        line("procrastinate.worker", "a fault in %s", KeyError("x")),
        line("apscheduler", "missed %s"),
        line("apscheduler", "missed %s"),
    ]

    assert [seldom.filter(one) for one in lines] == [True, True, True]
    assert lines[1].getMessage() == "missed pool-1"
