"""Commands that set an installation up or look it over: sandbox, init, connect, check, install, publish, doctor."""

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connector.bootstrap import Clock, Installation, make, opened, wall_clock
from connector.cli.frame import PARTLY, SET_UP, TRY_IT, at_work, frame_of, handed_over_where_taken, looking, road_of, writing
from connector.cli.sandboxes import run_sandbox
from connector.cli.tables import findings_list, steps_table
from connector.cli.typed import complete, pairs
from connector.flows.check import check
from connector.flows.connect import connect
from connector.flows.progress import silent
from connector.flows.publish import publish
from connector.ports.errors import UsageError
from connector.settings import Settings
from mappings.document import names, packaged

Names = Annotated[list[str] | None, typer.Argument(help="Connections; all when none is named.")]


KEY_FILE = "key"


def add_to(app: typer.Typer) -> None:
    app.command(
        "sandbox",
        rich_help_panel=TRY_IT,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
        epilog="More options of its own (clock, state in a file, limits, missing rights): hotlead sandbox salesforce -- --help",
    )(sandbox)
    app.command("init", rich_help_panel=SET_UP)(init)
    app.command("connect", rich_help_panel=SET_UP)(connect_command)
    app.command("check", rich_help_panel=SET_UP)(check_command)
    app.command("install", rich_help_panel=SET_UP)(install)


def init(context: typer.Context) -> None:
    """Make a data directory: an empty database, a key, and the default model and ladder published."""
    frame = frame_of(context)
    settings = frame.settings()
    before = (settings.data_dir / KEY_FILE).exists()
    with handed_over_where_taken(frame):
        folder = set_up(settings) if frame.inside is None else settings.data_dir
    state = "Left as it was" if before else "Ready"
    frame.say(f"{state}: [bold]{escape(str(folder))}[/]. Keep [bold]{escape(str(folder / KEY_FILE))}[/] safe: it opens stored credentials.")
    frame.say("Next: [bold]hotlead connect salesforce[/] or [bold]hotlead connect hubspot[/].")
    frame.give({"data_dir": folder})


def set_up(settings: Settings, *, clock: Clock = wall_clock) -> Path:
    """The data directory with the packaged documents published; one that exists stays as it is. UsageError where it cannot be made."""
    try:
        folder = make(settings)
    except OSError as err:
        raise UsageError(
            f"{settings.data_dir} cannot be made: {err.strerror}.", hint="Name a folder that you may write in with --data-dir."
        ) from err
    with opened(settings, command="init", writing=True, clock=clock) as here:
        for kind in ("scoring", "lifecycle"):
            for name in names(kind):
                _publish_default(here, kind=kind, name=name)
    return folder


def _publish_default(here: Installation, *, kind: str, name: str) -> None:
    with here.store.read() as tx:
        there = tx.documents.versions(kind=kind, name=name)
    if not there:
        text = packaged(kind, name)
        publish(store=here.store, kind=kind, name=name, text=text, file=f"{name}.yaml", clock=here.clock, note="the packaged default")


def connect_command(
    context: typer.Context,
    crm: Annotated[str, typer.Argument(help="salesforce or hubspot.")],
    name: Annotated[str, typer.Option(help="Your name for this org or portal (default: the CRM's name).")] = "",
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="KEY=VALUE", help="A setting, once for each; @FILE as value reads a file. What is missing is asked for."
        ),
    ] = None,
    test: Annotated[bool, typer.Option("--test", help="Treat as a test account even if the CRM says production.")] = False,
) -> None:
    """Connect a Salesforce org or a HubSpot portal. Credentials are tried first and stored sealed."""
    frame = frame_of(context)
    with writing(frame) as here:
        if crm not in here.kinds:
            raise UsageError(f"'{crm}' is no CRM that hotlead knows.", hint=f"It knows: {', '.join(here.kinds)}.")
        kind = here.kinds[crm]
        connected = connect(
            store=here.store,
            vault=here.vault,
            crm_name=crm,
            kind=kind,
            name=name or crm,
            settings=complete(kind, given=pairs(given or [], folder=frame.folder), ask=frame.ask, folder=frame.folder),
            write_limit=here.settings.write_limit,
            clock=here.clock,
            production=False if test else None,
        )
    identity = connected.identity
    account = "" if identity.account in identity.name else f"{identity.account}, "
    state = "New credentials for" if connected.again else "Connected"
    kind_of = "production" if connected.connection.production else "test"
    frame.say(f"{state} [bold]{connected.connection.name}[/]: {escape(identity.name)} ({account}{kind_of}) as {escape(identity.user)}.")
    frame.say(f"Next: [bold]hotlead check {connected.connection.name}[/].")
    frame.give({"connection": connected.connection.name, "identity": identity})


