"""Two sandbox CRMs and an installation under one clock that stands until it is moved; what the CRMs push is caught event by event."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from connector.flows.pull import Pulled
from connector.flows.road import pull_stretch, score_stretch
from connector.flows.road_back import write_stretch
from connector.flows.runs import recorded
from connector.ports.connections import LiveStep
from connector.ports.inbox import Arrived
from tests.support.journeys import CRMS, Desk
from tests.support.push_receiver import Receiver, receiving
from tests.support.real_time import Lanes, lanes

HUBSPOT_SUBSCRIPTIONS = Path(__file__).resolve().parents[2] / "adapters/hubspot/package/webhooks-hsmeta.json"
MESSAGES = {
    "Lead": ["Email", "Title", "IsConverted"],
    "Contact": ["Email", "Title"],
    "Account": ["Name", "Industry"],
    "Opportunity": ["StageName"],
    "Task": ["Status"],
    "Event": ["Subject"],
}
"""Outbound messages: fields by Salesforce object. What they tell is not used but for the record's id."""
_NOTIFICATION = re.compile(rb"<Notification>.*?</Notification>", re.DOTALL)


@dataclass(slots=True, kw_only=True)
class StandingClock:
    """The time of everybody: it stands until it is moved."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event as a CRM pushed it: a body that holds nothing else."""

    crm: str
    body: bytes


def singly(crm: str, body: bytes) -> list[Event]:
    """The events of a body, each in a body of its own."""
    if crm == "hubspot":
        return [Event(crm=crm, body=json.dumps([one]).encode()) for one in json.loads(body)]
    notes = _NOTIFICATION.findall(body)
    head, tail = body[: body.index(notes[0])], body[body.rindex(notes[-1]) + len(notes[-1]) :]
    return [Event(crm=crm, body=head + note + tail) for note in notes]


def together(events: Sequence[Event]) -> bytes:
    """One body with these events of one CRM, in this order."""
    if events[0].crm == "hubspot":
        return json.dumps([one for event in events for one in json.loads(event.body)]).encode()
    notes = [_NOTIFICATION.findall(event.body)[0] for event in events]
    first = events[0].body
    head, tail = first[: first.index(notes[0])], first[first.index(notes[0]) + len(notes[0]) :]
    return head + b"".join(notes) + tail


@dataclass(slots=True, kw_only=True)
class Simulated:
    """One installation beside its CRMs, all at the same instant."""

    desk: Desk
    beside: Lanes
    clock: StandingClock
    receiver: Receiver
    began: datetime
    caught: int = 0
    """Bodies taken from the receiver so far."""

    def advance(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)
        for sandbox in self.desk.sandboxes.values():
            sandbox.advance(seconds)

    def clock_to(self, *, hours: float) -> None:
        """Moves every clock to so many hours after the beginning."""
        self.advance((self.began + timedelta(hours=hours) - self.clock.at).total_seconds())

    def subscribe(self) -> None:
        """Both CRMs push what changes from now on, as the product's own set-up has it."""
        hubspot, salesforce = (self.desk.sandboxes[crm] for crm in ("hubspot", "salesforce"))
        written = json.loads(HUBSPOT_SUBSCRIPTIONS.read_text(encoding="utf-8"))["config"]["subscriptions"]
        hubspot.subscribe({"target": f"{self.receiver.url}/hubspot", "secret": "s", "subscriptions": written})
        for source, fields in MESSAGES.items():
            asked = {"object": source, "fields": fields, "when": "create_or_update", "include_session_id": False}
            salesforce.subscribe({"target": f"{self.receiver.url}/salesforce", **asked})

    def pushed(self) -> list[Event]:
        """What the CRMs told since the last look, in their order."""
        for sandbox in self.desk.sandboxes.values():
            sandbox.flush_pushes()
        bodies = self.receiver.received[self.caught :]
        self.caught += len(bodies)
        hooks = {crm: self.beside.here.kinds[crm].hooks for crm in CRMS}
        return [event for one in bodies for crm in [one.path.strip("/")] for event in singly(crm, hooks[crm].kept(one.body))]

    def deliver(self, events: Sequence[Event], *, most: int = 100) -> None:
        """These events are in the inbox, in bodies of neighbours of one CRM."""
        bodies: list[list[Event]] = []
        for event in events:
            if bodies and bodies[-1][0].crm == event.crm and len(bodies[-1]) < most:
                bodies[-1].append(event)
            else:
                bodies.append([event])
        arrived = [Arrived(lane=some[0].crm, body=together(some), at=self.clock()) for some in bodies]
        self.beside.here.store.write(lambda tx: tx.inbox.put(arrived))

    def pull(self, *crms: str) -> tuple[Pulled, ...]:
        """As `hotlead pull`; nothing may fail."""
        connections = self.beside.here.connections(list(crms or CRMS))
        with recorded(store=self.beside.here.store, verb="pull", clock=self.clock) as running:
            pulled = pull_stretch(self.beside.road, connections=connections, running=running)
            assert running.failures == []
        return pulled

    def night(self) -> None:
        """Everybody is scored and planned, as once a night."""
        store = self.beside.here.store
        live = [c for c in self.beside.here.connections() if c.live is not LiveStep.OFF]
        with recorded(store=store, verb="score", clock=self.clock) as running:
            score_stretch(self.beside.road, running=running)
        with recorded(store=store, verb="write-back", clock=self.clock) as running:
            done = write_stretch(self.beside.road, connections=live, running=running)
            assert done.failures == ()


def publish_unfading(desk: Desk) -> None:
    """The shipped model without half-lives and with windows of two years: points stay, so that a score waits for no hour.

    What such windows ask for beyond those of before is read here, so that no later pull brings it as news.
    """
    lines = [line for line in desk.ok("publish", "scoring", "b2b_default").out.splitlines() if "half_life" not in line]
    model = re.sub(r"^( *)(window|within): .*$", r"\1\2: 730d", "\n".join(lines), flags=re.MULTILINE)
    (desk.folder / "unfading.yaml").write_text(f"{model}\n", encoding="utf-8")
    desk.ok("publish", "scoring", "b2b_default", "unfading.yaml")
    desk.ok("pull")
    desk.ok("score")


@contextmanager
def simulated(
    desk: Desk, *, now: datetime | None = None, breaker_writes: int = 12, prepare: Callable[[Desk], None] | None = None
) -> Iterator[Simulated]:
    """The desk's installation and CRMs with their clocks stopped at `now`, or the present."""
    now = now or max(sandbox.now() for sandbox in desk.sandboxes.values()).astimezone(UTC)
    for sandbox in desk.sandboxes.values():
        stopped: dict[str, Any] = {"now": now.isoformat(), "frozen": True}
        requests.put(f"{sandbox.url}/_sandbox/clock", json=stopped, timeout=10).raise_for_status()
    if prepare is not None:
        prepare(desk)
    clock = StandingClock(at=now)
    with receiving() as receiver, lanes(desk, breaker_writes=breaker_writes, clock=clock) as beside:
        hooks = beside.here.kinds["salesforce"].hooks
        receiver.status, receiver.body = hooks.answer().status, hooks.answer().body
        yield Simulated(desk=desk, beside=beside, clock=clock, receiver=receiver, began=now)
