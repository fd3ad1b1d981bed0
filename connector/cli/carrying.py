"""Commands typed elsewhere, carried out inside `hotlead up`: the same command line, over its installation and to the client's screen."""

import traceback
from pathlib import Path

import typer
from rich.console import Console

from connector.cli.bars import StepBars
from connector.cli.entry import app
from connector.cli.frame import FAULT, OK, STOPPED, Frame, exit_code, explain_error
from connector.cli.typed import Ask
from connector.flows.stopping import Stopped
from connector.ports.errors import HotleadError
from connector.serving.orders import Inside, Paper

WIDEST = 1000


def carry(inside: Inside) -> int:
    """Carries one command out; its exit code. Raises nothing."""
    frame = _frame(inside)
    try:
        code = typer.main.get_command(app).main(args=list(inside.order.argv), prog_name="hotlead", standalone_mode=False, obj=frame)
        if code == STOPPED:
            frame.err.print("Stopped. What was done so far stands; the same command goes on from there.")
        return code if isinstance(code, int) else OK
    except HotleadError as err:
        explain_error(frame, err)
        return exit_code(err)
    except Stopped:
        return STOPPED
    except Exception:  # noqa: BLE001 - as at the command line: it says whose fault it is and prints where
        frame.err.print(traceback.format_exc(), markup=False, soft_wrap=True)
        frame.err.print("[bold red]✗[/] This is a fault in hotlead itself. What was done before it stands, nothing is half-written.")
        return FAULT


def _frame(inside: Inside) -> Frame:
    order = inside.order
    err = _console(inside, inside.err, is_terminal=order.err_is_terminal)
    return Frame(
        json="--json" in order.argv,
        out=_console(inside, inside.out, is_terminal=order.out_is_terminal),
        err=err,
        bars=StepBars(console=err),
        folder=Path(order.folder),
        asking=_asking(inside) if order.can_ask else None,
        inside=inside,
    )


def _console(inside: Inside, paper: Paper, *, is_terminal: bool) -> Console:
    """A console that writes as the client's own would."""
    return Console(
        file=paper,  # type: ignore[arg-type]  # rich writes and flushes, no more
        width=max(20, min(inside.order.columns, WIDEST)),
        force_terminal=is_terminal,
        color_system=inside.order.colors if is_terminal and inside.order.colors else None,  # type: ignore[arg-type]  # its own word, sent back
        highlight=False,
    )


def _asking(inside: Inside) -> Ask:
    def ask(question: str, *, secret: bool, default: str) -> str:
        return inside.asked(question, secret, default)

    return ask
