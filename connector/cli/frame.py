"""What all commands share: options of the whole command, output for people and for machines, errors, exit codes, progress bars."""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

import structlog
import typer
from rich.console import Console
from rich.markup import escape

from connector.bootstrap import Installation, opened
from connector.cli.bars import StepBars
from connector.flows.progress import Progress, silent
from connector.flows.road import Road
from connector.ports.errors import Action, HotleadError
from connector.settings import Settings, load_settings

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

    def settings(self) -> Settings:
        """The settings in force; from here on log lines go to stderr from the least level they name."""
        settings = load_settings(data_dir=self.data_dir)
        structlog.configure(
            wrapper_class=structlog.make_filtering_bound_logger(settings.log_level),
            logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        )
        return settings

    def say(self, text: str) -> None:
        """A line for people; nothing with --json."""
        self.show(text)

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
    frame.err.print(f"[bold red]✗[/] {escape(str(error))}")
    if error.hint:
        frame.err.print(f"  {escape(error.hint)}")


@contextmanager
def progress_bars(frame: Frame) -> Iterator[Progress]:
    """Bars on a terminal, silence elsewhere."""
    if frame.json or not frame.bars.console.is_terminal:
        yield silent
        return
    try:
        yield frame.bars.show
    finally:
        frame.bars.clear()


@contextmanager
def at_work(frame: Frame, *, command: str) -> Iterator[tuple[Installation, Road]]:
    """The installation held for writing, and the road with progress bars."""
    settings = frame.settings()
    with opened(settings, command=command, writing=True) as here, progress_bars(frame) as progress:
        yield here, road_of(here, progress=progress)


@contextmanager
def looking(frame: Frame) -> Iterator[Installation]:
    """The installation for reading only, beside whoever writes."""
    with opened(frame.settings(), command="", writing=False) as here:
        yield here


def road_of(here: Installation, *, progress: Progress) -> Road:
    return here.road(progress=progress)


def command_line() -> str:
    """The command's name, for whoever finds the data directory taken. What was typed after it may be secret and is left out."""
    before = zip(["", *sys.argv[1:]], sys.argv[1:], strict=False)
    name = next((word for earlier, word in before if not word.startswith("-") and earlier != "--data-dir"), "")
    return f"hotlead {name}".strip()
