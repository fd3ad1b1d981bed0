"""The command itself: options before the command's name, the groups of commands, and what a person sees when something fails."""

import os
import sys
import traceback
from dataclasses import replace
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from connector.cli import demo, documents, keys, moving, overview, receiving, serving, setting_up, working
from connector.cli.frame import EXIT_CODES, FAULT, MEND, STOPPED, Frame, exit_code, explain_error
from connector.ports.errors import HotleadError, UsageError

app = typer.Typer(
    name="hotlead",
    help="Tells a sales team which leads are worth calling now, and why, inside the CRM they already use.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog="New here? `hotlead demo` shows it, `hotlead init` begins with your own CRM.\n\nExit codes: "
    + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())
    + ".",
)
for group in (demo, setting_up, receiving, working, serving, overview, moving, keys, documents):
    group.add_to(app)

NOT_OURS = "Give the user who runs hotlead the right to read and write there, or name another folder with --data-dir."
OUR_PACKAGES = ("connector", "adapters", "mappings", "jobs")


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"hotlead {version('hotlead')}\n")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of this installation (default: hotlead-data, or HOTLEAD_DATA_DIR).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Results as JSON, errors as JSON on stderr, no progress bars.")] = False,
    show_version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and end.")] = False,
) -> None:
    del show_version
    given = context.find_object(Frame)
    context.obj = Frame(data_dir=data_dir, json=as_json) if given is None else replace(given, json=as_json)


def main() -> None:
    """Runs the command line and ends the process with one of `EXIT_CODES`."""
    _check_packages()
    frame = Frame(json="--json" in sys.argv[1:])
    try:
        app()
    except HotleadError as err:
        explain_error(frame, err)
        sys.exit(exit_code(err))
    except SystemExit as end:
        if _by_ctrl_c(end):
            frame.err.print("Stopped. What was done so far stands; the same command goes on from there.")
        raise
    except PermissionError as err:
        explain_error(frame, UsageError(f"{err.filename}: {err.strerror}.", hint=NOT_OURS))
        sys.exit(MEND)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAULT)
    except Exception:  # noqa: BLE001 - the one place that may catch everything: it says whose fault it is and prints where
        traceback.print_exc()
        frame.err.print("[bold red]✗[/] This is a fault in hotlead itself. What was done before it stands, nothing is half-written.")
        frame.err.print("  Please report the lines above with the command that you gave.")
        sys.exit(FAULT)


def _by_ctrl_c(end: SystemExit) -> bool:
    """Whether a command ended by Ctrl-C without a word of its own about it."""
    return end.code == STOPPED and end.__context__ is not None and isinstance(end.__context__.__cause__, KeyboardInterrupt)


def _check_packages() -> None:
    """Ends at once when another distribution has put a package of the same everyday name in front of ours."""
    home = Path(__file__).parents[2]
    for name in OUR_PACKAGES:
        found = import_module(name).__file__
        if found is None or Path(found).parents[1] != home:
            sys.stderr.write(
                f"hotlead: the package '{name}' comes from {found}, not from hotlead's own distribution in {home}.\n"
                "Install hotlead in an environment of its own.\n"
            )
            sys.exit(FAULT)
