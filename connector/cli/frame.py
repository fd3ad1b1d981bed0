"""What all commands share: options of the whole command, output for people and for machines, errors, exit codes, progress bars."""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.markup import escape

from connector.bootstrap import Installation, opened
from connector.cli.bars import StepBars
from connector.cli.handing import hand_over
from connector.cli.typed import Ask, ask_here
from connector.flows.progress import Progress, silent
from connector.flows.road import Road
from connector.flows.stopping import stoppable
from connector.ports.errors import Action, HotleadError, StoreBusy
from connector.serving.logs import log_for_people
from connector.settings import Settings, load_settings

if TYPE_CHECKING:
    from connector.serving.orders import Inside

TRY_IT = "Try it"
SET_UP = "Set up, in this order"
THEN = "Then, in this order; `run` is pull, score and write-back at once"
LOOK_AND_CHANGE = "Look and change"
"""Groups of commands in the help."""

OK = 0
FAULT = 1
MEND = 3
RECONNECT = 4
LATER = 5
PARTLY = 6
STOPPED = 130

EXIT_CODES = {
    OK: "done",
    FAULT: "a fault in hotlead itself",
    2: "the command was not understood",
    MEND: "something must be set up or mended first; the message says what",
    RECONNECT: "the CRM does not let us in; connect again",
    LATER: "try again later: CRM unreachable, quota used up, another run under way, disk full",
    PARTLY: "done, but some rows were refused or a check found errors",
    STOPPED: "stopped by Ctrl-C",
}
"""What each exit code means."""

_BY_ACTION = {
    Action.RETRY: LATER,
    Action.WAIT: LATER,
    Action.RECONNECT: RECONNECT,
    Action.FIX_MAPPING: MEND,
    Action.SKIP_RECORD: MEND,
    Action.STOP: MEND,
}


class Paper(Console):
    """Standard output. When whoever reads it has gone (`| head -1`), the work goes on unseen: it is not the reader's to stop."""

    def on_broken_pipe(self) -> None:
        self.quiet = True
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The options given before the command's name."""

    data_dir: Path | None = None
    json: bool = False
    out: Console = field(default_factory=lambda: Paper(highlight=False))
    err: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    bars: StepBars = field(default_factory=StepBars)
    folder: Path = Path()
    """Where the command was typed: relative paths begin there."""
    asking: Ask | None = ask_here
    """How to ask whoever typed it; None: nobody is there."""
    inside: "Inside | None" = None
    """Set where the command was typed elsewhere and runs inside `hotlead up`."""

    @property
    def ask(self) -> Ask | None:
        """None where nobody is there to answer, or a machine is."""
        if self.json or (self.inside is None and not sys.stdin.isatty()):
            return None
        return self.asking

    def settings(self) -> Settings:
        """The settings in force; from here on log lines go to stderr from the least level they name. Inside `hotlead up` its own hold."""
        if self.inside is not None:
            return self.inside.here.settings
        settings = load_settings(data_dir=self.data_dir)
        log_for_people(settings.log_level)
        return settings

    def say(self, text: str) -> None:
        """A line for people; nothing with --json. In a file it stays one line, whatever width somebody takes a screen to have."""
        self.bars.clear()
        if not self.json:
            self.out.print(text, soft_wrap=not self.out.is_terminal)

    def show(self, table: object) -> None:
        """A result for people, in place of the bars that led to it; nothing with --json."""
        self.bars.clear()
        if not self.json:
            self.out.print(table)

    def give(self, result: object) -> None:
        """The result for machines; nothing without --json."""
        if self.json:
            self.out.print_json(json.dumps(plain(result), ensure_ascii=False))


def frame_of(context: typer.Context) -> Frame:
    found = context.find_object(Frame)
    return found if found is not None else Frame()


