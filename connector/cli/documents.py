"""`hotlead publish`: documents printed, checked, published, put back."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from connector.bootstrap import Installation
from connector.cli.frame import LOOK_AND_CHANGE, MEND, Frame, at_work, explain_error, frame_of, looking
from connector.cli.typed import read_text
from connector.flows.publish import Catalogue, PublishedVersion, problems_of, publish, put_back, withdraw
from connector.flows.road import Road
from connector.ports.errors import UsageError
from mappings.document import KINDS
from mappings.problems import Problem, ProblemsError


def add_to(app: typer.Typer) -> None:
    app.command("publish", rich_help_panel=LOOK_AND_CHANGE)(publish_command)


def publish_command(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help=f"{', '.join(KINDS)}.")],
    name: Annotated[str, typer.Argument(help="The connection for fields; the document's name otherwise.")],
    file: Annotated[Path | None, typer.Argument(help="The YAML file. Without it the current text is printed.")] = None,
    version: Annotated[int | None, typer.Option("--put-back", help="Publish an earlier version again.")] = None,
    check_only: Annotated[bool, typer.Option("--check", help="Only show the problems; publish nothing.")] = False,
    withdrawn: Annotated[bool, typer.Option("--withdraw", help="A scoring model: score by it no longer.")] = False,
) -> None:
    """Publish a mapping, model or ladder; print the current one; or put an earlier version back. Versions are kept."""
    frame = frame_of(context)
    if kind not in KINDS:
        raise UsageError(f"'{kind}' is no kind of document.", hint=f"Kinds: {', '.join(KINDS)}.")
    if file is not None and version is not None:
        raise UsageError("--put-back takes no file.", hint="It publishes the text of that version again; leave the file or --put-back out.")
    if withdrawn:
        if file is not None or version is not None or check_only:
            raise UsageError("--withdraw stands alone.", hint="It takes no file, no --put-back and no --check.")
        _withdraw(frame, kind=kind, name=name)
        return
    if file is None and version is None:
        _print_document(frame, kind=kind, name=name)
        return
    with at_work(frame) as (here, road):
        catalogue = _catalogue(here, road, name=name) if kind == "fields" else None
        try:
            published = (
                put_back(store=here.store, kind=kind, name=name, version=version, clock=here.clock, catalogue=catalogue)
                if version is not None
                else _publish_file(
                    here, kind=kind, name=name, file=file or Path(), folder=frame.folder, catalogue=catalogue, check_only=check_only
                )
            )
        except ProblemsError as err:
            _refuse(frame, err.problems)
            raise typer.Exit(MEND) from err
        decides = road.documents().ladder.model
        beside = decides if kind == "scoring" and name != decides else ""
    if isinstance(published, tuple):
        for warning in published:
            frame.say(escape(str(warning)))
        frame.say("Nothing that stops it: it can be published." if published else "No problems.")
        frame.give({"problems": published})
        return
    for warning in published.warnings:
        frame.say(escape(str(warning)))
    verb = "is as published already" if published.unchanged else "is published"
    frame.say(f"{kind} [bold]{name}[/] version {published.version} {verb}.")
    if not published.unchanged:
        frame.say(
            "The next [bold]hotlead run[/] uses it; under [bold]hotlead up[/] the coming night does, or [bold]hotlead score[/] at once."
        )
    if published.looks_back_hours is not None:
        frame.say(
            f"It looks back {published.looks_back_hours // 24} days, farther than what was read so far: [bold]hotlead pull[/] reads the"
            " older activities, as [bold]hotlead run[/] and the night do. Until then they count for nothing."
        )
    if beside:
        frame.say(f"It scores beside '{escape(beside)}', by which the ladder decides: that one is written into the CRMs.")
    frame.give(published)


def _withdraw(frame: Frame, *, kind: str, name: str) -> None:
    with at_work(frame) as (here, _):
        version = withdraw(store=here.store, kind=kind, name=name, clock=here.clock)
    frame.say(f"Nobody is scored by '{escape(name)}' any more. `hotlead publish {kind} {name} --put-back {version - 1}` brings it back.")
    frame.give({"kind": kind, "name": name, "version": version})


def _refuse(frame: Frame, problems: Sequence[Problem]) -> None:
    frame.give({"problems": problems})
    errors = sum(1 for p in problems if p.severity == "error")
    refusal = UsageError(
        f"Nothing was published: {errors} error{'s' if errors != 1 else ''} above.", hint="Mend what says `error`; a warning stops nothing."
    )
    if not frame.json:
        for problem in problems:
            frame.err.print(escape(str(problem)), soft_wrap=not frame.err.is_terminal)
    explain_error(frame, refusal)


def _publish_file(
    here: Installation, *, kind: str, name: str, file: Path, folder: Path, catalogue: Catalogue | None, check_only: bool
) -> PublishedVersion | tuple[Problem, ...]:
    """The published version, or with `check_only` the warnings. Raises ProblemsError where an error is among the problems."""
    text = read_text(folder / file, hint="Give the path of a UTF-8 text file.")
    if not check_only:
        return publish(store=here.store, kind=kind, name=name, text=text, file=str(file), clock=here.clock, catalogue=catalogue)
    problems = problems_of(here.store, kind=kind, name=name, text=text, file=str(file), catalogue=catalogue)
    if any(p.severity == "error" for p in problems):
        raise ProblemsError(problems)
    return tuple(problems)


def _catalogue(here: Installation, road: Road, *, name: str) -> Catalogue:
    """Asks the connection's CRM what it really has. Raises UsageError where there is no such connection."""
    connection = here.connections([name])[0]
    return lambda sources: road.crm(connection).catalog(sources=sources)


def _print_document(frame: Frame, *, kind: str, name: str) -> None:
    with looking(frame) as here, here.store.read() as tx:
        document = tx.documents.current(kind=kind, name=name)
        known = [d.name for d in tx.documents.all_current(kind=kind)]
        versions = tx.documents.versions(kind=kind, name=name)
    if document is None and versions:
        raise UsageError(
            f"The {kind} document '{name}' is withdrawn.", hint=f"`hotlead publish {kind} {name} --put-back N` publishes version N again."
        )
    if document is None:
        raise UsageError(f"No {kind} document is called '{name}'.", hint=f"There are: {', '.join(known) or 'none'}.")
    if not frame.json:
        sys.stdout.write(document.text)
    for one in versions:
        frame.err.print(
            f"version {one.version}, {one.published_at:%Y-%m-%d %H:%M} UTC {escape(one.note)}{' (current)' if one.current else ''}"
        )
    frame.give({"current": document, "versions": [v.version for v in versions]})
