"""Old plans and runs go in small units; what is still needed stays."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from connector.flows.backup import back_up
from connector.flows.retention import prune
from connector.ports.errors import StoreError, UsageError
from connector.ports.plans import PlannedChange, PlannedField
from connector.ports.store import Store
from connector.store import backup as copies
from tests.support.stores import START, at, key, sqlite_store


def always() -> bool:
    return True


def plan_of(store: Store, *, days: float, rows: int, begun: bool = False, ended: bool = False) -> tuple[int, int]:
    """A run and its closed plan of so many rows."""
    field = PlannedField(field="Score__c", name="score", before=None, after=1, ours=True)
    changes = [PlannedChange(seq=n, key=key(str(n)), person=n, person_name="", fields=(field,)) for n in range(1, rows + 1)]

    run = store.write(lambda tx: tx.runs.start(verb="write-back", at=at(days)))
    plan = store.write(lambda tx: tx.plans.create(run=run, at=at(days)))
    store.write(lambda tx: tx.plans.add(plan, changes=changes, tasks=[], states=[], moves=[]))
    store.write(lambda tx: tx.plans.close(plan, calls={}))
    if begun:
        store.write(lambda tx: tx.plans.begin(plan, run=run, at=at(days)))
    if ended:
        store.write(lambda tx: tx.plans.end(plan, at=at(days)))
    store.write(lambda tx: tx.runs.finish(run, at=at(days), state="done", counts={}))
    return run, plan


def test_old_plans_and_runs_go_and_what_is_needed_stays(store: Store) -> None:
    old = plan_of(store, days=0, rows=1200, begun=True, ended=True)
    never_carried_out = plan_of(store, days=1, rows=3)
    cut_off = plan_of(store, days=2, rows=3, begun=True)
    young = plan_of(store, days=100, rows=3)

    gone = prune(store=store, keep_runs=timedelta(days=30), keep_held=timedelta(days=30), clock=lambda: at(110), going=always)
    again = prune(store=store, keep_runs=timedelta(days=30), keep_held=timedelta(days=30), clock=lambda: at(110), going=always)

    with store.read() as tx:
        left = [plan for _, plan in (old, never_carried_out, cut_off, young) if tx.plans.get(plan) is not None]
        runs = {run.id for run in tx.runs.recent(limit=9)}
    assert left == [cut_off[1], young[1]]
    assert runs == {cut_off[0], young[0]}
    assert (gone.plans, gone.runs) == (1200 + 1 + 3 + 1, 2)
    assert (again.plans, again.runs) == (0, 0)


def test_the_newest_stays_however_old_so_that_numbers_never_come_back(store: Store) -> None:
    run, plan = plan_of(store, days=0, rows=1, begun=True, ended=True)

    prune(store=store, keep_runs=timedelta(days=1), keep_held=timedelta(days=1), clock=lambda: at(999), going=always)

    with store.read() as tx:
        assert tx.plans.get(plan) is not None
        assert [r.id for r in tx.runs.recent(limit=9)] == [run]


def test_copies_open_and_only_the_newest_stay(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "data") as store:
        store.write(lambda tx: tx.documents.publish(kind="scoring", name="default", text="name: x", at=START))
        made = [back_up(store=store, folder=tmp_path / "copies", keep=2, clock=partial(at, days)) for days in range(3)]

    assert sorted((tmp_path / "copies").iterdir()) == [made[1].file, made[2].file]
    assert made[2].removed == (made[0].file,)
    assert made[2].file.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(made[2].file)) as copy:
        assert copy.execute("SELECT name FROM documents").fetchall() == [("default",)]


@pytest.mark.parametrize("keep", [1, 2])
def test_a_copy_made_after_the_clock_was_set_back_stays(tmp_path: Path, keep: int) -> None:
    with sqlite_store(tmp_path / "data") as store:
        made = [back_up(store=store, folder=tmp_path / "copies", keep=keep, clock=partial(at, days)) for days in (8, 9, 1)]

    assert sorted((tmp_path / "copies").iterdir()) == [made[2].file, made[1].file][:keep]


def test_a_copy_that_does_not_hold_together_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    to = tmp_path / "copy.db"
    with sqlite_store(tmp_path / "data") as store:
        store.backup(to)
        good = to.read_bytes()
        whole = copies._copy

        def spoilt(path: Path, made: Path) -> None:
            whole(path, made)
            made.write_bytes(made.read_bytes()[:4096] + b"\xff" * 8192)

        monkeypatch.setattr(copies, "_copy", spoilt)
        with pytest.raises(StoreError, match="does not hold together"):
            store.backup(to)

    assert to.read_bytes() == good
    assert sorted(p.name for p in tmp_path.iterdir()) == ["copy.db", "data"]


def test_a_server_is_not_copied(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="PostgreSQL"):
        copies.back_up("postgresql+psycopg://host/hotlead", tmp_path / "copy.db")
