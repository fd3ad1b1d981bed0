"""`hotlead demo`: two sandbox CRMs, the whole road, the hot list, and one record before and after in both CRMs."""

import signal
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from connector.bootstrap import Installation, opened
from connector.cli.frame import STOPPED, TRY_IT, Frame, frame_of, progress_bars, road_of
from connector.cli.sandboxes import RunningSandbox, sandbox_beside
from connector.cli.setting_up import set_up
from connector.cli.showing import WORKED_ALREADY, show_hottest
from connector.cli.tables import explanation_panel, pulled_table, tally_table
from connector.flows.connect import connect
from connector.flows.explain import explain
from connector.flows.go_live import go_live
from connector.flows.road import Road, pull_stretch, score_stretch
from connector.flows.road_back import at_work, places_of, write_stretch
from connector.flows.runs import Running, recorded
from connector.ports.connections import Connection, LiveStep
from connector.ports.crm import Crm, Json
from connector.ports.errors import UsageError
from connector.ports.people import PersonLine

CRMS = ("salesforce", "hubspot")
LIVE_STEPS = (LiveStep.FIELDS, LiveStep.STAGES, LiveStep.TASKS)
ACTING_AT_ONCE = 25
"""Hottest people of the demo who may move and get a task for what was true before go-live."""
EVERYBODY = 1_000_000
LINKS_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One step of the demo: how long it took and how many API calls it made."""

    step: str
    seconds: float
    calls: int


@dataclass(slots=True, kw_only=True)
class Stopwatch:
    """Times steps and counts the calls each makes."""

    road: Road
    frame: Frame
    steps: list[Timed] = field(default_factory=list)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.frame.say(f"[bold cyan]▸[/] {name}")
        began, before = time.monotonic(), self._calls()
        yield
        self.steps.append(Timed(step=name, seconds=time.monotonic() - began, calls=self._calls() - before))

    def _calls(self) -> int:
        return sum(sum(by.values()) for by in self.road.calls().values())


def add_to(app: typer.Typer) -> None:
    app.command("demo", rich_help_panel=TRY_IT)(demo)


def demo(
    context: typer.Context,
    people: Annotated[int, typer.Option(min=10, max=100_000, help="How many people the two sandbox CRMs hold between them.")] = 5_000,
    top: Annotated[int, typer.Option(min=1, max=100, help="How many of the hottest to show.")] = 10,
    leave: Annotated[bool, typer.Option("--exit", help="End when done instead of staying up for a look.")] = False,
) -> None:
    """Show the main job on two sandbox CRMs: nothing of yours is touched, no account is needed."""
    frame = frame_of(context)
    try:
        with ExitStack() as stack:
            signal.signal(signal.SIGTERM, _as_interrupt)
            _show(frame, stack=stack, people=people, top=top, leave=leave)
    except KeyboardInterrupt:
        frame.err.print("\nEnded before it was done. Nothing is left behind.")
        raise typer.Exit(STOPPED) from None


def _show(frame: Frame, *, stack: ExitStack, people: int, top: int, leave: bool) -> None:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotlead-demo-")))
    frame.say(f"Starting two sandbox CRMs with {people:,} people …")
    began = time.monotonic()
    now = time.strftime("%Y-%m-%dT%H:00:00+00:00", time.gmtime())
    sandboxes = [stack.enter_context(sandbox_beside(c, ["--seed", str(people), "--now", now])) for c in CRMS]
    started = Timed(step="start two sandbox CRMs", seconds=time.monotonic() - began, calls=0)
    settings = in_folder(frame, folder).settings()
    set_up(settings)
    here = stack.enter_context(opened(settings, command="demo", writing=True))
    road = road_of(here, progress=stack.enter_context(progress_bars(frame)))
    watch = Stopwatch(road=road, frame=frame, steps=[started])
    shown = _main_job(frame, here=here, road=road, watch=watch, sandboxes=sandboxes, top=top)
    _timings(frame, watch.steps)
    frame.give({"steps": watch.steps, "hottest": shown, "calls": road.calls()})
    if not leave:
        _stay(frame, sandboxes=sandboxes)


def in_folder(frame: Frame, folder: Path) -> Frame:
    """The same frame over another data directory."""
    return replace(frame, data_dir=folder)


def _as_interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _main_job(
    frame: Frame, *, here: Installation, road: Road, watch: Stopwatch, sandboxes: Sequence[RunningSandbox], top: int
) -> tuple[PersonLine, ...]:
    with recorded(store=here.store, verb="demo", clock=here.clock, worker=here.worker) as running:
        with watch.step("connect and install Hotlead's fields"):
            connections = [_connect(here, sandbox) for sandbox in sandboxes]
            for connection in connections:
                there = sum(1 for s in road.crm(connection).install() if s.state == "present")
                frame.say(f"  {connection.name}: {there} fields and permissions in place")
        with watch.step("pull contacts, companies, deals and activities"):
            pulled = pull_stretch(road, connections=connections, running=running)
            running.raise_failures()
        frame.show(pulled_table(pulled))
        with watch.step("score everybody"):
            scored = score_stretch(road, running=running)
        frame.say(f"  {scored.people:,} people scored, {scored.excluded:,} excluded by the model (unreachable, students, vendors …)")
        with watch.step("go live: fields, then stages, then tasks"):
            for connection in connections:
                _go_live(road, connection=connection)
        hottest = _first_in_both(road, names=[c.name for c in connections], top=top)
        before = _look(road, person=hottest)
        with watch.step("write scores, stages and tasks back"):
            done = write_stretch(road, connections=here.connections(), running=running, allow=EVERYBODY)
        frame.show(tally_table(done.written.tally))
        with watch.step("write back again: nothing has changed"):
            _again(frame, road, here=here, running=running)
    frame.say("\n[bold]Who is worth calling now, and why[/]")
    shown = show_hottest(frame, store=here.store, documents=road.documents(), top=top)
    _show_one(frame, road, here=here, person=hottest, before=before)
    return shown


def _again(frame: Frame, road: Road, *, here: Installation, running: Running) -> None:
    done = write_stretch(road, connections=here.connections(), running=running)
    rows = sum(done.written.tally.values())
    frame.say(f"  {rows} rows written")


def _connect(here: Installation, sandbox: RunningSandbox) -> Connection:
    kind = here.kinds[sandbox.crm]
    return connect(
        store=here.store,
        vault=here.vault,
        crm_name=sandbox.crm,
        kind=kind,
        name=sandbox.crm,
        settings=kind.sandbox_settings(url=sandbox.url, credentials=sandbox.credentials),
        write_limit=EVERYBODY,
        clock=here.clock,
    ).connection


def _go_live(road: Road, *, connection: Connection) -> None:
    for step in LIVE_STEPS:
        with road.store.read() as tx:
            current = tx.connections.get(connection.name) or connection
        go_live(
            store=road.store,
            places=places_of(road, connections=[current]),
            connection=current,
            step=step,
            people=None,
            include_existing=ACTING_AT_ONCE,
            documents=at_work(road),
            clock=road.clock,
            progress=road.progress,
        )


def _first_in_both(road: Road, *, names: Sequence[str], top: int) -> int:
    """The hottest person without a deal yet that has a row in every CRM; the hottest at all where nobody has."""
    with road.store.read() as tx:
        ranked = tx.scores.hottest(model=road.documents().model.name, limit=max(top, 100) * 10)
        hottest = [p.person for p in ranked if p.stage not in WORKED_ALREADY]
        loaded = {p.id: p for p in tx.people.load(hottest)}
    if not hottest:
        raise UsageError("Nobody is hot, warm or cold: the sandboxes gave no people.", hint="Give --people a larger number.")
    both = (p for p in hottest if {m.contact.key.connection for m in loaded[p].members} >= set(names))
    return next(both, hottest[0])


def _look(road: Road, *, person: int) -> Mapping[str, Mapping[str, Json]]:
    """What our fields hold in the CRMs right now, by record."""
    with road.store.read() as tx:
        members = tx.people.load([person])[0].members
    seen: dict[str, Mapping[str, Json]] = {}
    for place in places_of(road, connections=_connections(road)):
        crm: Crm = road.crm(place.connection)
        for key in (m.contact.key for m in members if m.is_live and m.contact.key.connection == place.connection.name):
            fields = [w.field for w in place.mapping.writes(key.source)]
            for record in crm.reread(source=key.source, ids=[key.id], fields=fields):
                seen[f"{key.connection} {key.source} {key.id}"] = record.fields
    return seen


def _connections(road: Road) -> tuple[Connection, ...]:
    with road.store.read() as tx:
        return tx.connections.all()


def _show_one(frame: Frame, road: Road, *, here: Installation, person: int, before: Mapping[str, Mapping[str, Json]]) -> None:
    after = _look(road, person=person)
    frame.say("\n[bold]One person, before and after, as the CRMs hold them[/]")
    for record, fields in after.items():
        table = Table(title=record, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for head in ("Field", "Before", "After"):
            table.add_column(head, overflow="fold")
        for name in sorted(fields):
            if fields[name] is not None or before.get(record, {}).get(name) is not None:
                table.add_row(name, _short(before.get(record, {}).get(name)), _short(fields[name]))
        frame.show(table)
    documents = road.documents()
    for told in explain(store=here.store, who=str(person), documents=documents, clock=here.clock, language=here.settings.language):
        frame.show(explanation_panel(told))
        for member in [m for m in told.person.members if m.is_live][:LINKS_SHOWN]:
            key = member.contact.key
            connection = next(c for c in _connections(road) if c.name == key.connection)
            frame.say(f"What a rep sees: {road.crm(connection).record_url(key)}")


def _short(value: Json, *, length: int = 90) -> str:
    text = "" if value is None else str(value)
    return escape(text if len(text) <= length else f"{text[: length - 1]}…") or "[dim]nothing[/]"


def _timings(frame: Frame, steps: Sequence[Timed]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("Step")
    table.add_column("Seconds", justify="right")
    table.add_column("API calls", justify="right")
    for step in steps:
        table.add_row(step.step, f"{step.seconds:.1f}", f"{step.calls:,}")
    frame.say("")
    frame.show(table)


def _stay(frame: Frame, *, sandboxes: Sequence[RunningSandbox]) -> None:
    frame.say("\nStill up for a look (Ctrl-C ends):")
    for sandbox in sandboxes:
        frame.say(f"  {sandbox.crm}: {sandbox.url}")
    try:
        signal.pause()
    except KeyboardInterrupt:
        frame.say("\nEnded. Nothing is left behind.")
