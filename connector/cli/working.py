"""Commands that do the work: pull, score, explain, go-live, write-back, run."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from rich.markup import escape

from connector.bootstrap import Installation
from connector.cli.frame import PARTLY, THEN, Frame, at_work, frame_of, looking
from connector.cli.showing import SHOWN_ROWS, any_refused, show_hottest, show_plan, show_pulled, show_scored, show_written
from connector.cli.tables import (
    explanation_panel,
)
from connector.cli.typed import addresses
from connector.flows.explain import explain
from connector.flows.go_live import go_live
from connector.flows.published import published
from connector.flows.road import Road, pull_stretch, score_stretch
from connector.flows.road_back import Planned, decide, places_of, plan_stretch, write_stretch
from connector.flows.road_back import at_work as documents_at_work
from connector.flows.runs import DRY_RUN, LOOK_AHEAD, recorded
from connector.ports.connections import Connection, LiveStep
from connector.ports.errors import UsageError
from connector.ports.plans import Plan
from connector.ports.store import Store
from jobs.locks import DAILY, SCORE, WRITE_BACK, reading

Names = Annotated[list[str] | None, typer.Argument(help="Connections; all when none is named.")]
LOOK_FIRST = "[bold]hotlead write-back --dry-run --as-if fields[/]"
FOR_WHOM = "A few first: --people jane@example.com,joe@example.com (or @FILE with one a line). Then --everybody."
AFTER = {LiveStep.FIELDS: LiveStep.STAGES, LiveStep.STAGES: LiveStep.TASKS}
"""The step that a live connection takes next."""


def add_to(app: typer.Typer) -> None:
    app.command("pull", rich_help_panel=THEN)(pull)
    app.command("score", rich_help_panel=THEN)(score)
    app.command("explain", rich_help_panel=THEN)(explain_command)
    app.command("go-live", rich_help_panel=THEN)(go_live_command)
    app.command("write-back", rich_help_panel=THEN)(write_back_command)
    app.command("run", rich_help_panel=THEN)(run)


def reading_of(here: Installation, *, names: list[str] | None) -> Sequence[str]:
    """The locks of whoever reads these connections."""
    return [reading(c.name) for c in here.connections(names or [])]


def scoring(here: Installation) -> Sequence[str]:
    """The locks of whoever scores everybody."""
    del here
    return [SCORE, DAILY]


def writing_back(here: Installation) -> Sequence[str]:
    """The locks of whoever decides what is written."""
    del here
    return [WRITE_BACK]


def whole_road(here: Installation, *, names: list[str] | None) -> Sequence[str]:
    """The locks of all three."""
    return [*reading_of(here, names=names), *scoring(here), *writing_back(here)]


def pull(context: typer.Context, connections: Names = None) -> None:
    """Read what is new in the CRMs. A kill loses nothing: the same command goes on where it stood."""
    frame = frame_of(context)
    with (
        at_work(frame, locks=partial(reading_of, names=connections)) as (here, road),
        recorded(store=here.store, verb="pull", clock=here.clock, worker=here.worker) as running,
    ):
        pulled = pull_stretch(road, connections=here.connections(connections or []), running=running)
        show_pulled(frame, road, pulled=pulled)
        if not running.failures:
            frame.say("Next: [bold]hotlead score[/].")
    frame.give({"run": running.id, "pulled": pulled, "calls": road.calls()})
    running.raise_failures()


def score(context: typer.Context, top: Annotated[int, typer.Option(min=0, max=1000, help="How many of the hottest to show.")] = 10) -> None:
    """Score everybody as of now, by every published model that applies to them."""
    frame = frame_of(context)
    with (
        at_work(frame, locks=scoring) as (here, road),
        recorded(store=here.store, verb="score", clock=here.clock, worker=here.worker) as running,
    ):
        scored = score_stretch(road, running=running)
        show_scored(frame, scored=scored, models=len(road.documents().models))
        hottest = show_hottest(frame, store=here.store, documents=road.documents(), top=top)
        if hottest:
            live = any(c.live is not LiveStep.OFF for c in here.connections_if_any())
            look = "[bold]hotlead write-back --dry-run[/]" if live else LOOK_FIRST
            frame.say(f"\nNext: [bold]hotlead explain E-MAIL[/] shows the arithmetic of one, {look} what would be written.")
    frame.give({"run": running.id, "scored": scored, "hottest": hottest})


def explain_command(
    context: typer.Context,
    who: Annotated[str, typer.Argument(help="E-mail address, record id, person number, or part of a name.")],
) -> None:
    """Print the whole arithmetic of a person's score, adding up."""
    frame = frame_of(context)
    with looking(frame) as here:
        with here.store.read() as tx:
            documents = published(tx)
        told = explain(store=here.store, who=who, documents=documents, clock=here.clock, language=here.settings.language)
    for one in told:
        frame.show(explanation_panel(one))
    frame.give(told)


