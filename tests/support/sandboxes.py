"""Sandbox CRMs as processes of their own, for tests: started, waited for, told what to do over `/_sandbox/`, stopped by their pid."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running sandbox. `settings` of an adapter come from `url` and `credentials` by `CrmKind.sandbox_settings`."""

    crm: str
    url: str
    credentials: Mapping[str, str]
    pid: int

    def fault(self, path: str, fault: str, **rule: Any) -> None:
        """Adds a fault rule: `calls=[1]`, `every=2` or `times=3` say when; `status`, `body`, `seconds`, `rows` what."""
        self._ask("POST", "faults", {"path": path, "fault": fault, **rule})

    def bitten(self) -> int:
        """How many calls the present fault rules have acted on."""
        rules: list[dict[str, Any]] = self._ask("GET", "faults")
        return sum(rule["bitten"] for rule in rules)

    def heal(self) -> None:
        """Ends every fault and every lag."""
        self._ask("DELETE", "faults")
        self._ask("PUT", "lag", {"seconds": 0, "every": 1})

    def lag(self, *, seconds: int, every: int = 1) -> None:
        """Rows written from now are visible to queries only so much later by the sandbox's clock."""
        self._ask("PUT", "lag", {"seconds": seconds, "every": every})

    def now(self) -> datetime:
        """The sandbox's own present."""
        return datetime.fromisoformat(self._ask("GET", "clock")["now"])

    def advance(self, seconds: float) -> None:
        """Turns the sandbox's clock forward."""
        self._ask("PUT", "clock", {"advance_s": seconds})

    def calls(self) -> dict[str, int]:
        """Calls so far by `METHOD path-template`."""
        calls: dict[str, int] = self._ask("GET", "counters")["calls"]
        return calls

    def writes(self) -> dict[str, int]:
        """API writes so far by `Source/ID/field`."""
        writes: dict[str, int] = self._ask("GET", "counters")["writes"]
        return writes

    def reset_counters(self) -> None:
        """Forgets calls and writes."""
        self._ask("DELETE", "counters")

    def record(self, source: str, record_id: str) -> dict[str, Any]:
        """The raw state of one record."""
        state: dict[str, Any] = self._ask("GET", f"records/{source}/{quote(record_id)}")
        return state

    def create(self, source: str, fields: Mapping[str, Any]) -> str:
        """A person makes a record; its id comes back."""
        made = self._ask("POST", f"records/{source}", dict(fields))
        return str(made["id"])

    def edit(self, source: str, record_id: str, fields: Mapping[str, Any]) -> None:
        """A person changes a record."""
        self._ask("PATCH", f"records/{source}/{quote(record_id)}", dict(fields))

    def delete(self, source: str, record_id: str) -> None:
        """A person deletes a record."""
        self._ask("DELETE", f"records/{source}/{quote(record_id)}")

    def touch(self, source: str, *, ids: Sequence[str] = (), count: int = 0, at: datetime | None = None) -> None:
        """Stamps many rows with one equal time: the named ones, or the first `count`."""
        order: dict[str, Any] = {"source": source}
        if ids:
            order["ids"] = list(ids)
        else:
            order["count"] = count
        if at is not None:
            order["at"] = at.isoformat()
        self._ask("POST", "bulk_touch", order)

    def act(self, act: str, **asked: Any) -> dict[str, Any]:
        """What a person or the CRM itself does beyond editing: merge, convert, undelete, erase, import, associate, separate."""
        done: dict[str, Any] = self._ask("POST", "acts", {"act": act, **asked})
        return done

    def automate(self, source: str, *, when_field: str, values: Mapping[str, Any]) -> None:
        """A workflow of the CRM: whenever the field changes, these are set."""
        self._ask("POST", "workflows", {"source": source, "when_field": when_field, "set": dict(values)})

    def limits(self) -> dict[str, int]:
        """Call limits and what is used of the day's, as the CRM itself counts: `daily`, and by CRM `used_today` or `used`."""
        told: dict[str, int] = self._ask("GET", "limits")
        return told

    def limit(self, **limits: int) -> None:
        """Sets call limits at once: `daily`, and by CRM `burst`, `search_rate`, `used_today` or `used`."""
        self._ask("PUT", "limits", limits)

    def subscribe(self, subscription: Mapping[str, Any]) -> int:
        """Pushes what changes from now on; the subscriber's number. The body is the CRM's own: its README."""
        return int(self._ask("POST", "pushes", dict(subscription))["number"])

    def pushes(self) -> dict[str, Any]:
        """Every subscriber with its counters, what waits, and when the next letter is due."""
        listed: dict[str, Any] = self._ask("GET", "pushes")
        return listed

    def flush_pushes(self) -> dict[str, Any]:
        """Sends what is due by the sandbox's clock and waits for every answer; tells as `pushes`."""
        listed: dict[str, Any] = self._ask("POST", "pushes/flush")
        return listed

    def order(self, path: str, body: Mapping[str, Any]) -> Any:
        """What only this CRM's sandbox can be told, below `/_sandbox/`; its README lists it."""
        return self._ask("POST", path, dict(body))

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=90)
        assert answer.ok, f"{method} /_sandbox/{path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None


@contextmanager
def running_sandbox(crm: str, *, people: int, options: Sequence[str] = ()) -> Iterator[Sandbox]:
    """A sandbox of `crm` with so many people, stopped at the end of the block; it also ends when this process does."""
    command = [sys.executable, "-m", f"adapters.{crm}.sandbox", "--port", "0", "--seed", str(people), "--with-parent", *options]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, f"the {crm} sandbox ended before it was ready (exit {process.wait(timeout=10)})"
        ready = json.loads(line)
        yield Sandbox(crm=ready["crm"], url=ready["url"], credentials=ready["credentials"], pid=process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                stream.close()