def plain(value: Any) -> Any:
    """A value as JSON can hold it; field names stay, instants are ISO 8601."""
    if is_dataclass(value) and not isinstance(value, type):
        return {k: plain(v) for k, v in asdict(value).items()}
    match value:
        case Enum():
            return value.value
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return str(value)
        case Mapping():
            return {str(k): plain(v) for k, v in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain(v) for v in value]
        case Path():
            return str(value)
        case _:
            return value


def exit_code(error: HotleadError) -> int:
    return _BY_ACTION[error.action]


def explain_error(frame: Frame, error: HotleadError) -> None:
    """The error as a person reads it: what happened, then what to do."""
    if frame.json:
        frame.err.print_json(json.dumps({"error": str(error), "hint": error.hint, "action": error.action.value}, ensure_ascii=False))
        return
    whole = not frame.err.is_terminal
    frame.err.print(f"[bold red]✗[/] {_indented(str(error))}", soft_wrap=whole)
    if error.hint:
        frame.err.print(f"  {_indented(error.hint)}", soft_wrap=whole)


def _indented(text: str) -> str:
    return escape(text.replace("\n", "\n  "))


@contextmanager
def progress_bars(frame: Frame) -> Iterator[Progress]:
    """Bars on a terminal, silence elsewhere. Inside `hotlead up` each step is a point where the command can be stopped."""
    shown = not frame.json and frame.bars.console.is_terminal
    progress: Progress = frame.bars.show if shown else silent
    try:
        yield progress if frame.inside is None else stoppable(progress, stopping=frame.inside.stopping)
    finally:
        if shown:
            frame.bars.clear()


Locks = Callable[[Installation], Sequence[str]]


def no_locks(here: Installation) -> Sequence[str]:
    """For what is one unit, and excludes nobody."""
    del here
    return ()


@contextmanager
def writing(frame: Frame, *, locks: Locks = no_locks) -> Iterator[Installation]:
    """The installation for writing: held by this process, shared under these locks, or that of `hotlead up` which carries the command out.

    Where `hotlead up` holds it, the whole command is handed over to it, and this process ends as the command did.
    """
    if frame.inside is not None:
        with frame.inside.alone(locks(frame.inside.here)) as here:
            yield here
        return
    settings = frame.settings()
    with ExitStack() as stack:
        with handed_over_where_taken(frame):
            here = stack.enter_context(opened(settings, command=command_line(), writing=True))
        if here.is_shared:
            from connector.serving.sharing import sharing

            here = stack.enter_context(sharing(here, role="command", locks=locks(here)))
        yield here


@contextmanager
def handed_over_where_taken(frame: Frame) -> Iterator[None]:
    """Hands the command over to `hotlead up` where that holds the data directory; StoreBusy stays where somebody else does."""
    try:
        yield
    except StoreBusy as busy:
        code = hand_over(frame.settings().data_dir, sys.argv[1:], out=frame.out, err=frame.err)
        if code is None:
            raise
        raise typer.Exit(code) from busy


@contextmanager
def at_work(frame: Frame, *, locks: Locks = no_locks) -> Iterator[tuple[Installation, Road]]:
    """The installation for writing, and the road with progress bars."""
    with writing(frame, locks=locks) as here, progress_bars(frame) as progress:
        yield here, road_of(here, progress=progress)


@contextmanager
def looking(frame: Frame) -> Iterator[Installation]:
    """The installation for reading only, beside whoever writes."""
    if frame.inside is not None:
        yield frame.inside.here
        return
    with opened(frame.settings(), command="", writing=False) as here:
        yield here


def road_of(here: Installation, *, progress: Progress) -> Road:
    return here.road(progress=progress)


def command_line() -> str:
    """The command's name, for whoever finds the data directory taken. What was typed after it may be secret and is left out."""
    before = zip(["", *sys.argv[1:]], sys.argv[1:], strict=False)
    name = next((word for earlier, word in before if not word.startswith("-") and earlier != "--data-dir"), "")
    return f"hotlead {name}".strip()
