"""An admin at work: a data directory, two sandbox CRMs, and `hotlead` commands given one after the other."""

import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from adapters.finder import crm_kinds
from mappings.convert.titles import read_seniority
from tests.support.processes import Command, Done, Forks, forks, free_port
from tests.support.sandboxes import Sandbox

CRMS = ("salesforce", "hubspot")
SECRETS = {
    "salesforce": ("--client-id", "3MVG9-journeys", "--client-secret", "JOURNEYS-CLIENT-SECRET-0123456789ABCDEF"),
    "hubspot": ("--token", "pat-na1-5eed0000-0000-4000-8000-00000journey"),
}
CONTACTS = {"salesforce": ("Lead", "Contact"), "hubspot": ("contacts",)}
HELD_SECONDS = 40
TITLES = {"salesforce": "Title", "hubspot": "jobtitle"}
FITS = {"salesforce": "Hotlead_Fit__c", "hubspot": "hotlead_fit"}
TASKS = {"salesforce": "Task", "hubspot": "tasks"}


@dataclass(slots=True, kw_only=True)
class Desk:
    """One installation beside its CRMs."""

    forks: Forks
    folder: Path
    sandboxes: Mapping[str, Sandbox]
    environment: dict[str, str] = field(default_factory=lambda: {"HOTLEAD_SCORE_WORKERS": "1"})

    @property
    def data(self) -> Path:
        return self.folder / "hotlead-data"

    def start(self, *words: str, die_at_commit: int = 0) -> Command:
        """A command begun and not waited for."""
        return self.forks.start("hotlead", *words, folder=self.folder, environment=self.environment, die_at_commit=die_at_commit)

    def hotlead(self, *words: str) -> Done:
        """A command and how it ended."""
        return self.start(*words).wait()

    def ok(self, *words: str) -> Done:
        """A command that must end well."""
        done = self.hotlead(*words)
        assert done.code == 0, f"hotlead {' '.join(words)}: {done.said()}"
        return done

    def told(self, *words: str) -> Any:
        """What a command that must end well tells machines."""
        return self.ok("--json", *words).json()

    def killed_in_call(self, *words: str, crm: str, nth: int, path: str = "*", fault: str = "timeout_before") -> Done:
        """A command killed while its n-th call of these to a CRM is held, before or after the call's effect; the CRM is healed then."""
        sandbox = self.sandboxes[crm]
        sandbox.fault(path, fault, calls=[nth], seconds=HELD_SECONDS)
        running = self.start(*words)
        until = time.monotonic() + HELD_SECONDS / 2
        while not sandbox.bitten():
            assert time.monotonic() < until, f"{crm} had no call {nth} of {path}: {running.kill().said()}"
            time.sleep(0.05)
        killed = running.kill()
        sandbox.heal()
        return killed

    def connect(self, crm: str, **changed: str) -> Done:
        """`hotlead connect` with the sandbox's credentials, or others."""
        sandbox = self.sandboxes[crm]
        settings = {**crm_kinds()[crm].sandbox_settings(url=sandbox.url, credentials=sandbox.credentials), **changed}
        given = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        return self.hotlead("connect", crm, *given)

    def set_up(self) -> None:
        """From nothing to fields installed in both CRMs."""
        self.ok("init")
        for crm in CRMS:
            done = self.connect(crm)
            assert done.code == 0, done.said()
        self.ok("install")

    def go_live(self, step: str, *options: str, crms: Sequence[str] = CRMS) -> None:
        """Both connections at a step, one step after the other."""
        steps = ("fields", "stages", "tasks")
        for crm in crms:
            for each in steps[: steps.index(step) + 1]:
                whom = ("--everybody",) if each == "fields" and not {"--people", "--everybody"} & set(options) else ()
                self.ok("go-live", crm, each, *whom, *options)

    def plan(self, number: int) -> Any:
        """A stored plan with every row of it."""
        return self.told("runs", "--plan", str(number), "--all")

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """What the database holds, read beside the product."""
        with closing(sqlite3.connect(f"file:{self.data / 'hotlead.db'}?mode=ro", uri=True)) as database:
            return database.execute(query, values).fetchall()

    def emails_in(self, *connections: str, many: int) -> list[str]:
        """Addresses of so many scored persons who have a live row in each of these connections, hottest first."""
        return self._emails("connection", connections, many=many)

    def emails_of(self, *sources: str, many: int) -> list[str]:
        """The same of persons who have a live row of each of these sources."""
        return self._emails("source", sources, many=many)

    def _emails(self, held_in: str, names: Sequence[str], *, many: int) -> list[str]:
        found = self.rows(
            "SELECT p.email FROM persons p JOIN scores s ON s.person = p.id WHERE p.live AND p.email <> '' AND s.excluded = '' AND "
            + " AND ".join(
                "EXISTS (SELECT 1 FROM members m JOIN sources o ON o.no = m.source JOIN contacts c ON c.no = m.no"
                f" WHERE m.person = p.id AND o.{held_in} = '{name}' AND c.deleted = 0)"
                for name in names
            )
            + " ORDER BY s.rank DESC, p.id LIMIT ?",
            many,
        )
        return [email for (email,) in found]

    def lone(self, source: str) -> str:
        """The only row of the hottest person who has one, of this source: what it says of them is what counts."""
        ((record,),) = self.rows(lone(source))
        return str(record)

    def change_rank(self, crm: str, source: str, record: str) -> Callable[[], bool]:
        """Gives somebody a title of another rank, whatever they are. What comes back says whether the fit in the CRM has followed."""
        fit = self.value(crm, source, record, FITS[crm])
        is_high = read_seniority(self.value(crm, source, record, TITLES[crm])) in ("executive", "director")
        self.sandboxes[crm].edit(source, record, {TITLES[crm]: "Intern" if is_high else "Chief Executive Officer"})
        return lambda: bool(self.value(crm, source, record, FITS[crm]) != fit)

    def inquires(self, email: str) -> None:
        """The person whom HubSpot knows by this address sends the contact form of the web site."""
        ((contact,),) = self.rows(
            "SELECT m.id FROM persons p JOIN members m ON m.person = p.id JOIN sources o ON o.no = m.source"
            " WHERE p.email = ? AND o.source = 'contacts' LIMIT 1",
            email,
        )
        self.sandboxes["hubspot"].create("events", {"contact": contact, "eventType": "e_submitted_form", "subject": "contact_sales"})

    def writes(self) -> dict[str, int]:
        """API writes so far in both CRMs, by `crm Source/ID/field`."""
        return {f"{crm} {what}": count for crm, sandbox in self.sandboxes.items() for what, count in sandbox.writes().items()}

    def calls(self) -> dict[str, int]:
        """API calls so far in both CRMs, by `crm METHOD path-template`."""
        return {f"{crm} {what}": count for crm, sandbox in self.sandboxes.items() for what, count in sandbox.calls().items()}

    def forget_counts(self) -> None:
        for sandbox in self.sandboxes.values():
            sandbox.reset_counters()

    def heal(self) -> None:
        for sandbox in self.sandboxes.values():
            sandbox.heal()

    def value(self, crm: str, source: str, record: str, name: str) -> Any:
        """What a field holds in a CRM right now."""
        held = self.sandboxes[crm].record(source, record)
        return (held["properties"] if crm == "hubspot" else held).get(name)


