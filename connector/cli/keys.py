"""`hotlead rotate-key`: a new key in the place of the one that seals stored credentials, while everything goes on working."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import typer
from rich.markup import escape

from connector.bootstrap import Installation, new_key
from connector.cli.frame import LOOK_AND_CHANGE, MEND, PARTLY, Frame, frame_of, writing
from connector.flows.rotate_key import Resealed, Rotated, rotate_key
from connector.ports.inbox import Worker
from connector.serving.keys import shown, wait_until_known
from connector.settings import place_of


def add_to(app: typer.Typer) -> None:
    app.command("rotate-key", rich_help_panel=LOOK_AND_CHANGE)(rotate)


def rotate(
    context: typer.Context,
    wait: Annotated[int, typer.Option(min=0, help="Seconds to wait until processes on other machines know the new key.")] = 60,
) -> None:
    """Seal every stored credential and token with a new key and retire the old one. Nothing has to be stopped; repeating is safe."""
    frame = frame_of(context)
    with writing(frame, locks=_one_at_a_time) as here:
        place = place_of("secret_key", settings=here.settings)
        if here.key_file is None and len(here.vault.keys) == 1:
            _give_new_key(frame, place=place)
            raise typer.Exit(MEND)

        def waiting(workers: tuple[Worker, ...]) -> None:
            frame.say(f"Waiting until the new key is known to {escape(', '.join(map(shown, workers)))}.")

        rotated = rotate_key(
            store=here.store,
            vault=lambda: here.vault,
            file=here.key_file,
            clock=here.clock,
            known=partial(wait_until_known, here, patience_s=wait, told=waiting),
        )
        place = place if here.key_file is None else str(here.settings.data_dir / "key")
    _say(frame, rotated, place=place, by_file=here.key_file is not None)
    frame.give({"key": rotated.key, "retired": rotated.others, "went_on": rotated.went_on, "resealed": rotated.resealed})
    if rotated.resealed.unreadable:
        raise typer.Exit(PARTLY)


def _one_at_a_time(here: Installation) -> Sequence[str]:
    del here
    return ("rotate-key",)


def _give_new_key(frame: Frame, *, place: str) -> None:
    """What an admin does where hotlead cannot write the key itself."""
    key = new_key()
    frame.say(f"The key is set by {escape(place)}, which hotlead does not change. Here is a new one, shown this once:\n")
    if not frame.json:
        frame.out.print(f"  {key}\n", markup=False, soft_wrap=True)
    frame.say("  1. Put it there in front of the present one, with a comma between, wherever hotlead runs.")
    frame.say("  2. Start hotlead again there; one process after the other, so that work goes on. Until step 3 the present key is used.")
    frame.say("  3. Give this command again: it seals everything with the new key, and says when the old one can go.")
    frame.give({"new_key": key, "place": place})


def _say(frame: Frame, rotated: Rotated, *, place: str, by_file: bool) -> None:
    if by_file and rotated.went_on:
        frame.say("An earlier rotation was cut off; it is done now.")
    frame.say(f"[bold green]Sealed with key {rotated.key}:[/] {_counted(rotated.resealed)}.")
    for whose in rotated.resealed.unreadable:
        frame.say(f"[bold yellow]No key here opens the secrets of {escape(whose)}:[/] make them anew (`hotlead connect`, `hotlead site`).")
    if by_file:
        frame.say(f"The old key is gone from {escape(place)}: renew the copy that you keep of that file.")
        frame.say("Keep the old copy, too, as long as you keep backups of the database from before now: they open with the old key only.")
    elif rotated.others:
        frame.say(f"Now take the old key ({', '.join(rotated.others)}) out of {escape(place)}, wherever hotlead runs; there is no hurry.")
        frame.say("Keep it as long as you keep backups of the database from before now: they open with the old key only.")


def _counted(done: Resealed) -> str:
    each = ((done.connections, "connection"), (done.sites, "site"), (done.tokens, "access token"))
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for count, name in each)
