"""SIGKILL of the worker, or of all of `hotlead up`, while signed webhooks come in: what was acknowledged is there (P1)."""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.fault_tally import as_many, tally
from tests.support.gone_crm import beside_a_gone_hubspot, kept, pushing_at, receive_at
from tests.support.journeys import Desk, Town, town
from tests.support.postgres import empty_database, postgres_server
from tests.support.processes import free_port
from tests.support.pushing import EVENTS_A_BODY, Pushing
from tests.support.serving import Up, is_alive, until, up

SENDERS = 6
MEANWHILE_S = (0.03, 0.25)
"""How long after the first acknowledgement by a worker it is killed."""


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("five"), people=5) as made:
        yield made


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def desk(request: pytest.FixtureRequest, five: Town) -> Iterator[Desk]:
    with ExitStack() as stack:
        url = empty_database(stack.enter_context(postgres_server())) if request.param == "PostgreSQL" else ""
        yield beside_a_gone_hubspot(five, database_url=url)


def _wait_for_acknowledged(under_way: Pushing, *, more_than: int) -> None:
    until(lambda: len(under_way.answered) > more_than, what="another acknowledgement", seconds=60)


def test_what_was_acknowledged_is_there_after_every_kill(desk: Desk) -> None:
    kills, chance, port = as_many(quick=25, full=500), random.Random(5), free_port()
    receive_at(desk, port=port)
    killed = 0
    with pushing_at(desk, threads=SENDERS) as under_way:
        while killed < kills:
            with up(desk, port=port) as serving:
                for _ in range(chance.choice((0, 1, 1))):
                    killed += _kill_worker(serving, under_way, chance)
                _wait_for_acknowledged(under_way, more_than=len(under_way.answered))
                time.sleep(chance.uniform(*MEANWHILE_S))
                _kill_all(serving)
                killed += 1
    kind = "PostgreSQL" if "HOTLEAD_DATABASE_URL" in desk.environment else "SQLite"
    acknowledged = under_way.acknowledged()
    lost = acknowledged - kept(desk)
    assert len(acknowledged) > killed * EVENTS_A_BODY
    assert under_way.unanswered > 0, "no request was under way when its server was killed"
    tally("P1", f"SIGKILL of hotlead up or its worker under load, {kind}", injected=killed, violations=sorted(lost))


def _kill_worker(serving: Up, under_way: Pushing, chance: random.Random) -> int:
    _wait_for_acknowledged(under_way, more_than=len(under_way.answered))
    time.sleep(chance.uniform(*MEANWHILE_S))
    worker = serving.worker()
    os.kill(worker, signal.SIGKILL)
    until(lambda: serving.worker() != worker, what="the next worker")
    return 1


def _kill_all(serving: Up) -> None:
    """Returns once they are gone, and with them their hold on the data directory."""
    os.kill(serving.command.pid, signal.SIGSTOP)  # it begins no other worker while they are listed
    processes = serving.processes()
    for pid in processes:
        os.kill(pid, signal.SIGKILL)
    serving.command.wait()
    until(lambda: not any(is_alive(pid) for pid in processes), what="the end of all that was killed")