def lone(source: str) -> str:
    """The query for the only row of the hottest person who has one, of this source, in either database."""
    return (
        "SELECT min(m.id) FROM members m JOIN sources o ON o.no = m.source JOIN contacts c ON c.no = m.no"
        " JOIN scores s ON s.person = m.person WHERE s.excluded = '' AND NOT c.deleted GROUP BY m.person, s.rank"
        f" HAVING count(*) = 1 AND min(o.source) = '{source}' ORDER BY s.rank DESC, m.person LIMIT 1"
    )


@dataclass(slots=True, kw_only=True)
class Town:
    """Makes desks: the same two CRMs, freshly seeded, on the same ports, for installations that begin as copies of one that is set up."""

    forks: Forks
    folder: Path
    people: int
    options: Sequence[str]
    more: Mapping[str, Sequence[str]]
    ports: Mapping[str, int]
    any_page: bool = False
    """Whether Salesforce gives pages as small as they are asked for, so that few rows are many calls."""
    template: Path | None = None
    """The data directory that desks begin as copies of."""
    kept: Path | None = None
    """Where the CRMs' state lies that desks begin with; None seeds anew."""
    numbers: Iterator[int] = field(default_factory=count)
    """Of folders made so far, also by towns made of this one."""

    @contextmanager
    def crms(self, *, keep: Path | None = None) -> Iterator[dict[str, Sandbox]]:
        """Both sandboxes with the same records every time, their clocks at the present. `keep` is a folder for their state."""
        folder = keep or self._folder("crms")
        if self.kept is not None:
            for crm in CRMS:
                shutil.copy(self.kept / f"{crm}.db", folder)
        with ExitStack() as stack:
            sandboxes = {crm: stack.enter_context(self._sandbox(crm, file=folder / f"{crm}.db")) for crm in CRMS}
            for sandbox in sandboxes.values():
                sandbox.advance((datetime.now(UTC) - sandbox.now()).total_seconds())
            yield sandboxes

    def _sandbox(self, crm: str, *, file: Path) -> AbstractContextManager[Sandbox]:
        options = (*self.options, *SECRETS[crm], *self.more.get(crm, ()), "--file", str(file))
        return self.forks.sandbox(crm, people=self.people, port=self.ports[crm], options=options, any_page=self.any_page)

    def _folder(self, name: str) -> Path:
        folder = self.folder / f"{name}-{next(self.numbers)}"
        folder.mkdir(parents=True)
        return folder

    def desk(self, sandboxes: Mapping[str, Sandbox], *, fresh: bool = False) -> Desk:
        """A desk beside these CRMs: a copy of the template, or (`fresh`) an empty folder."""
        desk = Desk(forks=self.forks, folder=self._folder("desk"), sandboxes=sandboxes)
        if self.template is not None and not fresh:
            shutil.copytree(self.template, desk.data)
            # A sandbox that begins anew knows no token of the one before it.
            with closing(sqlite3.connect(desk.data / "hotlead.db")) as database, database:
                database.execute("DELETE FROM cursors WHERE source IN (SELECT no FROM sources WHERE source = '@token')")
        return desk

    @contextmanager
    def fresh(self) -> Iterator[Desk]:
        """The CRMs and a desk beside them, as `kept` and `template` have them."""
        with self.crms() as sandboxes:
            yield self.desk(sandboxes)

    def after(self, prepare: Callable[[Desk], None]) -> "Town":
        """The town whose desks and CRMs begin where `prepare` leaves them."""
        keep = self._folder("kept")
        with self.crms(keep=keep) as sandboxes:
            desk = self.desk(sandboxes)
            prepare(desk)
        return replace(self, template=desk.data, kept=keep)


