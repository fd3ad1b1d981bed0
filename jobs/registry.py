"""Every job there is. Both engines and the timetable know jobs only from here."""

from collections.abc import Mapping

from jobs import (
    backup,
    daily,
    drain,
    feed,
    pull,
    reconcile,
    release_held,
    retention,
    retry_parked,
    score,
    score_shards,
    sweep,
    write_back,
    write_everybody,
)
from jobs.job import Job

_MODULES = (
    write_back,
    score,
    drain,
    feed,
    pull,
    retry_parked,
    release_held,
    daily,
    score_shards,
    write_everybody,
    reconcile,
    retention,
    backup,
    sweep,
)
REGISTRY: Mapping[str, Job] = {module.JOB.name: module.JOB for module in _MODULES}
