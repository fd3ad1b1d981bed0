"""Every job there is. Both engines and the timetable know jobs only from here."""

from collections.abc import Mapping

from jobs import drain, pull, score, write_back
from jobs.job import Job

REGISTRY: Mapping[str, Job] = {module.JOB.name: module.JOB for module in (pull, drain, score, write_back)}