@contextmanager
def town(
    folder: Path, *, people: int, activities: float = 12.0, more: Mapping[str, Sequence[str]] | None = None, now: datetime | None = None
) -> Iterator[Town]:
    """A town of so many people. `more` are further options of a sandbox."""
    now = now or datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    options = ("--now", now.isoformat(), "--activities-per-person", str(activities))
    with forks(folder / "said") as running:
        yield Town(
            forks=running,
            folder=folder,
            people=people,
            options=options,
            more=more or {},
            ports={crm: free_port() for crm in CRMS},
        )


@contextmanager
def scored_town(folder: Path, *, people: int, more: Mapping[str, Sequence[str]] | None = None) -> Iterator[Town]:
    """A town whose desks begin connected, installed, pulled and scored, not yet live anywhere."""

    def scored(desk: Desk) -> None:
        desk.set_up()
        desk.ok("pull")
        desk.ok("score")

    with town(folder, people=people, more=more) as made:
        yield made.after(scored)


def alike(held: Any, planned: Any) -> bool:
    """Whether a CRM holds what was planned: an empty text is nothing, instants are compared as instants, HubSpot's numbers are texts."""
    if held in (None, "") or planned in (None, ""):
        return (held or None) == (planned or None)
    if isinstance(planned, str) and len(planned) > len("2026-11-02T") and planned[4] == "-" and planned[10] == "T":
        return datetime.fromisoformat(str(held)) == datetime.fromisoformat(planned)
    if isinstance(planned, int | float) and not isinstance(planned, bool):
        return float(held) == float(planned)
    return bool(held == planned)


def planned_values(plan: Any) -> dict[str, Any]:
    """Every field a plan writes, as `connection Source/ID/field` and its value."""
    return {
        f"{change['key']['connection']} {change['key']['source']}/{change['key']['id']}/{one['field']}": one["after"]
        for change in plan["changes"]
        for one in change["fields"]
    }
