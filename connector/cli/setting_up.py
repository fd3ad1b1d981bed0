"""Commands that set an installation up: init, connect, check, install, publish, sandbox, doctor."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.prompt import Prompt

from connector.bootstrap import Installation, make, opened
from connector.cli.frame import MEND, PARTLY, Frame, at_work, command_line, frame_of, looking, road_of
from connector.cli.sandboxes import run_sandbox
from connector.cli.tables import findings_list, steps_table
from connector.flows.check import check
from connector.flows.connect import connect
from connector.flows.doctor import examine
from connector.flows.progress import silent
from connector.flows.publish import PublishedVersion, problems_of, publish, put_back
from connector.flows.published import mapping_of
from connector.flows.road import Road
from connector.ports.crm import Catalog, CrmKind, Setting, Severity
from connector.ports.errors import UsageError
from connector.settings import Settings
from mappings.document import KINDS, names, packaged
from mappings.problems import Problem, ProblemsError

Names = Annotated[list[str] | None, typer.Argument(help="Connections; all when none is named.")]


def add_to(app: typer.Typer) -> None:
    app.command("init")(init)
    app.command("connect")(connect_command)
    app.command("check")(check_command)
    app.command("install")(install)
    app.command("publish")(publish_command)
    app.command("sandbox", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(sandbox)
    app.command("doctor")(doctor)


def init(context: typer.Context) -> None:
    """Make a data directory: an empty database, a key, and the default model and ladder published."""
    frame = frame_of(context)
    settings = frame.settings()
    folder = set_up(settings)
    frame.say(f"Ready: [bold]{escape(str(folder))}[/]. Keep [bold]{escape(str(folder / 'key'))}[/] safe: it opens stored credentials.")
    frame.say("Next: [bold]hotlead connect salesforce[/] or [bold]hotlead connect hubspot[/].")
    frame.give({"data_dir": folder})


def set_up(settings: Settings) -> Path:
    """The data directory with the packaged documents published; one that exists stays as it is."""
    folder = make(settings)
    with opened(settings, command="init", writing=True) as here:
        for kind in ("scoring", "lifecycle"):
            for name in names(kind):
                _publish_default(here, kind=kind, name=name)
    return folder


def _publish_default(here: Installation, *, kind: str, name: str) -> None:
    with here.store.read() as tx:
        there = tx.documents.current(kind=kind, name=name)
    if there is None:
        text = packaged(kind, name)
        publish(store=here.store, kind=kind, name=name, text=text, file=f"{name}.yaml", clock=here.clock, note="the packaged default")


def connect_command(
    context: typer.Context,
    crm: Annotated[str, typer.Argument(help="salesforce or hubspot.")],
    name: Annotated[str, typer.Option(help="Your name for this org or portal (default: the CRM's name).")] = "",
    given: Annotated[list[str] | None, typer.Option("--set", help="A setting as key=value; what is not given is asked for.")] = None,
    test: Annotated[bool, typer.Option("--test", help="Treat as a test account even if the CRM says production.")] = False,
) -> None:
    """Connect a Salesforce org or a HubSpot portal. Credentials are tried first and stored sealed."""
    frame = frame_of(context)
    with opened(frame.settings(), command=command_line(), writing=True) as here:
        if crm not in here.kinds:
            raise UsageError(f"'{crm}' is no CRM that hotlead knows.", hint=f"It knows: {', '.join(here.kinds)}.")
        kind = here.kinds[crm]
        connected = connect(
            store=here.store,
            vault=here.vault,
            crm_name=crm,
            kind=kind,
            name=name or crm,
            settings=_settings(kind, given=_pairs(given or []), ask=not frame.json and sys.stdin.isatty()),
            write_limit=here.settings.write_limit,
            clock=here.clock,
            production=False if test else None,
        )
    identity = connected.identity
    state = "New credentials for" if connected.again else "Connected"
    kind_of = "production" if connected.connection.production else "test"
    frame.say(
        f"{state} [bold]{connected.connection.name}[/]: {escape(identity.name)} ({identity.account}, {kind_of}) as {escape(identity.user)}."
    )
    frame.say(f"Next: [bold]hotlead check {connected.connection.name}[/].")
    frame.give({"connection": connected.connection.name, "identity": identity})


def _pairs(given: list[str]) -> Mapping[str, str]:
    pairs = {}
    for text in given:
        key, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"'--set {key}' has no value.", hint="Write --set key=value; @FILE as the value reads it from a file.")
        pairs[key.strip()] = _value(value)
    return pairs


def _value(text: str) -> str:
    """The value as typed, or what stands in the file that `@FILE` names (keys of many lines, secrets that no shell history should see)."""
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as err:
        raise UsageError(f"{text[1:]} cannot be read: {err}", hint="Give the path of a UTF-8 text file after the @.") from err


def _settings(kind: CrmKind, *, given: Mapping[str, str], ask: bool) -> Mapping[str, str]:
    """What was given, completed by asking for what is required and for secrets, where somebody is there to ask."""
    known = {s.name: s for s in kind.settings}
    for name in given:
        if name not in known:
            raise UsageError(f"'{name}' is no setting of {kind.abilities.label}.", hint=f"Settings: {', '.join(known)}.")
    settings = dict(given)
    has_secret = any(known[n].secret for n in given)
    for setting in kind.settings:
        if setting.name not in settings and (setting.required or (setting.secret and ask and not has_secret)):
            settings[setting.name] = _asked(setting, ask=ask)
            has_secret = has_secret or (setting.secret and bool(settings[setting.name]))
    return settings


def _asked(setting: Setting, *, ask: bool) -> str:
    if not ask:
        raise UsageError(f"The setting '{setting.name}' ({setting.label}) is missing.", hint=f"Give --set {setting.name}=… {setting.help}")
    question = setting.label + (f" [dim]({escape(setting.help)})[/]" if setting.help else "")
    if setting.required and not setting.default:
        return _value(Prompt.ask(question, password=setting.secret))
    return _value(Prompt.ask(question, password=setting.secret, default=setting.default, show_default=bool(setting.default)))


def check_command(context: typer.Context, connections: Names = None) -> None:
    """Say what is missing before a connection can be read and written, and who can mend it. Nothing is changed."""
    frame = frame_of(context)
    each = []
    with looking(frame) as here:
        road = road_of(here, progress=silent)
        for connection in here.connections(connections or []):
            checked = check(store=here.store, crm=road.crm(connection), connection=connection, ladder=road.documents().ladder)
            each.append(checked)
            missing = f"{sum(1 for s in checked.steps if s.state != 'present')} of {len(checked.steps)} to install"
            frame.say(f"[bold]{connection.name}[/]: {'ready' if checked.ready else 'not ready'}, {missing}.")
            if checked.findings:
                frame.show(findings_list(checked.findings))
            for problem in checked.problems:
                frame.say(escape(str(problem)))
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
    with at_work(frame, command=command_line()) as (here, road):
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
    frame.give({"installed": each, "dry_run": dry_run})
    if different:
        raise typer.Exit(PARTLY)


def publish_command(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=f"{', '.join(KINDS)}.")],
    name: Annotated[str, typer.Argument(help="The connection for fields; the document's name otherwise.")],
    file: Annotated[Path | None, typer.Argument(help="The YAML file. Without it the current text is printed.")] = None,
    version: Annotated[int | None, typer.Option("--put-back", help="Publish an earlier version again.")] = None,
    check_only: Annotated[bool, typer.Option("--check", help="Only show the problems; publish nothing.")] = False,
) -> None:
    """Publish a mapping, model or ladder; print the current one; or put an earlier version back. Versions are kept."""
    frame = frame_of(context)
    if kind not in KINDS:
        raise UsageError(f"'{kind}' is no kind of document.", hint=f"Kinds: {', '.join(KINDS)}.")
    if file is None and version is None:
        _print_document(frame, kind=kind, name=name)
        return
    with at_work(frame, command=command_line()) as (here, road):
        catalog = _catalog(here, road, kind=kind, name=name)
        try:
            published = (
                put_back(store=here.store, kind=kind, name=name, version=version, clock=here.clock)
                if version is not None
                else _publish_file(here, kind=kind, name=name, file=file or Path(), catalog=catalog, check_only=check_only)
            )
        except ProblemsError as err:
            for problem in err.problems:
                frame.err.print(escape(str(problem)))
            frame.give({"problems": err.problems})
            frame.err.print(f"[bold red]✗[/] {err.hint} Nothing was published.")
            raise typer.Exit(MEND) from err
    if isinstance(published, tuple):
        for warning in published:
            frame.say(escape(str(warning)))
        frame.say("Nothing that stops it: it can be published." if published else "No problems.")
        frame.give({"problems": published})
        return
    for warning in published.warnings:
        frame.say(escape(str(warning)))
    verb = "is as published already" if published.unchanged else "is published"
    frame.say(f"{kind} [bold]{name}[/] version {published.version} {verb}. The next `hotlead run` uses it.")
    frame.give(published)


def _publish_file(
    here: Installation, *, kind: str, name: str, file: Path, catalog: Catalog | None, check_only: bool
) -> PublishedVersion | tuple[Problem, ...]:
    """The published version, or with `check_only` the warnings. Raises ProblemsError where an error is among the problems."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        raise UsageError(f"{file} cannot be read: {err}", hint="Give the path of a UTF-8 text file.") from err
    if not check_only:
        return publish(store=here.store, kind=kind, name=name, text=text, file=str(file), clock=here.clock, catalog=catalog)
    with here.store.read() as tx:
        problems = problems_of(tx, kind=kind, text=text, file=str(file), catalog=catalog)
    if any(p.severity == "error" for p in problems):
        raise ProblemsError(problems)
    return tuple(problems)


