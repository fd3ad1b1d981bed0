"""A `hotlead up` under test: started on a free port beside sandbox CRMs, watched over HTTP, its processes found and killed, ended."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psutil
import requests

from tests.support.journeys import Desk
from tests.support.processes import Command, Done, free_port

PATIENCE_S = 40.0
HOOK_SECRET = "app-secret-of-journeys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Up:
    """One running `hotlead up`."""

    command: Command
    url: str

    def health(self) -> Any:
        return requests.get(f"{self.url}/health", timeout=10).json()

    def said(self) -> list[dict[str, Any]]:
        """What it printed each time a worker was ready."""
        decoder, text, found = json.JSONDecoder(), self.command.out.read_text(encoding="utf-8").strip(), []
        while text:
            one, end = decoder.raw_decode(text)
            found.append(one)
            text = text[end:].strip()
        return found

    def worker(self) -> int:
        """The worker process that was ready last."""
        return int(self.said()[-1]["worker"])

    def processes(self) -> list[int]:
        """Its own number and those of everything it began."""
        main = psutil.Process(self.command.pid)
        return [main.pid, *(child.pid for child in main.children(recursive=True))]

    def stop(self) -> Done:
        """SIGTERM to the main process, and how it ended."""
        return self.command.stop()


def until(claim: Callable[[], object], *, what: str | Callable[[], str], seconds: float = PATIENCE_S) -> Any:
    """What the claim gives once it is true; fails with `what` where that takes too long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := claim():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s: {what if isinstance(what, str) else what()}")


def is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@contextmanager
def up(desk: Desk, *words: str, port: int = 0) -> Iterator[Up]:
    """`hotlead up` in the desk's data directory, ready; killed with everything it began where the test has not ended it."""
    port = port or free_port()
    desk.environment["HOTLEAD_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    command = desk.start("--json", "up", "--port", str(port), *words)
    serving = Up(command=command, url=f"http://127.0.0.1:{port}")
    try:
        until(
            lambda: command.out.exists() and '"ready"' in command.out.read_text(encoding="utf-8"), what=lambda: f"ready: {_errors(command)}"
        )
        yield serving
    finally:
        if is_alive(command.pid):
            left: Sequence[int] = serving.processes()
            for pid in left:
                _kill(pid)
            command.wait()


def _errors(command: Command) -> str:
    return command.err.read_text(encoding="utf-8") if command.err.exists() else ""


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it has ended by itself
        os.kill(pid, signal.SIGKILL)


def let_hubspot_push(desk: Desk, serving: Up) -> int:
    """Receiving is switched on, and the sandbox pushes what happens to contacts; the subscriber's number."""
    told = desk.told("receive", "hubspot", "--secret", HOOK_SECRET)
    assert told["url"] == f"{serving.url}/hooks/hubspot"
    lines = [{"subscriptionType": "contact.creation"}] + [
        {"subscriptionType": "contact.propertyChange", "propertyName": name} for name in ("jobtitle", "email", "lifecyclestage")
    ]
    return desk.sandboxes["hubspot"].subscribe({"target": told["url"], "secret": HOOK_SECRET, "app_id": 77, "subscriptions": lines})
