"""What jobs do about events that could not be read: a log line, a figure, and a note for health."""

from functools import partial

import structlog

from connector.flows.unreadable import note
from connector.ports.telemetry import Count
from jobs.work import Work

log = structlog.get_logger()


def tell(work: Work, *, lane: str, events: int, first: str) -> None:
    """They are gone, so this is all that is left of them; `first` is why the first one was not read, and holds nothing that it said."""
    work.meter.count(Count.UNREADABLE, by=events, lane=lane)
    log.warning("events could not be read", lane=lane, events=events, first=first)
    work.store.write(partial(note, lane=lane, events=events, reason=first, now=work.clock()))
