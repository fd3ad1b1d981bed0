"""A HubSpot sandbox run for a test, and connections to it. Station: tests, support; the adapter's own contract tests use it."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import requests

from adapters.hubspot.adapter import KIND, HubSpotCrm
from connector.core.records import RecordKey
from connector.ports.crm import Ask, Crm, NewTask, Priority
from tests.support.clocks import StillClock
from tests.support.crm_tasks import call_task
from tests.support.sandboxes import Sandbox

NO_PACE = {"calls_per_10s": "off", "searches_per_second": "off", "timeout_s": "5"}
NO_LIMITS = ("--burst", "0", "--search-rate", "0")
NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Portal:
    """A sandbox portal and connections to it."""

    sandbox: Sandbox

    def settings(self, **changed: str) -> Mapping[str, str]:
        """Settings that connect to it, unpaced unless told."""
        return {**KIND.sandbox_settings(url=self.sandbox.url, credentials=self.sandbox.credentials), **NO_PACE, **changed}

    def open(self, **changed: str) -> Crm:
        """A new connection."""
        return KIND.open(connection="hs", settings=self.settings(**changed))

    def open_by(self, clock: StillClock, **changed: str) -> HubSpotCrm:
        """A new connection that sleeps and looks at the time by `clock`."""
        return KIND.open(connection="hs", settings=self.settings(**changed), clock=clock)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """A plain API call beside the adapter."""
        token = self.sandbox.credentials["access_token"]
        answer = requests.request(method, f"{self.sandbox.url}{path}", json=body, headers={"Authorization": f"Bearer {token}"}, timeout=30)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def contact(self, word: str = "Trap", **values: str) -> str:
        """A person makes a contact; its id."""
        number = next(NUMBERS)
        return self.sandbox.create("contacts", {"lastname": f"{word}{number}", "email": f"{word.lower()}{number}@trap.test", **values})

    def company(self, word: str) -> str:
        """A person makes a company; its id."""
        return self.sandbox.create("companies", {"name": f"{word}{next(NUMBERS)}"})


def key_of(record_id: str, source: str = "contacts") -> RecordKey:
    return RecordKey("hs", source, record_id)


def contacts_ask(cursor: str | None = None, *fields: str) -> Ask:
    return Ask(source="contacts", fields=fields or ("email",), cursor=cursor)


def a_task(contact: str, key: str) -> NewTask:
    """A call of normal priority to a contact, its body with signs that HTML takes for its own."""
    body = "Pricing page < 3 days ago\nWebinar & demo"
    return call_task(key_of(contact), key, body=body, priority=Priority.NORMAL)
