"""SIGKILL at every unit given to the store and every call to a CRM that the code makes, by its own list: the end is the same (P3).

One journey comes by all of them: each command is killed at the first point it comes to that no process has died at yet, and is given
again until it ends by itself. A point of the code that the journey does not come to fails here by its name.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from jobs.daily import RANGES
from tests.support.fault_tally import as_many, tally
from tests.support.journeys import CRMS, TASKS, Desk, Town
from tests.support.points import points
from tests.support.processes import Command, Done
from tests.support.pushing import events

SIGKILLED = -9
WAYS = ("turns", "before", "after")[: as_many(quick=1, full=3)]
"""Units die before they stand and calls after they were made; or all before; or all after."""
LANE_OF_SITES = b'{"site": "www", "production": false, "via": "server"}\n'
YEARS_S = 500 * 86400


@dataclass(slots=True, kw_only=True)
class Killed(Desk):
    """A desk at whose clock nothing passes, whose commands die at points, and are given again."""

    now: datetime
    notes: Path
    when: str
    times: int
    kills: int = 0
    later_s: float = 0.0

    def start(self, *words: str, die_at_commit: int = 0) -> Command:
        return self._start("hotlead", *words)

    def _start(self, program: str, *words: str) -> Command:
        watching = {"notes": str(self.notes), "when": self.when, "times": self.times}
        return self.forks.start(
            program, *words, folder=self.folder, environment=self.environment, points=watching, stands_at=self.now.isoformat()
        )

    def hotlead(self, *words: str) -> Done:
        return self._to_its_end("hotlead", *words)

    def looks(self, *orders: str, later_s: float = 0.0) -> Done:
        """Jobs run as `hotlead up` runs them, with its clock so much ahead."""
        return self._to_its_end("tests.support.looks", "--later", str(later_s), *orders)

    def _to_its_end(self, program: str, *words: str) -> Done:
        self.now += timedelta(seconds=1)
        for sandbox in self.sandboxes.values():
            sandbox.advance(1)
        while (done := self._start(program, *words).wait()).code == SIGKILLED:
            self.kills += 1
            self._let_leases_run_out()
        assert "Traceback" not in done.err, done.said()
        return done

    def _let_leases_run_out(self) -> None:
        """Whoever died while logging in is waited for; a minute goes by although the clock stands."""
        if (self.data / "hotlead.db").exists():
            with closing(sqlite3.connect(self.data / "hotlead.db")) as database, database:
                database.execute("UPDATE leases SET until = 0 WHERE name LIKE 'token:%'")


Told = dict[str, Any]
KIND = "(SELECT w.word FROM words w JOIN lists l ON l.no = w.list WHERE l.name = 'activity.kind' AND w.id = a.kind)"
STANDS = {
    "raw": "SELECT o.connection, o.source, r.id, r.fields, r.deleted, r.survivor FROM raw r JOIN sources o ON o.no = r.source",
    "people": "SELECT p.name, p.email, p.live, o.connection, o.source, m.id, m.why FROM members m"
    " JOIN persons p ON p.id = m.person JOIN sources o ON o.no = m.source",
    "contacts": "SELECT o.source, m.id, c.mapped, c.deleted FROM contacts c JOIN members m ON m.no = c.no"
    " JOIN sources o ON o.no = m.source",
    "companies": "SELECT o.source, c.id, c.mapped, c.deleted FROM companies c JOIN sources o ON o.no = c.source",
    "deals": "SELECT o.source, d.id, d.mapped, d.state, d.deleted FROM deals d JOIN sources o ON o.no = d.source",
    "activities": f"SELECT p.email, {KIND}, a.at, a.seconds FROM activities a JOIN persons p ON p.id = a.person",
    "history": "SELECT o.source, h.id, h.field, h.before, h.after FROM history h JOIN sources o ON o.no = h.source",
    "unknown": "SELECT o.source, u.field, u.value, u.rows FROM unknown_values u JOIN sources o ON o.no = u.source",
    "waiting": "SELECT k.lane, p.email FROM marks k JOIN persons p ON p.id = k.person",
    "hints": "SELECT source, id, kind FROM hints",
    "bodies": "SELECT lane, body FROM inbox",
    "held": "SELECT count(*) FROM held_events",
    "journal": "SELECT source, id, field, before, after FROM journal",
    "ladder": "SELECT p.email, s.stage FROM ladder_states s JOIN persons p ON p.id = s.person",
    "moves": "SELECT p.email, s.before, s.after, s.why FROM stage_moves s JOIN persons p ON p.id = s.person",
    "follow-ups": "SELECT p.email, f.rule, f.trigger, f.connection, f.state FROM follow_ups f JOIN persons p ON p.id = f.person",
    "parked": "SELECT source, id, what, tries FROM parked",
    "scores": "SELECT p.email, s.rank, s.excluded FROM scores s JOIN persons p ON p.id = s.person",
}


@dataclass(slots=True, kw_only=True)
class Journey:
    """Everything an installation does, once, beside two CRMs whose clocks stand."""

    desk: Killed
    written: int = 0
    emails: dict[str, list[str]] = field(default_factory=dict)

    def go(self) -> Told:
        """From an empty folder to the night, and what stands then."""
        for part in (
            self.set_up,
            self.reading,
            self.documents,
            self.going_live,
            self.pushes,
            self.web_pages,
            self.refusals,
            self.to_and_fro,
            self.over_the_limit,
            self.feed,
            self.nights,
        ):
            part()
        return self.told()

    def file(self, text: str | bytes) -> str:
        self.written += 1
        path = self.desk.folder / f"{self.written}.txt"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    def push(self, *contacts: str, kind: str = "contact.propertyChange") -> str:
        """The order by which these contacts' change is taken."""
        told = json.loads(events(contacts, portal=24681357))
        for one in told:
            one |= {"subscriptionType": kind, "eventId": self.written, "occurredAt": self.written}
        return f"push:hubspot:{self.file(json.dumps(told))}"

    def set_up(self) -> None:
        desk = self.desk
        desk.ok("init")
        assert desk.connect("salesforce").code == 0
        self.connect_hubspot()
        desk.looks(self.push("1"), "drain:hubspot")
        desk.hotlead("check")
        desk.hotlead("doctor")
        desk.ok("receive", "hubspot", "--secret", "first secret")
        desk.ok("receive", "hubspot", "--off")
        desk.hotlead("site", "add", "www", "--origin", "https://www.example.com", "--test")
        # Given again after it was done, it is refused: the name is taken.
        desk.ok("site", "change", "www", "--no-consent")
        desk.ok("site", "renew", "www")
        desk.ok("rotate-key")
        desk.hotlead("site", "add", "gone", "--test")
        desk.hotlead("site", "remove", "gone")

    def connect_hubspot(self) -> None:
        keys = self.desk.sandboxes["hubspot"].credentials
        done = self.desk.connect("hubspot", journal_client_id=keys["client_id"], journal_client_secret=keys["client_secret"])
        assert done.code == 0, done.said()

    def reading(self) -> None:
        desk = self.desk
        desk.ok("pull")
        desk.ok("score")
        for crm in CRMS:
            self.emails[crm] = desk.emails_in(crm, many=60)

    def documents(self) -> None:
        """A model that comes and goes, a mapping that reads rows otherwise, and one that reads less of them."""
        desk = self.desk
        model = str(desk.told("publish", "scoring", "b2b_default")["current"]["text"])
        desk.ok("publish", "scoring", "other", self.file(model.replace("model: b2b_default", "model: other")))
        desk.ok("publish", "scoring", "other", "--withdraw")
        shipped = str(desk.told("publish", "fields", "hubspot")["current"]["text"])
        otherwise = shipped.replace("AIRLINES_AVIATION: logistics", "AIRLINES_AVIATION: manufacturing")
        less = otherwise.replace(", {from: website, convert: domain}]", "]")
        for text in (otherwise, less):
            desk.ok("publish", "fields", "hubspot", self.file(text))
            desk.ok("pull", "hubspot")

    def going_live(self) -> None:
        desk = self.desk
        people = ",".join(sorted({*self.emails["salesforce"][:4], *self.emails["hubspot"][:12]}))
        for step in ("fields", "stages", "tasks"):
            for crm in CRMS:
                desk.ok("go-live", crm, step, "--people", people)
        desk.ok("write-back")
        for email in self.emails["hubspot"][:2]:
            desk.inquires(email)
        desk.looks("pull:hubspot", "pull:salesforce", "score:", "write_back:")
        ((task,), *_) = desk.rows("SELECT record FROM follow_ups WHERE connection = 'hubspot' AND state = 'open' ORDER BY record")
        desk.sandboxes["hubspot"].edit("tasks", task, {"hs_task_status": "COMPLETED"})
        self.cut_off()

    def cut_off(self) -> None:
        """A plan that HubSpot does not take, and that it is not to take any more when it could."""
        desk, hubspot = self.desk, self.desk.sandboxes["hubspot"]
        desk.inquires(next(email for email in self.only_hubspot() if email in self.emails["hubspot"][2:12]))
        hubspot.fault("*/objects/contacts/batch/*", "status", status=503, body={"message": "not now"})
        desk.looks("pull:hubspot", "score:", "write_back:")
        hubspot.heal()
        desk.looks("step:hubspot:off")
        desk.looks("write_back:", later_s=3600)
        desk.looks("step:hubspot:tasks")
        self.changed(self.emails["hubspot"][3])

    def contact(self, email: str) -> str:
        ((contact,),) = self.desk.rows(
            "SELECT m.id FROM persons p JOIN members m ON m.person = p.id JOIN sources o ON o.no = m.source"
            " WHERE p.email = ? AND o.source = 'contacts' ORDER BY m.id LIMIT 1",
            email,
        )
        return str(contact)

    def changed(self, email: str, title: str = "Chief Executive Officer") -> None:
        """Somebody edits the contact, HubSpot pushes it, and it goes all the way."""
        contact = self.contact(email)
        self.desk.sandboxes["hubspot"].edit("contacts", contact, {"jobtitle": title})
        self.desk.looks(self.push(contact), "drain:hubspot", "score:", "write_back:")

    def pushes(self) -> None:
        desk, hubspot = self.desk, self.desk.sandboxes["hubspot"]
        erased, deleted, late = (self.contact(email) for email in self.only_hubspot()[-3:])
        hubspot.act("erase", source="contacts", record=erased)
        desk.looks(self.push(erased, kind="contact.privacyDeletion"), "drain:hubspot")
        hubspot.delete("contacts", deleted)
        desk.looks(self.push(deleted, kind="contact.deletion"), "drain:hubspot", "score:", "write_back:")
        hubspot.fault("*/batch/read*", "status", status=503, body={"message": "not now"})
        desk.looks(self.push(late), f"push:hubspot:{self.file('[17]')}", "drain:hubspot")
        hubspot.heal()
        desk.looks("drain:hubspot", "score:", "write_back:", later_s=3600)

    def only_hubspot(self) -> list[str]:
        return [email for email in self.emails["hubspot"] if email not in self.emails["salesforce"]]

    def web_pages(self) -> None:
        desk, hubspot = self.desk, self.desk.sandboxes["hubspot"]
        at = self.desk.now.isoformat()
        known = {"id": "evt-1", "type": "page_view", "at": at, "email": self.emails["hubspot"][0], "path": "/pricing", "seconds": 40}
        unknown = {"id": "evt-2", "type": "page_view", "at": at, "email": "not.here@yet.test", "path": "/pricing", "seconds": 40}
        body = LANE_OF_SITES + json.dumps([known, unknown]).encode()
        desk.looks(f"push:site:{self.file(body)}", "drain:site")
        made = hubspot.create("contacts", {"email": "not.here@yet.test", "lastname": "Later"})
        desk.looks(self.push(made), "drain:hubspot", "release_held:", "score:", "write_back:")

    def refusals(self) -> None:
        """A row that is refused and written later, and one that needs nothing any more when its time comes."""
        desk, hubspot = self.desk, self.desk.sandboxes["hubspot"]
        written, reverted = self.emails["hubspot"][4:6]
        for email in (written, reverted):
            self.changed(email)  # to a title that counts, whatever the world gave them: only so does the next one change the score
        title = self.value_of(reverted, "jobtitle")
        hubspot.fault("*/objects/contacts/batch/update", "rows", rows={"error": "VALIDATION_ERROR", "message": "not today", "every": 1})
        for email in (written, reverted):
            self.changed(email, "Intern")
        hubspot.heal()
        hubspot.edit("contacts", self.contact(reverted), {"jobtitle": title})
        desk.looks(self.push(self.contact(reverted)), "drain:hubspot", "score:", "write_back:")
        desk.looks("retry_parked:", "write_back:", later_s=2 * 86400)

    def to_and_fro(self) -> None:
        """A value that changes back and forth until the breaker leaves its row alone."""
        self.desk.environment["HOTLEAD_BREAKER_WRITES_PER_HOUR"] = "1"
        for title in ("Intern", "Chief Executive Officer", "Intern"):
            self.changed(self.emails["hubspot"][5], title)
        del self.desk.environment["HOTLEAD_BREAKER_WRITES_PER_HOUR"]

    def over_the_limit(self) -> None:
        """More than may go out unasked: it waits until a person writes back by hand."""
        desk = self.desk
        limit = desk.environment["HOTLEAD_WRITE_LIMIT"]
        desk.environment["HOTLEAD_WRITE_LIMIT"] = "1"
        self.connect_hubspot()
        for email in self.emails["hubspot"][6:10]:
            self.changed(email)
        desk.ok("write-back", "--allow", "1000")
        desk.environment["HOTLEAD_WRITE_LIMIT"] = limit
        self.connect_hubspot()

    def value_of(self, email: str, name: str) -> Any:
        return self.desk.value("hubspot", "contacts", self.contact(email), name)

    def feed(self) -> None:
        """The journal of HubSpot: from its beginning, more than a unit at once, and after it has let go."""
        desk, hubspot = self.desk, self.desk.sandboxes["hubspot"]
        desk.looks("feed:hubspot")
        for email in self.emails["hubspot"][6:12]:
            hubspot.edit("contacts", self.contact(email), {"jobtitle": "Manager"})
        desk.looks("feed:hubspot", "drain:hubspot", later_s=3600)
        hubspot.advance(4 * 86400)
        desk.looks("feed:hubspot", "drain:hubspot", "score:", later_s=7200)

    def nights(self) -> None:
        desk = self.desk
        desk.sandboxes["hubspot"].edit("contacts", self.contact(self.emails["hubspot"][7]), {"jobtitle": "Head of Quiet Changes"})
        desk.looks("look:reconcile", "hold:something", "forget:")
        desk.looks("reconcile:hubspot", "reconcile:salesforce", "drain:hubspot", "drain:salesforce", later_s=86400)
        self.parked_and_gone()
        desk.looks("daily:", *(f"score_shards:{shards}" for shards in RANGES), "write_everybody:", "write_back:", later_s=2 * 86400)
        desk.looks("retention:", later_s=YEARS_S)

    def parked_and_gone(self) -> None:
        """Somebody whose row was refused, and is thrown away before it is tried again."""
        hubspot = self.desk.sandboxes["hubspot"]
        email = next(one for one in reversed(self.emails["hubspot"][:12]) if one in self.only_hubspot())
        contact = self.contact(email)
        self.changed(email)
        hubspot.fault("*/objects/contacts/batch/update", "rows", rows={"error": "VALIDATION_ERROR", "message": "not today", "every": 1})
        self.changed(email, "Intern")
        hubspot.heal()
        hubspot.delete("contacts", contact)
        self.desk.looks(self.push(contact, kind="contact.deletion"), "drain:hubspot", "score:")

    def told(self) -> Told:
        """What stands in the store and in the CRMs, without numbers that hang on how often something was begun."""
        desk = self.desk
        found: Told = {name: sorted(desk.rows(query), key=repr) for name, query in STANDS.items()}
        writes = desk.writes()
        found["writes"] = {name: count for name, count in writes.items() if TASKS["salesforce"] not in name and "tasks" not in name}
        for crm in CRMS:
            made = sorted({name.split("/")[1] for name in writes if name.startswith(f"{crm} {TASKS[crm]}/")})
            held = [desk.sandboxes[crm].record(TASKS[crm], one) for one in made]
            values = [one["properties"] if crm == "hubspot" else one for one in held]
            found[f"tasks {crm}"] = sorted(str(v.get("Subject") or v.get("hs_task_subject")) for v in values)
        return found


