"""`hotlead` commands and sandbox CRMs as processes of their own, for journeys and faults: started, killed, waited for, read."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.sandboxes import REPOSITORY, Sandbox

READY_SECONDS = 20
COLUMNS = "240"
"""Wide enough that no line of output is folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON value on standard output."""
        return json.loads(self.out)

    def said(self) -> str:
        return f"exit {self.code}\n{self.out}\n{self.err}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command under way."""

    pid: int
    out: Path
    err: Path
    forks: "Forks"

    def wait(self) -> Done:
        code = self.forks.ask({"wait": self.pid})["code"]
        return Done(code=code, out=self.out.read_text(encoding="utf-8"), err=self.err.read_text(encoding="utf-8"))

    def kill(self) -> Done:
        """Ends it by SIGKILL."""
        os.kill(self.pid, 9)
        return self.wait()

    def stop(self) -> Done:
        """Ends it by SIGTERM."""
        os.kill(self.pid, 15)
        return self.wait()


@dataclass(slots=True, kw_only=True)
class Forks:
    """The fork server (`tests.support.forking`) and where its processes write what they say."""

    server: "subprocess.Popen[str]"
    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        assert self.server.stdin is not None and self.server.stdout is not None
        self.server.stdin.write(json.dumps(order) + "\n")
        self.server.stdin.flush()
        answer: dict[str, Any] = json.loads(self.server.stdout.readline())
        return answer

    def start(
        self,
        program: str,
        *arguments: str,
        folder: Path,
        environment: dict[str, str] | None = None,
        die_at_commit: int = 0,
        small_pages: bool = False,
        points: dict[str, Any] | None = None,
        stands_at: str = "",
        any_page: bool = False,
    ) -> Command:
        """A program begun; what the last five ask for is said in `tests.support.forking`, and of points in `tests.support.points`."""
        number = next(self._numbers)
        out, err = self.folder / f"{number}.out", self.folder / f"{number}.err"
        order = {
            "program": program,
            "arguments": arguments,
            "folder": str(folder),
            "environment": {**_kept(), "COLUMNS": COLUMNS, "OPENBLAS_NUM_THREADS": "1", **(environment or {})},
            "out": str(out),
            "err": str(err),
            "die_at_commit": die_at_commit,
            "small_pages": small_pages,
            "points": points,
            "stands_at": stands_at,
            "any_page": any_page,
        }
        return Command(pid=self.ask(order)["pid"], out=out, err=err, forks=self)

    @contextmanager
    def sandbox(self, crm: str, *, people: int, port: int = 0, options: Sequence[str] = (), any_page: bool = False) -> Iterator[Sandbox]:
        """A fresh sandbox of `crm`; the same options give the same records."""
        arguments = ["--port", str(port), "--seed", str(people), *options]
        command = self.start(f"adapters.{crm}.sandbox", *arguments, folder=REPOSITORY, any_page=any_page)
        try:
            ready = _ready(command)
            yield Sandbox(crm=ready["crm"], url=ready["url"], credentials=ready["credentials"], pid=command.pid)
        finally:
            command.stop()


def _ready(command: Command) -> dict[str, Any]:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        text = command.out.read_text(encoding="utf-8") if command.out.exists() else ""
        if text.endswith("\n"):
            ready: dict[str, Any] = json.loads(text.splitlines()[-1])
            return ready
        time.sleep(0.01)
    raise AssertionError(f"no sandbox after {READY_SECONDS} s: {command.err.read_text(encoding='utf-8')}")


def _kept() -> dict[str, str]:
    """What a command needs of our own environment: where programs and packages are, and nothing that sets hotlead."""
    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "HOME", "TMPDIR") if name in os.environ}


def free_port() -> int:
    """A port on the loopback address that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@contextmanager
def forks(folder: Path) -> Iterator[Forks]:
    """The fork server, ended with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        server = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-m", "tests.support.forking"], cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        )
        try:
            yield Forks(server=server, folder=folder)
        finally:
            assert server.stdin is not None
            server.stdin.close()
            server.wait(timeout=30)
