"""Nightly copies of the database, as many as are wanted, the oldest going first."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from connector.ports.store import Store

Clock = Callable[[], datetime]
NAME = "hotlead-{:%Y%m%d-%H%M%S}.db"
EVERY = "hotlead-????????-??????.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackedUp:
    """`removed`: earlier copies that were too many."""

    file: Path
    bytes: int
    removed: tuple[Path, ...]


def back_up(*, store: Store, folder: Path, keep: int, clock: Clock) -> BackedUp:
    """A checked copy in the folder, which is made where it is missing; then it and the newest of the others stay, `keep` in all.

    Raises what `Store.backup` raises; the earlier copies then stay as they are. Copies of a time when the clock was ahead count as newer
    than they are, but never than this one.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / NAME.format(clock())
    store.backup(file)
    others = sorted((one for one in folder.glob(EVERY) if one != file), reverse=True)
    old = sorted(others[keep - 1 :])
    for one in old:
        one.unlink(missing_ok=True)
    return BackedUp(file=file, bytes=file.stat().st_size, removed=tuple(old))
