"""How long a worker of a shared queue waits for its end."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from connector.flows.stopping import Stopping
from jobs import distributed
from jobs.distributed import DistributedEngine
from jobs.job import Job
from jobs.runner import Ended, Outcome

HOUR = timedelta(hours=1)


def nothing(job: Job, key: str, *, tried: int) -> Ended:
    return Ended(outcome=Outcome.DONE)


class Hanging(DistributedEngine):
    """Its queue takes leave of no database, as where that is away."""

    def __init__(self, *, serve: Callable[[], object]) -> None:
        super().__init__(url="postgresql:///none", registry={}, run=nothing, stopping=Stopping(), threads=1)
        self._thread = threading.Thread(target=serve, daemon=True)


@pytest.mark.timeout(60)
def test_a_queue_that_cannot_take_leave_is_not_waited_for_once_no_job_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "CLOSES_WITHIN_S", 0.3)
    never = threading.Event()
    engine = Hanging(serve=never.wait)
    engine.start()

    ended = engine.stop(within=HOUR)

    never.set()
    assert not ended


@pytest.mark.timeout(60)
def test_a_job_that_runs_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "CLOSES_WITHIN_S", 0.3)
    done = threading.Event()
    engine = Hanging(serve=done.wait)
    engine._running.add(("pull", "crm"))
    engine.start()
    threading.Timer(1.0, done.set).start()

    assert engine.stop(within=HOUR)
