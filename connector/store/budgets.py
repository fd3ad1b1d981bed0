"""What all who call a CRM for this installation have spent: in memory where one process does, else one small row a connection.

A row is locked for the moment that it takes to count one call, beside the turns of those who write, and need not survive a power cut.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import Connection, Engine, event, func, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoneFree

from connector.ports.budgets import Day, SharedBudget
from connector.ports.errors import StoreUnreachable
from connector.store.engine import open_engine, store_error
from connector.store.filling import inserting
from connector.store.schema import budgets

T = TypeVar("T")

UNANSWERED_MS = 120_000
"""A call that has no answer after this never gets one: its process died, or it was cut off."""
OUT_OF_ORDER = 100
"""Answers overtake each other: a figure that is lower by less is an older one, by more a new day's."""
FIGURE_MS = 60_000
"""A figure that is older gives way to a lower one: quotas over a rolling day sink slowly."""

_NOW_MS = select(func.extract("epoch", func.clock_timestamp()) * 1000)


@dataclass(slots=True, kw_only=True)
class Spent:
    """Of one connection. Times are milliseconds of one clock."""

    lanes: dict[str, list[int]] = field(default_factory=dict)
    """When the calls went that still count, by lane."""
    used: int | None = None
    limit: int | None = None
    seen_ms: int = 0
    under_way: dict[str, tuple[int, int]] = field(default_factory=dict)
    """By who makes the calls: how many have no answer, and when that was told."""

    def turn(self, *, lane: str, calls: int, seconds: float, now_ms: int) -> float:
        window_ms = round(seconds * 1000)
        stamps = self.lanes[lane] = [ms for ms in self.lanes.get(lane, []) if ms > now_ms - window_ms]
        if len(stamps) < calls:
            stamps.append(now_ms)
            return 0.0
        return max(1, stamps[-calls] + window_ms - now_ms) / 1000

    def day(self, *, of: str, under_way: int, seen: tuple[int, int] | None, now_ms: int) -> Day:
        alive = {name: told for name, told in self.under_way.items() if name != of and told[1] > now_ms - UNANSWERED_MS}
        self.under_way = {**alive, of: (under_way, now_ms)} if under_way else alive
        if seen is not None and self._is_news(seen[0], now_ms=now_ms):
            self.used, self.limit, self.seen_ms = *seen, now_ms
        age_s = (now_ms - self.seen_ms) / 1000
        return Day(used=self.used, limit=self.limit, age_s=age_s, under_way=sum(many for many, _ in alive.values()))

    def _is_news(self, used: int, *, now_ms: int) -> bool:
        if self.used is None or now_ms - self.seen_ms > FIGURE_MS:
            return True
        return used >= self.used or used < self.used - OUT_OF_ORDER


class OwnBudgets:
    """Fulfils `ports.budgets.Budgets` for one process."""

    def __init__(self) -> None:
        self._spent: dict[str, Spent] = {}
        self._lock = Lock()

    def of(self, connection: str) -> SharedBudget:
        def step(count: Callable[[Spent, int], T]) -> T:
            with self._lock:
                return count(self._spent.setdefault(connection, Spent()), round(time.monotonic() * 1000))

        return _Share(step)


class SqlBudgets:
    """Fulfils `ports.budgets.Budgets` for all processes on one PostgreSQL database."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)

    def of(self, connection: str) -> SharedBudget:
        def step(count: Callable[[Spent, int], T]) -> T:
            try:
                return _count(self._engine, connection, count)
            except StoreUnreachable:  # a connection that was lost meanwhile is replaced by the next try
                return _count(self._engine, connection, count)

        return _Share(step)

    def close(self) -> None:
        self._engine.dispose()


class _Share:
    """Fulfils `ports.budgets.SharedBudget`. `step` gives what its argument makes of what was spent so far, alone with it."""

    def __init__(self, step: Callable[[Callable[[Spent, int], Any]], Any]) -> None:
        self._step = step
        self._name = uuid4().hex[:12]

    def turn(self, *, lane: str, calls: int, seconds: float) -> float:
        return float(self._step(lambda spent, now_ms: spent.turn(lane=lane, calls=calls, seconds=seconds, now_ms=now_ms)))

    def day(self, *, under_way: int, seen: tuple[int, int] | None) -> Day:
        told: Day = self._step(lambda spent, now_ms: spent.day(of=self._name, under_way=under_way, seen=seen, now_ms=now_ms))
        return told


def _count(engine: Engine, connection: str, count: Callable[[Spent, int], T]) -> T:
    try:
        with engine.begin() as opened:
            return _count_in(opened, connection, count)
    except NoneFree as error:
        raise StoreUnreachable("The database is too busy to be asked what may be spent.") from error
    except DBAPIError as error:
        raise store_error(error) from error


def _count_in(opened: Connection, connection: str, count: Callable[[Spent, int], T]) -> T:
    mine = budgets.c.connection == connection
    row = select(budgets.c.spent).where(mine).with_for_update()
    text = opened.execute(row).scalar()
    if text is None:
        opened.execute(inserting(budgets, "postgresql").values(connection=connection, spent="{}").on_conflict_do_nothing())
        text = opened.execute(row).scalar_one()
    spent = Spent(**json.loads(text))
    result = count(spent, int(opened.execute(_NOW_MS).scalar_one()))
    opened.execute(update(budgets).where(mine).values(spent=_text(spent)))
    return result


def _text(spent: Spent) -> str:
    return json.dumps({name: getattr(spent, name) for name in Spent.__slots__}, separators=(",", ":"))


def _engine(url: str) -> Engine:
    engine = open_engine(url, writable=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit TO off")
        connection.commit()

    return engine