def check_command(context: typer.Context, connections: Names = None) -> None:
    """Say what is missing before a connection can be read and written, and who can mend it. Nothing is changed."""
    frame = frame_of(context)
    each = []
    with looking(frame) as here:
        road = road_of(here, progress=silent)
        for connection in here.connections(connections or []):
            checked = check(store=here.store, crm=road.crm(connection), connection=connection, ladder=road.documents().ladder)
            each.append(checked)
            there, wanted = sum(1 for s in checked.steps if s.state == "present"), len(checked.steps)
            state = "[green]ready[/]" if checked.ready else "[bold red]not ready[/]"
            frame.say(f"[bold]{connection.name}[/]: {state}; {there} of {wanted} fields and permissions of Hotlead are there.")
            if checked.findings:
                frame.show(findings_list(checked.findings))
            for problem in checked.problems:
                frame.say(escape(str(problem)))
    to_install = any(s.state == "missing" for c in each for s in c.steps)
    if to_install or all(c.ready for c in each):
        frame.say(f"Next: [bold]hotlead {'install --dry-run' if to_install else 'pull'}[/].")
    frame.give({"checked": each, "ready": all(c.ready for c in each)})
    if not all(c.ready for c in each):
        raise typer.Exit(PARTLY)


def install(
    context: typer.Context,
    connections: Names = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be made.")] = False,
) -> None:
    """Make what must exist in the CRM: Hotlead's fields, and who may see them. Shows its plan first; repeating is safe."""
    frame = frame_of(context)
    different = False
    each = []
    with at_work(frame) as (here, road):
        for connection in here.connections(connections or []):
            crm = road.crm(connection)
            plan = crm.plan_install()
            missing = [s for s in plan if s.state == "missing"]
            different = different or any(s.state == "different" for s in plan)
            frame.say(f"[bold]{connection.name}[/]: {len(plan) - len(missing)} of {len(plan)} there, {len(missing)} to make.")
            shown = [s for s in plan if s.state != "present"]
            if shown:
                frame.show(steps_table(shown))
            if not dry_run and missing:
                there = sum(1 for s in crm.install() if s.state == "present")
                different = different or there < len(plan)
                frame.say(f"[bold]{connection.name}[/]: {there} of {len(plan)} there now.")
            each.append({"connection": connection.name, "steps": plan})
    if dry_run:
        frame.say("Nothing was made. For real: [bold]hotlead install[/].")
    elif not different:
        frame.say("Next: [bold]hotlead pull[/].")
    frame.give({"installed": each, "dry_run": dry_run})
    if different:
        raise typer.Exit(PARTLY)


def sandbox(
    context: typer.Context,
    crm: Annotated[str, typer.Argument(help="salesforce or hubspot.")],
    seed: Annotated[int, typer.Option(min=0, max=100_000, help="Made-up people to fill it with; 0 leaves it empty.")] = 500,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
) -> None:
    """Run a sandbox CRM, filled with made-up people: a local server that speaks the CRM's real API."""
    frame = frame_of(context)
    told = (lambda text: frame.err.print(text, markup=False, soft_wrap=True)) if frame.err.is_terminal and not frame.json else None
    raise typer.Exit(run_sandbox(crm, ["--seed", str(seed), "--port", str(port), *context.args], told=told))