def write_back_command(
    context: typer.Context,
    connections: Names = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only make and print the plan.")] = False,
    plan: Annotated[int | None, typer.Option("--plan", help="Carry out exactly this stored plan.")] = None,
    as_if: Annotated[
        LiveStep | None, typer.Option("--as-if", help="With --dry-run: plan as if every connection were at this step.")
    ] = None,
    allow: Annotated[
        int | None, typer.Option("--allow", min=0, help="Records this run may change in a connection, instead of its limit.")
    ] = None,
    all_rows: Annotated[bool, typer.Option("--all", help="Print every row of the plan; --json always does.")] = False,
) -> None:
    """Write scores, stages and tasks into the CRMs, as far as each connection is live. Only what differs is written."""
    frame = frame_of(context)
    if as_if is not None and not dry_run:
        raise UsageError("--as-if only goes with --dry-run.", hint="`hotlead go-live` takes a connection live for real.")
    if plan is not None and (dry_run or connections):
        raise UsageError(
            "--plan carries out a whole stored plan; it goes with neither --dry-run nor connections.", hint="See `hotlead runs`."
        )
    verb = "write-back" if not dry_run else LOOK_AHEAD if as_if is not None else DRY_RUN
    with (
        at_work(frame, locks=writing_back) as (here, road),
        recorded(store=here.store, verb=verb, clock=here.clock, worker=here.worker) as running,
    ):
        chosen = here.connections(connections or [])
        if dry_run:
            made = plan_stretch(road, connections=chosen, running=running, as_if=as_if)
            show_plan(frame, store=here.store, plan=made, limit=None if all_rows else SHOWN_ROWS, as_if=as_if)
            _say_if_off(frame, road, names=[c.name for c in chosen], as_if=as_if)
            return
        if plan is not None:
            written = decide(road, plan=plan, running=running, allow=allow)
            done = Planned(plan=plan_of(here.store, plan), written=written, resumed=())
        else:
            done = write_stretch(road, connections=chosen, running=running, allow=allow)
        show_written(frame, road, planned=done, chosen=chosen)
        _say_if_off(frame, road, names=[c.name for c in chosen], as_if=None)
        if not done.failures and not any_refused(done.written.tally) and frame.inside is None:
            _say_next(frame, chosen=chosen)
    frame.give({"run": running.id, "plan": done.plan.id, "tally": done.written.tally, "calls": road.calls()})
    _end(done)


def _many(people: int) -> str:
    return "1 person" if people == 1 else f"{people:,} people"


def plan_of(store: Store, number: int) -> Plan:
    with store.read() as tx:
        plan = tx.plans.get(number)
    if plan is None:
        raise UsageError(f"There is no plan {number}.", hint="`hotlead write-back --dry-run` makes one.")
    return plan


def _end(done: Planned) -> None:
    """Ends as the write-back did: a connection that failed is raised, refused rows are a partial success."""
    if done.failures:
        raise done.failures[0]
    if any(any_refused(w.tally) for w in (*done.resumed, done.written)):
        raise typer.Exit(PARTLY)


def _say_if_off(frame: Frame, road: Road, *, names: Sequence[str], as_if: LiveStep | None) -> None:
    with road.store.read() as tx:
        off = [c.name for c in tx.connections.all() if c.name in names and c.live is LiveStep.OFF]
    if off and as_if is None:
        frame.say(
            f"[yellow]Off:[/] {', '.join(off)}. Nothing is written there. Look first: {LOOK_FIRST}; "
            f"then [bold]hotlead go-live {off[0]} fields --people ADDRESSES[/]."
        )


def _say_next(frame: Frame, *, chosen: Sequence[Connection]) -> None:
    """What comes after what was written. Where something is off, that is said instead."""
    if any(c.live is LiveStep.OFF for c in chosen):
        return
    listed = next((f"hotlead go-live {c.name} {c.live} --everybody" for c in chosen if c.live_people is not None), "")
    further = next((f"hotlead go-live {c.name} {AFTER[c.live]}" for c in chosen if c.live in AFTER), "")
    if listed or further:
        frame.say(f"Next: look at the records in the CRM, then [bold]{escape(listed or further)}[/].")
    else:
        frame.say("Next: [bold]hotlead up[/] goes on by itself from here.")


