"""A `hotlead up` at work beside both sandboxes, live at every step; each is a process of its own."""

import json
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.crm.installed import UNLIMITED
from bench.live.installed import connected, pulled_and_live, settings_of
from bench.live.letters import CONNECTION
from bench.live.servers import Server, serving
from connector.cli.sandboxes import RunningSandbox, sandbox_beside
from tests.support.processes import free_port

PATIENCE_S = 300.0
QUIET = {"HOTLEAD_LOG_LEVEL": "error", "HOTLEAD_WRITE_LIMIT": "10000000"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A `hotlead up` at work beside both sandboxes."""

    folder: Path
    port: int
    account: int
    sandboxes: Mapping[str, RunningSandbox]
    addresses: Mapping[str, str]
    server: Server

    def waiting(self) -> int:
        """Bodies, hints and people who wait anywhere."""
        tables = ("inbox", "hints", "marks")
        with sqlite3.connect(self.folder / "hotlead.db") as db:
            return sum(int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in tables)


@contextmanager
def beside(*, receiving: bool, people: int = 500) -> Iterator[Beside]:
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotlead-bench-")))
        port = free_port()
        sandboxes = {crm: stack.enter_context(sandbox_beside(crm, ["--seed", str(people), *UNLIMITED[crm]])) for crm in UNLIMITED}
        settings = settings_of(scratch)
        made = connected(settings, tuple(sandboxes.values()), public_url=f"http://127.0.0.1:{port}" if receiving else "")
        pulled_and_live(settings)
        server = stack.enter_context(serving("bench.live.serve", "up", str(scratch), str(port), "0,1", environment=QUIET))
        yield Beside(
            folder=scratch,
            port=port,
            account=int(made.accounts[CONNECTION]),
            sandboxes=sandboxes,
            addresses=made.addresses,
            server=server,
        )


def polled_times(folder: Path) -> dict[str, dict[str, datetime]]:
    """Connection → when it was polled last and is to be next; nothing of one that never was."""
    with sqlite3.connect(folder / "hotlead.db") as db:
        rows = db.execute(
            "SELECT s.connection, c.cursor FROM cursors c JOIN sources s ON s.no = c.source WHERE s.source = '@poll'"
        ).fetchall()
    return {name: {key: datetime.fromisoformat(json.loads(text)[key]) for key in ("at", "next_at")} for name, text in rows}


def until_nothing_waits(there: Beside) -> None:
    """Also not for a moment: twice in a row."""
    until(lambda: there.waiting() == 0)
    time.sleep(1.0)
    until(lambda: there.waiting() == 0)


def until(claim: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not claim():
        if time.monotonic() > end:
            raise TimeoutError(f"not within {PATIENCE_S} s")
        time.sleep(0.2)
