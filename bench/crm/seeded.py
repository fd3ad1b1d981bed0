"""Sandbox state of a stated size, made once and kept: at least so many contacts, and so many activities that a first pull reads."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from adapters.finder import crm_kinds
from adapters.salesforce.sandbox.ids import make_id
from bench.shipped import shipped

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
"""The sandboxes' present, and hotlead's: files that are kept do not grow stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeding:
    """How to fill one CRM's sandbox. Not everybody is in each CRM, and each keeps some kinds of activity only: found by trying."""

    people_a_contact: float
    done_an_activity: float
    """What a person of the seeded world does, for one activity that a pull of the last months reads."""
    options: tuple[str, ...] = ()
    fill_up: Callable[[Path, int], None] | None = None


def seeded(folder: Path, *, crm: str, contacts: int, activities: int) -> Path:
    """The file with that state, made when it is not there."""
    file = folder / f"{crm}-{contacts}-{activities}.db"
    if file.exists():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    making = file.with_suffix(".tmp")
    making.unlink(missing_ok=True)
    seeding = SEEDINGS[crm]
    _seed(
        crm,
        file=making,
        people=round(contacts * seeding.people_a_contact),
        done_each=activities / contacts * seeding.done_an_activity,
        options=seeding.options,
    )
    if seeding.fill_up is not None:
        seeding.fill_up(making, activities)
    return making.rename(file)


def _seed(crm: str, *, file: Path, people: int, done_each: float, options: tuple[str, ...]) -> None:
    """Runs a sandbox until it is ready: then its file is full."""
    size = ("--seed", str(people), "--activities-per-person", f"{done_each:.2f}", "--now", NOW.isoformat())
    command = [sys.executable, "-m", crm_kinds()[crm].sandbox_module, *size, "--file", str(file), "--with-parent", *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        ready = running.stdout.readline() if running.stdout else ""
        running.terminate()
    if not ready:
        raise RuntimeError(f"the {crm} sandbox did not start")


def _more_tasks(file: Path, activities: int) -> None:
    """Repeats recent tasks for other people until there are so many activities: plain Salesforce keeps no page views to fill it with."""
    since = (NOW - timedelta(hours=shipped().longest_window_hours())).strftime("%Y-%m-%dT%H:%M:%S.000+0000")
    with sqlite3.connect(file) as db:
        there = sum(
            db.execute(f'SELECT count(*) FROM "{table}" WHERE "{stamp}" >= ?', (since,)).fetchone()[0]
            for table, stamp in (("Task", "CreatedDate"), ("Event", "ActivityDateTime"), ("CampaignMember", "CreatedDate"))
        )
        (last,) = db.execute('SELECT count(*) FROM "Task"').fetchone()
        names = [row[1] for row in db.execute('PRAGMA table_info("Task")')]
        rows = db.execute('SELECT * FROM "Task" WHERE "CreatedDate" >= ? ORDER BY "Id"', (since,)).fetchall()
        id_, who, firm = names.index("Id"), names.index("WhoId"), names.index("AccountId")
        more = []
        for number in range(max(0, activities - there)):
            row = list(rows[number % len(rows)])
            other = rows[(number * 7919 + number // len(rows)) % len(rows)]
            row[id_], row[who], row[firm] = make_id("00T", last + 1 + number), other[who], other[firm]
            more.append(row)
        db.executemany(f'INSERT INTO "Task" VALUES ({",".join("?" * len(names))})', more)


SEEDINGS: Mapping[str, Seeding] = {
    "salesforce": Seeding(people_a_contact=1.15, done_an_activity=4.0, fill_up=_more_tasks),
    "hubspot": Seeding(people_a_contact=1.365, done_an_activity=4.0, options=("--alone",)),
}