@contextmanager
def _beside_crms(small: Town, folder: Path, *, when: str, times: int, now: datetime | None = None) -> Iterator[Killed]:
    """An empty folder beside CRMs whose clocks stand, as seeded and installed every time."""
    with small.crms() as sandboxes:
        present = max(sandbox.now() for sandbox in sandboxes.values()).astimezone(UTC)
        # Scores are as of an hour: no hour may begin while the journey lasts.
        now = now or present.replace(minute=5, second=0, microsecond=0) + timedelta(hours=1)
        for sandbox in sandboxes.values():
            stands = {"now": now.isoformat(), "frozen": True}
            requests.put(f"{sandbox.url}/_sandbox/clock", json=stands, timeout=10).raise_for_status()
        folder.mkdir()
        desk = Killed(forks=small.forks, folder=folder, sandboxes=sandboxes, now=now, notes=folder / "points", when=when, times=times)
        desk.environment |= {"HOTLEAD_PUBLIC_URL": "https://hotlead.example.com", "HOTLEAD_WRITE_LIMIT": "100000"}
        yield desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Unkilled:
    """How the journey ends that nobody kills, when it began, and the points it came to."""

    told: Told
    began: datetime
    came_to: frozenset[str]


@pytest.fixture(scope="module")
def unkilled(small: Town, tmp_path_factory: pytest.TempPathFactory) -> Unkilled:
    with _beside_crms(small, tmp_path_factory.mktemp("unkilled") / "desk", when="", times=1) as desk:
        began = desk.now
        told = Journey(desk=desk).go()
        return Unkilled(told=told, began=began, came_to=frozenset(desk.notes.read_text(encoding="utf-8").splitlines()))


