"""Where the product can be killed so that it matters: every unit it gives to the store and every call it makes to a CRM, by its own code.

`points` reads the code; `watch`, run in a process of the product, notes the points it comes to and kills it there when told.
"""

import ast
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from adapters.hubspot.adapter import HubSpotCrm
from adapters.hubspot.journal import Journal
from adapters.salesforce.adapter import SalesforceCrm
from connector.ports.crm import Crm
from connector.ports.hooks import HintFeed
from connector.store.sql_store import SqlStore
from tests.support.sandboxes import REPOSITORY

FOLDERS = ("connector/flows", "jobs")
FORWARDING = ("connector/flows/fenced.py", "connector/flows/stopping.py")
"""Stores around a store: their callers are the points."""
LOCAL = frozenset({"abilities", "connection", "record_url", "usage", "close", "feed"})
"""Of a CRM, what makes no call."""
CALLS = frozenset(name for name in vars(Crm) if not name.startswith("_")) - LOCAL
FEED_CALLS = frozenset(name for name in vars(HintFeed) if not name.startswith("_"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One call in the code. Lines are those it is written on."""

    file: str
    function: str
    call: str
    number: int
    """Among calls alike in the function, from 1."""
    first: int
    last: int

    @property
    def name(self) -> str:
        return f"{self.file} {self.function} {self.call} {self.number}"

    @property
    def is_write(self) -> bool:
        return self.call.endswith("store.write")


@cache
def points() -> tuple[Point, ...]:
    """Every point there is; the code is read once a process."""
    files = (path for folder in FOLDERS for path in sorted((REPOSITORY / folder).glob("*.py")))
    names = ((path, str(path.relative_to(REPOSITORY))) for path in files)
    return tuple(point for path, name in names if name not in FORWARDING for point in _points_of(path, name=name))


def _points_of(path: Path, *, name: str) -> Iterator[Point]:
    seen: dict[tuple[str, str], int] = {}
    for function, call in _calls(ast.parse(path.read_text(encoding="utf-8"))):
        text = ast.unparse(call.func)
        number = seen[function, text] = seen.get((function, text), 0) + 1
        yield Point(file=name, function=function, call=text, number=number, first=call.lineno, last=call.end_lineno or call.lineno)


def _calls(tree: ast.AST, function: str = "") -> Iterator[tuple[str, ast.Call]]:
    for node in ast.iter_child_nodes(tree):
        inside = node.name if isinstance(node, ast.FunctionDef | ast.ClassDef) else ""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_point(node.func):
            yield function, node
        yield from _calls(node, f"{function}.{inside}".strip(".") if inside else function)


def _is_point(called: ast.Attribute) -> bool:
    of = ast.unparse(called.value)
    if called.attr == "write" and of.endswith("store"):
        return True
    return (called.attr in CALLS and (of.endswith("crm") or ".crm(" in of)) or (called.attr in FEED_CALLS and of.endswith("feed"))


@dataclass(slots=True, kw_only=True)
class _Watch:
    """What this process has come to, and where it is to die."""

    notes: Path
    when: str
    times: int
    known: dict[str, list[Point]]
    counts: dict[str, int]
    dying_in: int = 0
    """The thread that dies at its next commit."""

    def dies_here(self) -> bool:
        """Notes the point that the caller's caller is at, and whether this process is to die of it."""
        point = self._at(sys._getframe(2))
        if point is None or self.counts.get(point.name, 0) >= self.times:
            return False
        self.counts[point.name] = self.counts.get(point.name, 0) + 1
        with self.notes.open("a", encoding="utf-8") as file:
            file.write(point.name + "\n")
        return bool(self.when)

    def _at(self, frame: FrameType | None) -> Point | None:
        while frame is not None:
            here = next((p for p in self.known.get(frame.f_code.co_filename, ()) if p.first <= frame.f_lineno <= p.last), None)
            if here is not None:
                return here
            frame = frame.f_back
        return None


def watch(*, notes: str, when: str, times: int) -> None:
    """From now on every point is noted, one line each time, up to so many times; and with `when` each noted time is this process's last.

    `when`: `before` the unit is committed or the call is made, `after` that, with nobody told yet, `turns` for units before and calls
    after; or empty.
    """
    known: dict[str, list[Point]] = {}
    for point in points():
        known.setdefault(str(REPOSITORY / point.file), []).append(point)
    counts: dict[str, int] = {}
    path = Path(notes)
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        counts[line] = counts.get(line, 0) + 1
    watching = _Watch(notes=path, when=when, times=times, known=known, counts=counts)
    _watch_store(watching)
    _watch_crms(watching)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _watch_store(watching: _Watch) -> None:
    write = SqlStore.write

    @event.listens_for(Engine, "commit")
    def commit(connection: Connection) -> None:
        if watching.dying_in == threading.get_ident():
            die()

    def watched(self: SqlStore, unit: Callable[[Any], Any], **asked: Any) -> Any:
        if not watching.dies_here():
            return write(self, unit, **asked)

        def last(tx: Any) -> Any:
            result = unit(tx)
            watching.dying_in = 0 if watching.when == "after" else threading.get_ident()
            return result

        write(self, last, **asked)
        die()
        return None

    SqlStore.write = watched  # type: ignore[method-assign]  # for every store of this process


def _watch_crms(watching: _Watch) -> None:
    for kind in (HubSpotCrm, SalesforceCrm):
        for name in CALLS:
            setattr(kind, name, _watched_call(getattr(kind, name), watching=watching))
    for name in FEED_CALLS:
        setattr(Journal, name, _watched_call(getattr(Journal, name), watching=watching))


def _watched_call(call: Callable[..., Any], *, watching: _Watch) -> Callable[..., Any]:
    @wraps(call)
    def watched(*given: Any, **named: Any) -> Any:
        dies = watching.dies_here()
        if dies and watching.when == "before":
            die()
        answer = call(*given, **named)
        if dies:
            if isinstance(answer, Iterator):
                next(answer, None)
            die()
        return answer

    return watched
