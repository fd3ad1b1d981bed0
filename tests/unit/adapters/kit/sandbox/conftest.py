"""A small CRM served on a real loopback socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.server import serving
from tests.unit.adapters.kit.sandbox.small_crm import SmallCrm, small_app

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


class Served:
    """A running small CRM: its state, and a client that keeps its connections."""

    def __init__(self, *, url: str, crm: SmallCrm) -> None:
        self.url = url
        self.crm = crm
        self.client = requests.Session()

    def call(self, method: str, path: str, *, timeout_s: float = 5.0, **options: Any) -> requests.Response:
        return self.client.request(method, self.url + path, timeout=timeout_s, **options)

    def add_fault(self, **rule: object) -> None:
        answer = self.call("POST", "/_sandbox/faults", json=rule)
        assert answer.status_code == 201, answer.text


@pytest.fixture
def served() -> Iterator[Served]:
    """A small CRM whose clock stands at noon of 2 November 2026, UTC."""
    clock = SandboxClock()
    clock.adjust(now=NOON, frozen=True)
    crm = SmallCrm(Control(clock=clock))
    with serving(small_app(crm), control=crm.control) as url:
        ready = Served(url=url, crm=crm)
        yield ready
        ready.client.close()
