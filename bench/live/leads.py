"""People at the sandboxes' screens: new leads and changed titles at a steady pace, and when hotlead's answer to each arrived there.

HubSpot's sandbox keeps the instant of every value, to the millisecond. Salesforce stamps a row to the second, cut off: there a second is
added, so that what is told is at most a second too long and never too short.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from bench.live.letters import SECRET
from connector.cli.sandboxes import RunningSandbox

SCORE = "hotlead_score"
SENIOR, JUNIOR = "Chief Executive Officer", "Office Assistant"
SETTLED = timedelta(seconds=20)
"""A contact is changed no sooner after it was made, so that each of its writes belongs to one of the two."""
HANDS = 8
TIMEOUT_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One event: a record made or changed at `at` by the clock of this machine, which is the sandboxes' too."""

    crm: str
    record: str
    at: datetime
    is_change: bool


@dataclass(slots=True)
class Office:
    """The people who make and change records in running sandboxes."""

    sandboxes: Mapping[str, RunningSandbox]
    deeds: list[Deed] = field(default_factory=list)
    _made: int = 0

    def work(self, *, a_second: float, seconds: float) -> None:
        """At that pace for so long: half of it new Salesforce leads, a quarter new HubSpot contacts, a quarter changed ones."""
        began, waiting = time.monotonic(), []
        with ThreadPoolExecutor(max_workers=HANDS) as hands:
            for number in range(round(a_second * seconds)):
                time.sleep(max(0.0, began + number / a_second - time.monotonic()))
                waiting.append(hands.submit(self._next(number)))
                self.deeds.extend(_done(waiting))
        self.deeds.extend(_done(waiting))

    def answered(self) -> tuple[list[float], int]:
        """Seconds from each deed to the arrival of the score that followed it, and how many deeds no score has followed."""
        with ThreadPoolExecutor(max_workers=HANDS) as hands:
            found = list(hands.map(self._lag, self.deeds))
        return [one for one in found if one is not None], found.count(None)

    def _next(self, number: int) -> Any:
        if number % 2 == 0:
            return lambda: self._make("salesforce", "Lead", _lead(number))
        ripe = self._ripe() if number % 4 == 3 else None
        if ripe is None:
            return lambda: self._make("hubspot", "contacts", _contact(number))
        return lambda: self._change(ripe)

    def _ripe(self) -> Deed | None:
        """The oldest contact that was made long enough ago and not changed yet."""
        changed = {one.record for one in self.deeds if one.is_change} | self._taken
        before = datetime.now(UTC) - SETTLED
        found = next((d for d in self.deeds if d.crm == "hubspot" and not d.is_change and d.at < before and d.record not in changed), None)
        if found is not None:
            self._taken.add(found.record)
        return found

    _taken: set[str] = field(default_factory=set)

    def _make(self, crm: str, source: str, values: Mapping[str, str]) -> Deed:
        at = datetime.now(UTC)
        answer = requests.post(f"{self.sandboxes[crm].url}/_sandbox/records/{source}", json=dict(values), timeout=TIMEOUT_S)
        answer.raise_for_status()
        return Deed(crm=crm, record=str(answer.json()["id"]), at=at, is_change=False)

    def _change(self, made: Deed) -> Deed:
        at = datetime.now(UTC)
        url = f"{self.sandboxes['hubspot'].url}/_sandbox/records/contacts/{made.record}"
        requests.patch(url, json={"jobtitle": JUNIOR}, timeout=TIMEOUT_S).raise_for_status()
        return Deed(crm="hubspot", record=made.record, at=at, is_change=True)

    def _lag(self, deed: Deed) -> float | None:
        source = "Lead" if deed.crm == "salesforce" else "contacts"
        answer = requests.get(f"{self.sandboxes[deed.crm].url}/_sandbox/records/{source}/{deed.record}", timeout=TIMEOUT_S)
        answer.raise_for_status()
        arrivals = _arrivals(deed.crm, answer.json())
        return next(((one - deed.at).total_seconds() for one in arrivals if one > deed.at), None)


def _done(waiting: "list[Future[Deed]]") -> Iterator[Deed]:
    """What is done, in order, taken off; waits for nothing."""
    while waiting and waiting[0].done():
        yield waiting.pop(0).result()


def _arrivals(crm: str, state: Mapping[str, Any]) -> Sequence[datetime]:
    """When scores arrived, oldest first."""
    if crm == "hubspot":
        return sorted(datetime.fromisoformat(one["at"]) for one in state["history"].get(SCORE, ()))
    if state.get("Hotlead_Score__c") is None:
        return ()
    stamp = datetime.strptime(state["SystemModstamp"], "%Y-%m-%dT%H:%M:%S.%f%z")
    return (stamp + timedelta(seconds=1),)


def _lead(number: int) -> Mapping[str, str]:
    return {
        "FirstName": "Lee",
        "LastName": f"Lead{number}",
        "Company": f"Firm {number} Inc",
        "Title": SENIOR,
        "Email": f"lee{number}@firm-s{number}.example.com",
    }


def _contact(number: int) -> Mapping[str, str]:
    return {
        "firstname": "Kim",
        "lastname": f"Contact{number}",
        "jobtitle": SENIOR,
        "email": f"kim{number}@firm-h{number}.example.com",
    }


def let_push(sandboxes: Mapping[str, RunningSandbox], addresses: Mapping[str, str]) -> None:
    """Each sandbox pushes what happens to its people: HubSpot what the shipped subscriptions ask for, Salesforce every saved lead."""
    config = json.loads((Path(__file__).parents[2] / "adapters/hubspot/package/webhooks-hsmeta.json").read_text(encoding="utf-8"))["config"]
    bodies = {
        "hubspot": {"target": addresses["hubspot"], "secret": SECRET, "app_id": 77, "subscriptions": config["subscriptions"]},
        "salesforce": {"target": addresses["salesforce"], "object": "Lead", "fields": ["Email"], "when": "create_or_update"},
    }
    for crm, sandbox in sandboxes.items():
        requests.post(f"{sandbox.url}/_sandbox/pushes", json=bodies[crm], timeout=TIMEOUT_S).raise_for_status()
