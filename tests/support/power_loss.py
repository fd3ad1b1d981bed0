"""Plays back a tape of writes and syncs up to a point, loses the power there, and opens what the disk would hold.

What was synced is on the disk. Of what was written since, a disk may have kept nothing, the first part, any part, or half of a write.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from random import Random

from tests.support.recording_vfs import Acknowledged, Step, Synced, Truncated, Wrote

SECTOR = 512


class Loss(StrEnum):
    """What became of the writes that were not synced."""

    DROP = "drop"
    PREFIX = "prefix"
    SUBSET = "subset"
    TORN = "torn"


@dataclass(frozen=True, slots=True)
class Crash:
    """One lost power: after which step, in which way, and what was missing or broken then."""

    step: int
    loss: Loss
    acknowledged: int
    lost: tuple[int, ...]
    fault: str = ""


@dataclass(slots=True)
class _Disk:
    """The files as synced, and what was written to each since."""

    synced: dict[str, bytearray] = field(default_factory=dict)
    since: dict[str, list[Wrote | Truncated]] = field(default_factory=dict)

    def take(self, step: Step) -> None:
        match step:
            case Wrote() | Truncated():
                self.since.setdefault(step.file, []).append(step)
            case Synced(file):
                for change in self.since.pop(file, ()):
                    _apply(self.synced.setdefault(file, bytearray()), change)

    def after(self, loss: Loss, dice: Random) -> Mapping[str, bytearray]:
        """The files when the power is back."""
        files = {name: bytearray(content) for name, content in self.synced.items()}
        for name, changes in self.since.items():
            image = files.setdefault(name, bytearray())
            for change in _kept(changes, loss, dice):
                _apply(image, change)
        return files


def _kept(changes: Sequence[Wrote | Truncated], loss: Loss, dice: Random) -> Iterator[Wrote | Truncated]:
    match loss:
        case Loss.DROP:
            return
        case Loss.PREFIX:
            yield from changes[: dice.randint(0, len(changes))]
        case Loss.SUBSET:
            yield from (change for change in changes if dice.random() < 0.5)
        case Loss.TORN:
            upto = dice.randrange(len(changes))
            yield from changes[:upto]
            last = changes[upto]
            if isinstance(last, Wrote):
                sectors = -(-len(last.content) // SECTOR)
                yield Wrote(last.file, last.offset, last.content[: dice.randint(0, sectors) * SECTOR])


def _apply(image: bytearray, change: Wrote | Truncated) -> None:
    if isinstance(change, Truncated):
        del image[change.size :]
        return
    end = change.offset + len(change.content)
    if len(image) < end:
        image.extend(bytes(end - len(image)))
    image[change.offset : end] = change.content


def crashes(
    steps: Sequence[Step],
    *,
    before: Mapping[str, bytes],
    many: int,
    seed: int,
    room: Path,
    stored: Callable[[sqlite3.Connection], frozenset[int]],
) -> Iterator[Crash]:
    """`many` lost powers spread over the tape, in all four ways.

    `before` are the files when recording began; `stored` reads what is kept.
    """
    dice = Random(seed)
    disk = _Disk(synced={name: bytearray(content) for name, content in before.items()})
    points = sorted(dice.randrange(len(steps)) for _ in range(many))
    told: set[int] = set()
    place = 0
    for number, step in enumerate(steps):
        disk.take(step)
        if isinstance(step, Acknowledged):
            told.add(step.number)
        while place < len(points) and points[place] == number:
            loss = list(Loss)[place % len(Loss)]
            place += 1
            yield _look(disk.after(loss, dice), step=number, loss=loss, told=told, room=room, stored=stored)


def _look(
    files: Mapping[str, bytearray],
    *,
    step: int,
    loss: Loss,
    told: set[int],
    room: Path,
    stored: Callable[[sqlite3.Connection], frozenset[int]],
) -> Crash:
    for old in room.iterdir():
        old.unlink()
    for name, content in files.items():
        (room / name).write_bytes(content)
    main = min(files, key=len)
    try:
        with closing(sqlite3.connect(room / main)) as connection:
            kept = stored(connection)
            verdict = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return Crash(step=step, loss=loss, acknowledged=len(told), lost=tuple(sorted(told)), fault=str(error))
    lost = tuple(sorted(told - kept))
    return Crash(step=step, loss=loss, acknowledged=len(told), lost=lost, fault="" if verdict == "ok" else str(verdict))
