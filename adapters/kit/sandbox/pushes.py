"""The queue of pushes: what changed is told to every subscriber, again and again until it is taken or given up.

Station: sandbox ground. `changes.py` says what changed, a CRM's courier what a request looks like; tests steer it at
`/_sandbox/pushes` (`push_routes.py`). Waiting times run on the sandbox's clock, time-outs on real time.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from adapters.kit.sandbox.changes import Changes
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.push_letters import Courier, Letter, Target, base_of, read_mischief, refuse_stray
from adapters.kit.sandbox.push_wire import post

GATHER_S = 0.02
"""Real seconds after a change in which further ones join the same request."""
LOOK_S = 0.1
"""Real seconds between looks at the sandbox's clock while letters wait for their time."""
FLUSH_S = 60.0
"""Real seconds a flush waits at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bundle:
    """Letters that wait for `due` to be sent together: fresh ones singly, refused ones as they were refused."""

    subscriber: int
    letters: tuple[Letter, ...]
    due: datetime
    first: datetime
    attempt: int = 0


class Pushes:
    """Subscribers, what waits for them, and the thread that sends. Nothing runs before the first subscriber."""

    def __init__(self, *, control: Control, changes: Changes, courier: Courier) -> None:
        self._control = control
        self._changes = changes
        self._courier = courier
        self._lock = threading.RLock()
        self._rest = threading.Condition(self._lock)
        self._collecting = threading.Lock()
        self._woken = threading.Event()
        self._targets: dict[int, Target] = {}
        self._counts: dict[int, Counter[str]] = {}
        self._last: dict[int, str] = {}
        self._chances: dict[int, Random] = {}
        self._queue: list[_Bundle] = []
        self._proxies: dict[str, str] = {}
        self._in_flight: Counter[int] = Counter()
        self._read_to = 0
        self._added = 0
        self._thread: threading.Thread | None = None

    def subscribe(self, written: Mapping[str, Any]) -> int:
        """The number of a new subscriber, told of what changes from now on. Raises ValueError."""
        return self.add(self._courier.read(written))

    def add(self, target: Target) -> int:
        """The number of a new subscriber."""
        last = self._changes.listen(self._woken.set)
        with self._lock:
            self._added += 1
            if self._thread is None:
                self._read_to = last
                self._thread = threading.Thread(target=self._run, name="pushes", daemon=True)
                self._thread.start()
            self._targets[self._added] = target
            self._counts[self._added] = Counter()
            self._chances[self._added] = Random(target.mischief.seed)
            return self._added

    def unsubscribe(self, number: int) -> None:
        """Forgets a subscriber and what waits for it. Raises LookupError."""
        with self._lock:
            del self._targets[number]
            self._queue = [one for one in self._queue if one.subscriber != number]

    def clear(self) -> None:
        """Forgets every subscriber."""
        with self._lock:
            self._targets.clear()
            self._queue.clear()

    def has(self, number: int) -> bool:
        """True while there is a subscriber of that number."""
        with self._lock:
            return number in self._targets

    def set_proxies(self, proxies: Mapping[str, str]) -> None:
        """Says which address on this machine stands for which public one: {"https://leads.example.com": "http://127.0.0.1:8080"}.

        For targets that came without one of their own. Raises ValueError.
        """
        for via in proxies.values():
            refuse_stray(via)
        with self._lock:
            self._proxies = {base.rstrip("/"): via for base, via in proxies.items()}

    def misbehave(self, number: int, written: object) -> None:
        """Puts other mischief in place for what changes from now on. Raises LookupError, ValueError."""
        with self._lock:
            mischief = read_mischief(written)
            self._targets[number] = replace(self._targets[number], mischief=mischief)
            self._chances[number] = Random(mischief.seed)

    def listed(self) -> dict[str, Any]:
        """Every subscriber with its counters, and what waits."""
        with self._lock:
            waiting = dict.fromkeys(self._targets, 0)
            for one in self._queue:
                waiting[one.subscriber] += len(one.letters)
            due = min((one.due for one in self._queue), default=None)
            return {
                "subscribers": [self._shown(number, waiting[number]) for number in self._targets],
                "waiting": sum(waiting.values()),
                "in_flight": sum(self._in_flight.values()),
                "next_due": due.isoformat() if due else None,
            }

    def flush(self) -> dict[str, Any]:
        """Sends what is due by the sandbox's clock, waits until every answer is in, and tells as `listed` does."""
        until = time.monotonic() + FLUSH_S
        self._collect()
        with self._rest:
            while (self._is_due() or sum(self._in_flight.values()) > 0) and time.monotonic() < until:
                self._woken.set()
                self._rest.wait(timeout=LOOK_S)
        return self.listed()

    def _shown(self, number: int, waiting: int) -> dict[str, Any]:
        target, counts = self._targets[number], self._counts[number]
        names = ("letters", "delivered", "requests", "failed", "dropped", "lost", "duplicated")
        return {
            "number": number,
            **{name: value for name, value in target.written.items() if name != "secret"},
            **{name: counts[name] for name in names},
            "waiting": waiting,
            "last": self._last.get(number, ""),
        }

    def _run(self) -> None:
        while not self._control.stopping.is_set():
            with self._lock:
                pause = LOOK_S if self._queue else 1.0
            if self._woken.wait(timeout=pause):
                self._woken.clear()
                time.sleep(GATHER_S)
            self._collect()
            self._send_due()

    def _collect(self) -> None:
        """Turns noted changes into letters; when it returns, every change committed before has become letters."""
        # The database is never waited for with the queue's lock in hand: who notes a change holds the database already.
        with self._collecting:
            with self._lock:
                targets = dict(self._targets)
            if not targets:
                return
            for change in self._changes.after(self._read_to):
                self._read_to = change.number
                for number, target in targets.items():
                    for letter in self._courier.letters(target, change):
                        self._queue_letter(number, target, letter, change.at)

    def _queue_letter(self, number: int, target: Target, letter: Letter, at: datetime) -> None:
        mischief = target.mischief
        with self._lock:
            if number not in self._targets:
                return
            counts, chance = self._counts[number], self._chances[number]
            counts["letters"] += 1
            nth = counts["letters"]
            if mischief.drop_every and nth % mischief.drop_every == 0:
                counts["lost"] += 1
                return
            is_doubled = mischief.duplicate_every and nth % mischief.duplicate_every == 0
            copies = 1 + (chance.randint(*mischief.copies) if is_doubled else 0)
            counts["duplicated"] += copies - 1
            for _ in range(copies):
                wait = chance.uniform(0, mischief.delay_s) if mischief.shuffle else mischief.delay_s
                due = at + timedelta(seconds=wait)
                self._queue.append(_Bundle(subscriber=number, letters=(letter,), due=due, first=due))

    def _is_due(self) -> bool:
        now = self._control.now()
        return any(one.due <= now for one in self._queue)

    def _send_due(self) -> None:
        for bundle in self._taken():
            threading.Thread(target=self._send, args=(bundle,), name="push", daemon=True).start()

    def _taken(self) -> list[_Bundle]:
        """Due bundles that may leave now; they count as in flight."""
        now = self._control.now()
        with self._lock:
            due: dict[int, list[_Bundle]] = defaultdict(list)
            rest: list[_Bundle] = []
            for one in self._queue:
                (due[one.subscriber] if one.due <= now else rest).append(one)
            leaving: list[_Bundle] = []
            for number, bundles in due.items():
                free = self._targets[number].max_concurrent - self._in_flight[number]
                ready = self._packed(number, bundles)
                leaving += ready[: max(free, 0)]
                rest += ready[max(free, 0) :]
            for one in leaving:
                self._in_flight[one.subscriber] += 1
            self._queue = rest
            return leaving

    def _packed(self, number: int, bundles: list[_Bundle]) -> list[_Bundle]:
        """Fresh letters put together up to the CRM's number in one request; refused ones stay as they are."""
        fresh = [one for one in bundles if one.attempt == 0]
        packed = [one for one in bundles if one.attempt]
        if self._targets[number].mischief.shuffle:
            self._chances[number].shuffle(fresh)
        letters = [letter for one in fresh for letter in one.letters]
        for start in range(0, len(letters), self._courier.batch):
            chosen = tuple(letters[start : start + self._courier.batch])
            packed.append(replace(fresh[0], letters=chosen, due=min(one.due for one in fresh), first=self._control.now()))
        return packed

    def _send(self, bundle: _Bundle) -> None:
        target = self._targets.get(bundle.subscriber)
        outcome, is_taken = "unsubscribed", True
        try:
            if target is not None:
                outcome, is_taken = self._attempt(target, bundle)
        except Exception as err:  # noqa: BLE001 - a thread's end: what went wrong is shown in the list, not lost with the thread
            outcome, is_taken = f"{type(err).__name__}: {err}", False
        with self._rest:
            self._in_flight[bundle.subscriber] -= 1
            if bundle.subscriber in self._targets:
                self._settle(bundle, outcome, is_taken=is_taken)
            self._woken.set()
            self._rest.notify_all()

    def _attempt(self, target: Target, bundle: _Bundle) -> tuple[str, bool]:
        at = datetime.now(UTC) if target.is_stamped_by_real_time else self._control.now()
        parcel = self._courier.parcel(target, bundle.letters, attempt=bundle.attempt, at=at)
        if parcel is None:
            return "nothing left to say", True
        answer = post(target, parcel, via=target.via or self._proxies.get(base_of(target.url), ""))
        if answer.status is None:
            return answer.trouble, False
        return str(answer.status), self._courier.is_taken(answer.status, answer.body)

    def _settle(self, bundle: _Bundle, outcome: str, *, is_taken: bool) -> None:
        number, counts = bundle.subscriber, self._counts[bundle.subscriber]
        counts["requests"] += 1
        self._last[number] = outcome
        if is_taken:
            counts["delivered"] += len(bundle.letters)
            return
        counts["failed"] += 1
        now = self._control.now()
        wait = self._courier.next_try(attempt=bundle.attempt, waited=now - bundle.first, chance=self._chances[number])
        if wait is None:
            counts["dropped"] += len(bundle.letters)
        else:
            self._queue.append(replace(bundle, due=now + wait, attempt=bundle.attempt + 1))
