"""What runs jobs in `hotlead up`, over a real store: leases and fences, safe points, nights that are made up for, shared tokens."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from adapters.kit.budget import Budget, Purpose
from connector.bootstrap import opened
from connector.flows.stopping import Stopped, Stopping
from connector.flows.tokens import StoredTokens
from connector.ports.errors import CrmAuth, CrmUnreachable
from connector.ports.inbox import LeaseLost
from connector.ports.tokens import SharedToken
from connector.settings import load_settings
from connector.store.sql_store import SqlStore
from connector.store.vault import open_vault
from jobs import leased
from jobs.clockwork import Clockwork
from jobs.job import Job, Looked, Nightly, OnWake
from jobs.leased import LeaseBusy, LeaseKeeper, release_all
from jobs.nights import ran_at
from jobs.runner import BUSY_AGAIN, Outcome, Runner
from jobs.timetable import Timetable
from jobs.work import Work
from tests.support.clocks import StillClock
from tests.support.jobs import Standing, work_over
from tests.support.stores import connection, sqlite_store

EVENING = datetime(2026, 11, 2, 20, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    with sqlite_store(tmp_path / "data") as made:
        yield made


def job(run: Callable[[Work, str], Looked], *, nightly: bool = False) -> Job:
    schedule = Nightly() if nightly else OnWake()
    return Job(name="look", says="", run=run, lock=lambda key: f"look:{key}", schedule=schedule)


def nothing(work: Work, key: str) -> Looked:
    del work, key
    return Looked()


def runner(store: SqlStore, clock: Standing, *, worker: str = "one") -> Runner:
    work = work_over(store, clock=clock, worker=worker)
    return Runner(work=work, leases=LeaseKeeper(store=store, clock=clock, worker=worker))


def test_a_job_whose_lease_somebody_else_holds_does_nothing_and_looks_again(store: SqlStore) -> None:
    clock, ran = Standing(), list[str]()

    def run(work: Work, key: str) -> Looked:
        ran.append(key)
        return Looked()

    with LeaseKeeper(store=store, clock=clock, worker="two").under("look:a"):
        ended = runner(store, clock).run(job(run), "a")
        other = runner(store, clock).run(job(run), "b")

    assert (ended.outcome, ended.again_in, ran) == (Outcome.BUSY, BUSY_AGAIN, ["b"])
    assert other.outcome is Outcome.DONE


def test_a_lease_is_free_again_once_its_job_has_failed(store: SqlStore) -> None:
    clock = Standing()

    def run(work: Work, key: str) -> Looked:
        raise CrmUnreachable("The CRM is away", connection="crm", hint="Wait a while.")

    ended = runner(store, clock).run(job(run), "")
    again = runner(store, clock, worker="two").run(job(nothing), "")

    assert ended.outcome is Outcome.FAILED and ended.again_in is not None and ended.error == "The CRM is away. Wait a while."
    assert again.outcome is Outcome.DONE


def test_what_stopped_a_part_of_a_job_is_logged_and_shown_with_what_to_do(store: SqlStore) -> None:
    refused = CrmAuth("HubSpot refuses the key.", connection="crm", hint="Make a new one.")

    with capture_logs() as lines:
        ended = runner(store, Standing()).run(job(lambda work, key: Looked(failures=(refused,))), "crm")

    (line,) = (one for one in lines if one["event"] == "a part of the job failed")
    assert (line["error"], line["hint"]) == ("CrmAuth: HubSpot refuses the key.", "Make a new one.")
    assert (ended.outcome, ended.error) == (Outcome.DONE, "HubSpot refuses the key. Make a new one.")


def test_who_was_stopped_so_long_that_somebody_took_over_changes_nothing_more(store: SqlStore) -> None:
    clock = Standing()

    def run(work: Work, key: str) -> Looked:
        clock.move(timedelta(minutes=1))  # as a process that was stopped and goes on
        with LeaseKeeper(store=store, clock=clock, worker="two").under("look:"):
            work.store.write(lambda tx: tx.connections.put(connection("late")))
        return Looked()

    ended = runner(store, clock).run(job(run), "")

    assert ended.outcome is Outcome.LOST
    with store.read() as tx:
        assert tx.connections.get("late") is None


def test_who_may_have_lost_the_lease_while_waiting_for_a_turn_sends_nothing_to_a_crm(store: SqlStore) -> None:
    clock, sent = Standing(), list[str]()
    leases = LeaseKeeper(store=store, clock=clock, worker="one")
    budget = Budget(connection="crm", clock=StillClock())

    def call(purpose: Purpose) -> None:
        budget.spend(purpose=purpose)
        sent.append(purpose.value)

    with leases.under("outer") as outer, leases.under("inner") as inner:
        call(Purpose.WRITE)
        outer.proof.until_s = time.monotonic()  # as a process that was stopped for as long as the lease
        with pytest.raises(LeaseLost):
            call(Purpose.WRITE)
        call(Purpose.REREAD)
        assert inner.proof.until_s - time.monotonic() > 10
    call(Purpose.WRITE)
    leases.close()

    assert sent == ["write", "reread", "write"]


def test_each_renewal_proves_the_lease_for_longer(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leased, "RENEWED_EVERY_S", 0.05)
    leases = LeaseKeeper(store=store, clock=Standing(), worker="one")

    with leases.under("look") as held:
        first = held.proof.until_s
        renewed = time.monotonic() + 5
        while held.proof.until_s == first and time.monotonic() < renewed:
            time.sleep(0.02)
        assert first < held.proof.until_s <= time.monotonic() + 17
    leases.close()


def test_a_job_that_is_to_stop_keeps_what_it_has_and_ends_before_it_reads_on(store: SqlStore) -> None:
    clock = Standing()
    made = runner(store, clock)

    def run(work: Work, key: str) -> Looked:
        work.stopping.ask("the end")
        work.store.write(lambda tx: tx.connections.put(connection("kept")))
        with work.store.read():
            raise AssertionError("it read on")

    ended = made.run(job(run), "")

    assert ended.outcome is Outcome.STOPPED
    with store.read() as tx:
        assert tx.connections.get("kept") is not None


def test_a_fault_of_our_own_is_told_by_its_class_and_tried_again(store: SqlStore) -> None:
    def run(work: Work, key: str) -> Looked:
        raise KeyError("jane@example.com")

    ended = runner(store, Standing()).run(job(run), "")

    assert (ended.outcome, ended.error) == (Outcome.FAILED, "A fault in hotlead itself (KeyError); the log says where.")
    assert ended.again_in is not None


def looked_at(store: SqlStore, clock: Standing, made: Job) -> list[str]:
    """Keys that one look of the timetable wakes."""
    woken: list[str] = []
    work = work_over(store, clock=clock)
    Timetable(registry={made.name: made}, work=work, wake=lambda name, key: woken.append(key)).look(made)
    return woken


def test_a_nightly_job_seen_for_the_first_time_waits_for_the_night(store: SqlStore) -> None:
    clock, made = Standing(EVENING), job(nothing, nightly=True)

    first = looked_at(store, clock, made)
    clock.move(timedelta(hours=5, minutes=1))

    assert (first, looked_at(store, clock, made)) == ([], [""])


def test_a_night_is_done_once_and_made_up_for_when_nobody_was_up(store: SqlStore) -> None:
    clock, made = Standing(EVENING), job(nothing, nightly=True)
    looked_at(store, clock, made)
    clock.move(timedelta(days=3))

    late = looked_at(store, clock, made)
    runner(store, clock).run(made, "")

    assert (late, looked_at(store, clock, made)) == ([""], [])
    with store.read() as tx:
        assert ran_at(tx, job="look", key="") == datetime(2026, 11, 5, 1, 0, tzinfo=UTC)


@pytest.mark.parametrize("looked", [Looked(finished=False), Looked(failures=(CrmUnreachable("away", connection="crm"),))])
def test_a_night_that_was_not_finished_is_looked_at_again(store: SqlStore, looked: Looked) -> None:
    clock = Standing(EVENING)
    made = job(lambda work, key: looked, nightly=True)
    looked_at(store, clock, made)
    clock.move(timedelta(days=1))

    runner(store, clock).run(made, "")

    assert looked_at(store, clock, made) == [""]


@dataclass
class Begun:
    """Stands where a timetable is; says when it begins."""

    starts: list[float]

    def start(self) -> None:
        self.starts.append(time.monotonic())

    def stop(self) -> None:
        """Nothing is planned here."""


def test_the_timetable_begins_anew_when_the_clock_is_set_back(store: SqlStore) -> None:
    starts, offset = list[float](), [0.0]
    clock = Clockwork(
        leases=LeaseKeeper(store=store, clock=Standing(), worker="one"),
        timetable=lambda held: cast(Timetable, Begun(starts)),
        wall=lambda: time.time() + offset[0],
        watched_every_s=0.02,
    )
    clock.start()
    try:
        until(lambda: len(starts) == 1)
        offset[0] = 7200.0  # as after a night's sleep: what is planned comes at once by itself
        time.sleep(0.1)
        before = len(starts)
        offset[0] = 3600.0
        until(lambda: len(starts) == 2)
        time.sleep(0.1)
    finally:
        clock.stop()

    assert (before, len(starts)) == (1, 2)


def until(holds: Callable[[], bool]) -> None:
    last = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < last
        time.sleep(0.005)


def test_leases_of_the_dead_are_free_once_the_directory_is_held_alone(store: SqlStore) -> None:
    clock = Standing()
    dead = LeaseKeeper(store=store, clock=clock, worker="dead")
    never_left = dead.under("scheduler")
    never_left.__enter__()
    mine = LeaseKeeper(store=store, clock=clock, worker="mine")

    with pytest.raises(LeaseBusy), mine.under("scheduler"):
        pass
    release_all(store)

    with mine.under("scheduler") as held:
        assert held.lease.fence == 2


def test_of_many_who_need_a_token_one_logs_in(store: SqlStore, tmp_path: Path) -> None:
    shelves = [shelf(store, tmp_path) for _ in range(8)]
    logins, got = list[int](), list[SharedToken]()

    def login() -> SharedToken:
        logins.append(1)
        time.sleep(0.1)
        return SharedToken(text="fresh", until=EVENING + timedelta(hours=1))

    threads = [threading.Thread(target=lambda s=s: got.append(s.renew("crm", instead_of=None, login=login))) for s in shelves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert (len(logins), {t.text for t in got}, len(got)) == (1, {"fresh"}, 8)


def test_a_token_that_was_refused_is_replaced_once(store: SqlStore, tmp_path: Path) -> None:
    mine, other = shelf(store, tmp_path), shelf(store, tmp_path)
    old = mine.renew("crm", instead_of=None, login=lambda: SharedToken(text="old", until=None))

    new = mine.renew("crm", instead_of=old, login=lambda: SharedToken(text="new", until=None))
    same = other.renew("crm", instead_of=old, login=lambda: pytest.fail("it logged in a second time"))

    assert (new.text, same.text) == ("new", "new")


def test_a_login_that_fails_keeps_nothing_and_lets_the_next_one_in(store: SqlStore, tmp_path: Path) -> None:
    def fails() -> SharedToken:
        raise CrmUnreachable("away", connection="crm")

    with pytest.raises(CrmUnreachable):
        shelf(store, tmp_path).renew("crm", instead_of=None, login=fails)

    assert shelf(store, tmp_path).get("crm") is None
    assert shelf(store, tmp_path).renew("crm", instead_of=None, login=lambda: SharedToken(text="x", until=None)).text == "x"


def test_a_token_lies_sealed_and_ends_with_its_time(store: SqlStore, tmp_path: Path) -> None:
    clock = Standing(EVENING)
    kept = shelf(store, tmp_path, clock=clock)
    kept.renew("crm", instead_of=None, login=lambda: SharedToken(text="secret-token", until=EVENING + timedelta(minutes=5)))

    before = kept.get("crm")
    clock.move(timedelta(minutes=6))

    assert before is not None and kept.get("crm") is None
    assert b"secret-token" not in (tmp_path / "data" / "hotlead.db").read_bytes()


def test_a_token_made_before_the_clock_was_set_back_is_not_trusted(store: SqlStore, tmp_path: Path) -> None:
    clock = Standing(EVENING)
    kept = shelf(store, tmp_path, clock=clock)
    kept.renew("crm", instead_of=None, login=lambda: SharedToken(text="old", until=EVENING + timedelta(minutes=30)))

    clock.move(timedelta(minutes=-2))
    another_clock = kept.get("crm")
    clock.move(timedelta(hours=-3))

    assert another_clock is not None and kept.get("crm") is None
    assert kept.renew("crm", instead_of=None, login=lambda: SharedToken(text="new", until=None)).text == "new"


def test_alone_on_its_store_nobody_waits_for_who_was_killed_while_logging_in(store: SqlStore, tmp_path: Path) -> None:
    dead = EVENING + timedelta(seconds=59)
    store.write(lambda tx: tx.leases.take("token:crm", holder="killed", at=EVENING, until=dead))
    store.write(lambda tx: tx.leases.take("token:hub", holder="killed", at=EVENING, until=dead))
    got = list[SharedToken]()
    alone = shelf(store, tmp_path, alone=True)
    thread = threading.Thread(
        target=lambda: got.append(alone.renew("crm", instead_of=None, login=lambda: SharedToken(text="x", until=None))), daemon=True
    )

    thread.start()  # its clock stands still: it would wait for ever
    thread.join(timeout=20)

    assert [token.text for token in got] == ["x"]


def test_on_sqlite_whoever_writes_is_alone(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "data"):
        """Made, and closed again."""

    with opened(load_settings(data_dir=tmp_path / "data"), command="test", writing=True) as here:
        assert isinstance(here.tokens, StoredTokens)
        assert here.tokens.alone


def shelf(store: SqlStore, folder: Path, *, clock: Standing | None = None, alone: bool = False) -> StoredTokens:
    vault = partial(open_vault, folder / "data", keys=None)
    return StoredTokens(store=store, vault=vault, clock=clock or Standing(EVENING), alone=alone)


def test_the_first_reason_to_stop_is_the_one_that_is_told() -> None:
    stopping = Stopping()
    stopping.ask("by Ctrl-C")
    stopping.ask("whoever gave the command has gone")

    with pytest.raises(Stopped, match="by Ctrl-C"):
        stopping.check()