def _catalog(here: Installation, road: Road, *, kind: str, name: str) -> Catalog | None:
    """For a field mapping: what the connection's CRM really has. Raises UsageError where there is no such connection."""
    if kind != "fields":
        return None
    connection = here.connections([name])[0]
    with here.store.read() as tx:
        mapping = mapping_of(tx, connection=connection, ladder=road.documents().ladder)
    return road.crm(connection).catalog(sources=[r.source for r in mapping.reads])


def _print_document(frame: Frame, *, kind: str, name: str) -> None:
    with looking(frame) as here, here.store.read() as tx:
        document = tx.documents.current(kind=kind, name=name)
        known = [d.name for d in tx.documents.all_current(kind=kind)]
        versions = tx.documents.versions(kind=kind, name=name)
    if document is None:
        raise UsageError(f"No {kind} document is called '{name}'.", hint=f"There are: {', '.join(known) or 'none'}.")
    if not frame.json:
        sys.stdout.write(document.text)
    for one in versions:
        frame.err.print(
            f"version {one.version}, {one.published_at:%Y-%m-%d %H:%M} UTC {escape(one.note)}{' (current)' if one.current else ''}"
        )
    frame.give({"current": document, "versions": [v.version for v in versions]})


def sandbox(context: typer.Context, crm: Annotated[str, typer.Argument(help="salesforce or hubspot.")]) -> None:
    """Run a sandbox CRM: a local server that speaks the CRM's real API. Options after the name go to it; --help lists them."""
    raise typer.Exit(run_sandbox(crm, context.args))


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
        )
    frame.show(findings_list(findings))
    frame.give({"findings": findings})
    if any(f.severity is Severity.ERROR for f in findings):
        raise typer.Exit(PARTLY)
