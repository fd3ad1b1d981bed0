"""`hotlead migrate-store`: from the SQLite file to PostgreSQL, with `hotlead up` stopped only for the last part."""

import time
from collections.abc import Callable
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from connector.bootstrap import SettingKept, is_at, keep_address, moving_store
from connector.cli.frame import LOOK_AND_CHANGE, Frame, frame_of, progress_bars
from connector.cli.typed import value_of
from connector.ports.errors import StoreBusy

T = TypeVar("T")

ASKED_EVERY_S = 0.5


def add_to(app: typer.Typer) -> None:
    app.command("migrate-store", rich_help_panel=LOOK_AND_CHANGE)(migrate_store)


def migrate_store(
    context: typer.Context,
    url: Annotated[
        str, typer.Argument(metavar="URL", help="postgresql://USER:PASSWORD@HOST/DATABASE of an empty database; @FILE reads it.")
    ],
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait for `hotlead up` to be stopped, once nearly all is copied.")] = 600,
) -> None:
    """Move from the SQLite file to PostgreSQL; counts and hashes are compared before the switch. Killed, the same command goes on."""
    frame = frame_of(context)
    settings = frame.settings()
    given = value_of(url, folder=frame.folder)
    if is_at(settings, url=given):
        frame.say("The store is in that database already; nothing was done.")
        frame.give({"to": None, "rows": 0, "mended": 0, "altered": 0, "tables": (), "setting": None})
        return
    with progress_bars(frame) as progress, moving_store(settings, url=given, progress=progress) as move:
        if not move.is_done:
            frame.say(f"Copying the store of [bold]{escape(str(settings.data_dir))}[/] to {escape(move.shown)}. Work goes on meanwhile.")
            frame.say(f"Copied: {move.copy():,} rows.")
        tables = _with_nobody_writing(frame, move.settle, wait=wait)
        kept = keep_address(settings, url=move.url)
        shown = move.shown
    rows, mended, altered = (sum(getattr(table, name) for table in tables) for name in ("rows", "mended", "altered"))
    if tables:
        frame.say(f"[bold green]Moved:[/] {rows:,} rows in {len(tables)} tables; counts and hashes are equal on both sides.")
        frame.say(f"  {mended:,} rows had changed while copying and were written again.")
    else:
        frame.say("[bold green]Moved[/] before; only the setting was missing.")
    if altered:
        frame.say(f"  {altered:,} rows had a character 0 in a text, which PostgreSQL cannot hold: it is U+FFFD there.")
    _say_what_next(frame, kept, shown=shown)
    frame.give({"to": shown, "rows": rows, "mended": mended, "altered": altered, "tables": tables, "setting": kept})


def _with_nobody_writing(frame: Frame, settle: Callable[[], T], *, wait: int) -> T:
    """What `settle` gives, once nobody writes. Raises StoreBusy where somebody still does after so many seconds."""
    until = time.monotonic() + wait
    asked = False
    while True:
        try:
            return settle()
        except StoreBusy as busy:
            if time.monotonic() >= until:
                raise StoreBusy(
                    f"{busy} Everything is copied, except what changes until it stops.",
                    hint="Stop it and give the same command again; little is left to do. Nothing was switched.",
                ) from busy
            if not asked:
                frame.say(f"{escape(str(busy))}")
                frame.say(f"Please [bold]stop it now[/] (Ctrl-C where it runs, or SIGTERM) for the last part; waiting up to {wait} s.")
                asked = True
        time.sleep(ASKED_EVERY_S)


def _say_what_next(frame: Frame, kept: SettingKept, *, shown: str) -> None:
    if kept.written:
        frame.say(f"[bold]database_url[/] is set in {escape(kept.where)} (readable by its owner only).")
    else:
        frame.say(f"[bold yellow]Now set it yourself:[/] {escape(kept.where)} must say database_url {escape(shown)}, with its password.")
    frame.say("The SQLite file is kept as it is and not used any more; the key file stays where it is and is still needed.")
    frame.say("Next: [bold]hotlead up[/] as before; [bold]hotlead work[/] on further machines with the same setting and key.")
