"""From an event in a CRM to hotlead's answer in that CRM: by push, by polling, and how few calls a burst of 10,000 events takes.

`hotlead up` on SQLite beside both sandboxes, live at every step; each is a process of its own. Times are the sandboxes' own.
"""

import argparse
import time
from collections.abc import Callable, Mapping
from statistics import median, quantiles

from bench.bars import judged
from bench.live.beside import beside, polled_times, until, until_nothing_waits
from bench.live.burst import bursts
from bench.live.leads import Office, let_push

MOST_PUSH_S = 5.0
MOST_AFTER_INTERVAL_S = 60.0
A_SECOND, POLLED_A_SECOND = 20.0, 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=300, help=f"how long {A_SECOND:.0f} events a second come in by push")
    parser.add_argument("--polled-seconds", type=float, default=150, help=f"how long {POLLED_A_SECOND:.0f} a second come in by polling")
    parser.add_argument("--burst", type=int, default=10_000, help="events that come at once")
    parser.add_argument("--bursts", type=int, default=3, help="how often so many come at once")
    parser.add_argument("--part", choices=tuple(PARTS), action="append", help="only this part; may be given again")


def run(options: argparse.Namespace) -> bool:
    """Whether every bar holds."""
    held = [PARTS[name](options) for name in options.part or PARTS]
    return all(held)


def by_push(options: argparse.Namespace) -> bool:
    """Events at a steady pace, pushed."""
    with beside(receiving=True) as there:
        let_push(there.sandboxes, there.addresses)
        office = Office(there.sandboxes)
        time.sleep(5)
        before = there.server.cpu_s()
        office.work(a_second=A_SECOND, seconds=options.seconds)
        until_nothing_waits(there)
        cpu_s = there.server.cpu_s() - before
        lags, left = office.answered()
    p50, p99 = median(lags), quantiles(lags, n=100)[98]
    print(f"\npush: {len(office.deeds):,} events at {A_SECOND:.0f} a second, {left} without an answer; hotlead took {cpu_s:.1f} CPU s")
    print(f"event to write-back: p50 {p50:.2f} s, p99 {p99:.2f} s, longest {max(lags):.2f} s")
    return judged("push", [(f"p99 {p99:.2f} s, at most {MOST_PUSH_S}", p99 <= MOST_PUSH_S), ("every event is answered", left == 0)])


def by_polling(options: argparse.Namespace) -> bool:
    """Events at a steady pace that nobody pushes."""
    with beside(receiving=False) as there:
        office = Office(there.sandboxes)
        intervals: list[float] = []
        until(lambda: len(polled_times(there.folder)) == len(there.sandboxes))
        office.work(a_second=POLLED_A_SECOND, seconds=options.polled_seconds)
        intervals.extend((p["next_at"] - p["at"]).total_seconds() for p in polled_times(there.folder).values())
        time.sleep(max(intervals) + 25)
        until_nothing_waits(there)
        lags, left = office.answered()
    interval = max(intervals)
    print(f"\npolling: {len(office.deeds):,} events at {POLLED_A_SECOND:.0f} a second, {left} without an answer")
    print(f"one interval was {interval:.0f} s")
    print(f"event to write-back: p50 {median(lags):.1f} s, p99 {quantiles(lags, n=100)[98]:.1f} s, longest {max(lags):.1f} s")
    most = interval + MOST_AFTER_INTERVAL_S
    in_time = (f"the longest took at most an interval and a minute ({most:.0f} s)", max(lags) <= most)
    return judged("push", [in_time, ("every event is answered", left == 0)])


def burst(options: argparse.Namespace) -> bool:
    """Many events at once, again and again."""
    return bursts(events=options.burst, rounds=options.bursts)


PARTS: Mapping[str, Callable[[argparse.Namespace], bool]] = {"push": by_push, "polling": by_polling, "burst": burst}