def test_the_journey_comes_to_every_point_of_the_code(unkilled: Unkilled) -> None:
    assert [point.name for point in points() if point.name not in unkilled.came_to] == []


def _difference(name: str, killed: Any, unkilled: Any) -> str:
    """The first rows that only one of them has, from where their texts part."""
    one, other = ([repr(row) for row in (sorted(rows.items()) if isinstance(rows, dict) else rows)] for rows in (killed, unkilled))
    only = sorted(set(one) - set(other)), sorted(set(other) - set(one))
    pairs = [f"{a[:60]} … {_parting(a, b)}" for a, b in zip(*only, strict=False)]
    return f"{name}: killed has {len(only[0])} of its own, unkilled {len(only[1])}: {pairs[:3] or only}"


def _parting(one: str, other: str) -> str:
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"{one[max(0, at - 60) : at + 60]} | {other[max(0, at - 60) : at + 60]}"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("when", WAYS)
def test_killed_once_at_every_point_it_ends_the_same(small: Town, tmp_path: Path, unkilled: Unkilled, when: str) -> None:
    with _beside_crms(small, tmp_path / "desk", when=when, times=as_many(quick=1, full=6), now=unkilled.began) as desk:
        told = Journey(desk=desk).go()

    different = [_difference(name, told[name], unkilled.told[name]) for name in unkilled.told if told[name] != unkilled.told[name]]
    tally("P3", f"SIGKILL at each commit and each CRM call, by the code's own list ({when})", injected=desk.kills, violations=different)
    if when != "after":  # there a unit that stands may have made what comes behind it needless, such as giving back a lease
        assert set(desk.notes.read_text(encoding="utf-8").splitlines()) >= {point.name for point in points()}