def run(
    context: typer.Context,
    connections: Names = None,
    allow: Annotated[
        int | None, typer.Option("--allow", min=0, help="Records this run may change in a connection, instead of its limit.")
    ] = None,
) -> None:
    """The whole road once: pull, score, write back."""
    frame = frame_of(context)
    with (
        at_work(frame, locks=partial(whole_road, names=connections)) as (here, road),
        recorded(store=here.store, verb="run", clock=here.clock, worker=here.worker) as running,
    ):
        chosen = here.connections(connections or [])
        pulled = pull_stretch(road, connections=chosen, running=running)
        show_pulled(frame, road, pulled=pulled)
        scored = score_stretch(road, running=running)
        show_scored(frame, scored=scored, models=len(road.documents().models))
        done = write_stretch(road, connections=chosen, running=running, allow=allow)
        show_written(frame, road, planned=done, chosen=chosen)
        _say_if_off(frame, road, names=[c.name for c in chosen], as_if=None)
    tally = done.written.tally
    frame.give({"run": running.id, "pulled": pulled, "scored": scored, "plan": done.plan.id, "tally": tally, "calls": road.calls()})
    running.raise_failures()
    _end(done)


def go_live_command(
    context: typer.Context,
    connection: Annotated[str, typer.Argument(help="The connection.")],
    step: Annotated[LiveStep, typer.Argument(help="off, fields (scores and reasons), stages, tasks.")],
    people: Annotated[str, typer.Option("--people", help="Only these e-mail addresses, comma-separated, or @FILE with one a line.")] = "",
    everybody: Annotated[bool, typer.Option("--everybody", help="For everybody, not only a list.")] = False,
    include_existing: Annotated[
        int, typer.Option("--include-existing", min=0, help="Let the N hottest people move and get tasks for what is true already.")
    ] = 0,
) -> None:
    """Take a connection one step further towards live. What is true at that moment is history: it moves nobody and makes no task."""
    frame = frame_of(context)
    if people and everybody:
        raise UsageError("--people and --everybody contradict each other.", hint="Give one of them.")
    listed = addresses(people, folder=frame.folder)
    with (
        at_work(frame, locks=writing_back) as (here, road),
        recorded(store=here.store, verb="go-live", clock=here.clock, worker=here.worker) as running,
    ):
        chosen = here.connections([connection])[0]
        if step is LiveStep.FIELDS and chosen.live is LiveStep.OFF and chosen.live_people is None and not people and not everybody:
            raise UsageError(f"Say for whom '{connection}' goes live; nothing was changed.", hint=FOR_WHOM)
        wanted = listed if people else None if everybody else chosen.live_people
        again = chosen.live is step and chosen.live_people == wanted
        with here.store.read() as tx:
            holders = tx.people.holders(listed, production=chosen.production)
        unknown = [e for e in listed if not holders.get(e)]
        if listed and len(unknown) == len(listed):
            raise UsageError(
                "Nobody here has one of these addresses; nothing was changed.",
                hint="Check the spelling; `hotlead pull` brings new people in.",
            )
        went = go_live(
            store=here.store,
            places=places_of(road, connections=here.connections()),
            connection=chosen,
            step=step,
            people=wanted,
            include_existing=include_existing,
            documents=documents_at_work(road),
            clock=here.clock,
            progress=road.progress,
        )
        running.counts["baseline"] += went.baselined
    if step is LiveStep.OFF:
        frame.say(f"[bold]{connection}[/] is at step 'off': nothing is written there until it goes live again.")
        frame.give(went)
        return
    reach = "for everybody" if went.connection.live_people is None else f"for the {_many(len(went.connection.live_people))} on its list"
    frame.say(f"[bold]{connection}[/] is at step '{step}' {reach}." + (" It was before." if again else ""))
    if went.baselined:
        frame.say(f"What is true now of {_many(went.baselined)} is history; {went.included:,} of them may act at once.")
    else:
        frame.say("Nobody is reached anew: who was live before is left as they are.")
    if unknown:
        frame.say(f"[yellow]Not here:[/] {escape(', '.join(unknown))}. Check the spelling; `hotlead pull` brings new people in.")
    frame.say("Next: [bold]hotlead write-back --dry-run[/] shows what would be written.")
    frame.give(went)
