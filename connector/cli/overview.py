"""Commands that look over the installation: runs, doctor."""

import os
from typing import Annotated

import typer

from connector.cli.frame import LOOK_AND_CHANGE, PARTLY, frame_of, looking
from connector.cli.showing import SHOWN_ROWS, show_plan
from connector.cli.tables import findings_list, parked_list, runs_table
from connector.cli.working import plan_of
from connector.flows.doctor import examine
from connector.ports.crm import Severity
from connector.settings import unknown_variables


def add_to(app: typer.Typer) -> None:
    app.command("runs", rich_help_panel=LOOK_AND_CHANGE)(runs)
    app.command("doctor", rich_help_panel=LOOK_AND_CHANGE)(doctor)


def runs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="How many runs, newest first.")] = 20,
    plan: Annotated[int | None, typer.Option("--plan", help="Show a plan and what became of each row.")] = None,
    all_rows: Annotated[bool, typer.Option("--all", help="With --plan: every row; --json always does.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="Rows that wait because a CRM refused them.")] = False,
) -> None:
    """What ran, how it ended, what waits."""
    frame = frame_of(context)
    with looking(frame) as here:
        if plan is not None:
            show_plan(frame, store=here.store, plan=plan_of(here.store, plan), limit=None if all_rows else SHOWN_ROWS)
            return
        with here.store.read() as tx:
            recent, waiting = tx.runs.recent(limit=limit), tx.parked.all(limit=limit) if refused else ()
    if refused:
        frame.show(parked_list(waiting)) if waiting else frame.say("No row waits.")
        frame.give({"parked": waiting})
        return
    frame.show(runs_table(recent)) if recent else frame.say("Nothing has run yet.")
    frame.give({"runs": recent})


def doctor(context: typer.Context) -> None:
    """Look over the installation: clock, disk, key, database, connections, quota. Nothing is changed."""
    frame = frame_of(context)
    with looking(frame) as here:
        findings = examine(
            directory=here.settings.data_dir,
            store=here.store,
            open_crm=here.open,
            connections=here.connections_if_any(),
            clock=here.clock,
            has_key_file=here.key_file is not None,
            odd_variables=unknown_variables(os.environ),
        )
    frame.show(findings_list(findings))
    frame.give({"findings": findings})
    if any(f.severity is Severity.ERROR for f in findings):
        raise typer.Exit(PARTLY)
