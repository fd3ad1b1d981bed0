"""`hotlead work` on PostgreSQL, once and twice: the CPU of a full rescoring, and the time that pulls of two slow connections take.

Workers are started, and their scoring children too, before anything is measured. CPU is that of the workers with their children; the
database's is told beside it.
"""

import argparse
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median

import requests

from bench.bars import judged
from bench.crm.installed import UNLIMITED
from bench.crowd import crowd_of
from bench.live.crew import Database, Spent, crew, database_server
from bench.live.installed import connected, settings_of
from bench.store_filling import fill_postgres
from connector.bootstrap import opened
from connector.cli.sandboxes import RunningSandbox, sandbox_beside
from connector.cli.setting_up import set_up
from connector.flows.polling import SOURCE, Polled
from connector.ports.store import Tx
from connector.settings import Settings
from jobs.daily import RANGES, SCORE_SHARDS
from jobs.locks import SCORE, WRITE_BACK
from jobs.nights import MARKS

MOST_CPU = 1.15
LEAST_FASTER = 1.7
LATENCY_S = 0.05
JUDGED_FROM = {"people": 50_000, "pulled": 10_000}
NAMES = ("north", "south")
LATER = timedelta(days=1)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=int, default=50_000, help="people who are scored anew, twenty activities each on average")
    parser.add_argument("--pulled", type=int, default=10_000, help="people in each of the two connections that are pulled")
    parser.add_argument("--rounds", type=int, default=2, help="turns of each number of workers")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/hotlead-bench"), help="where the crowd is kept")
    parser.add_argument("--part", choices=tuple(PARTS), action="append", help="only this part; may be given again")


def run(options: argparse.Namespace) -> bool:
    """Whether every bar holds."""
    held = [PARTS[name](options) for name in options.part or PARTS]
    return all(held)


def rescoring(options: argparse.Namespace) -> bool:
    """Everybody scored anew by the night's jobs: each turn a round to warm up, then as many that count."""
    seen: dict[int, list[Spent]] = {1: [], 2: []}
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotlead-bench-")))
        database = stack.enter_context(database_server()).made("scored")
        set_up(settings_of(scratch, database_url=database.url))
        fill_postgres(crowd_of(options.folder, people=options.people), database.url, now=datetime.now(UTC))
        for number in range(options.rounds):
            for workers in (1, 2) if number % 2 else (2, 1):
                seen[workers] += _rescored(database, folder=scratch, workers=workers, times=2, people=options.people)
    return _rescoring_report(seen, people=options.people)


def _rescored(database: Database, *, folder: Path, workers: int, times: int, people: int) -> list[Spent]:
    done = "SELECT count(*) FROM cursors c JOIN sources s ON s.no = c.source WHERE s.connection = %s AND s.source LIKE %s"
    ranges = [(SCORE_SHARDS, one) for one in RANGES]
    # One thread scores, the other is free for what somebody waits for; writing back is not part of it.
    with ExitStack() as stack:
        one_child = {"HOTLEAD_SCORE_WORKERS": "1"}
        there = stack.enter_context(crew(database, folder=folder, workers=workers, threads=2, held=[WRITE_BACK], environment=one_child))
        count = stack.enter_context(database.asked())
        spent = []
        for _ in range(1 + times):
            _forget_scores(database)
            spent.append(there.work(*ranges, until=lambda: count(done, MARKS, f"{SCORE_SHARDS} %") == len(RANGES)))
            scored = count("SELECT count(DISTINCT person) FROM scores")
            if not people * 0.9 < scored <= people:
                raise RuntimeError(f"{scored} of {people} people were scored")
    return spent[1:]


def _forget_scores(database: Database) -> None:
    """Nobody has a score, and no range was done tonight."""
    database.run("TRUNCATE scores, marks")
    source = f"SELECT no FROM sources WHERE connection = '{MARKS}' AND source LIKE '{SCORE_SHARDS} %'"
    database.run(f"DELETE FROM cursors WHERE source IN ({source})")
    database.run("CHECKPOINT")


def _rescoring_report(seen: Mapping[int, Sequence[Spent]], *, people: int) -> bool:
    print(f"\nfull rescoring of {people:,} people by the night's jobs, one scoring child a worker, median of {len(seen[1])}\n")
    print("| workers | CPU s | of the database | wall s |\n|---|---|---|---|")
    cpu = {workers: median(one.cpu_s for one in many) for workers, many in seen.items()}
    base = {workers: median(one.database_cpu_s for one in many) for workers, many in seen.items()}
    for workers, many in seen.items():
        print(f"| {workers} | {cpu[workers]:.2f} | {base[workers]:.2f} | {median(one.wall_s for one in many):.1f} |")
    whole = (cpu[2] + base[2]) / (cpu[1] + base[1])
    print(f"\nwith the database's CPU: {whole:.2f} times")
    if people < JUDGED_FROM["people"]:
        print(f"below {JUDGED_FROM['people']:,} people the bar is not judged")
        return True
    ratio = cpu[2] / cpu[1]
    return judged("workers", [(f"rescoring by two workers takes {ratio:.2f} times the CPU of one, at most {MOST_CPU}", ratio <= MOST_CPU)])


def pulls(options: argparse.Namespace) -> bool:
    """First pulls of two equal connections whose every call takes 50 ms longer."""
    seen: dict[tuple[int, int], list[Spent]] = {(1, 1): [], (2, 1): [], (1, 4): []}
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotlead-bench-")))
        server = stack.enter_context(database_server())
        ready = server.made("ready")
        portals = [stack.enter_context(_portal(number, people=options.pulled)) for number, _ in enumerate(NAMES, start=1)]
        _connected_for_later(settings_of(scratch, database_url=ready.url), portals)
        people: set[int] = set()
        for _ in range(options.rounds):
            for (workers, threads), spent in seen.items():
                turn = server.made("turn", template="ready")
                spent.append(_pulled(turn, folder=scratch, workers=workers, threads=threads))
                people.add(turn.count("SELECT count(*) FROM persons"))
    (each_time,) = people
    return _pulls_report(seen, people=each_time, asked=options.pulled)


def _portal(number: int, *, people: int) -> AbstractContextManager[RunningSandbox]:
    """Portals of the same size with different people in them."""
    own = ["--portal", str(1000 + number), "--world-seed", str(number), "--alone"]
    return sandbox_beside("hubspot", ["--seed", str(people), "--activities-per-person", "3", *own, *UNLIMITED["hubspot"]])


def _connected_for_later(settings: Settings, portals: Sequence[RunningSandbox]) -> None:
    """Connected, but due tomorrow, so that workers that start find nothing to do."""
    connected(settings, portals, names=NAMES)
    for portal in portals:
        rule = {"path": "*", "fault": "drip", "seconds": LATENCY_S}
        requests.post(f"{portal.url}/_sandbox/faults", json=rule, timeout=60).raise_for_status()
    with opened(settings, command="bench", writing=True) as here:
        now = here.clock()
        here.store.write(partial(_put_off, text=Polled(at=now, changed_at=now, idle_calls=1, next_at=now + LATER).text(), at=now))


def _put_off(tx: Tx, *, text: str, at: datetime) -> None:
    for name in NAMES:
        tx.cursors.put(connection=name, source=SOURCE, cursor=text, at=at)


def _pulled(database: Database, *, folder: Path, workers: int, threads: int) -> Spent:
    """Until each has been polled; scoring waits, so that the time is that of the pulls alone."""
    polled = "SELECT count(*) FROM cursors c JOIN sources s ON s.no = c.source WHERE s.source = %s AND c.at > %s"
    with crew(database, folder=folder, workers=workers, threads=threads, held=[SCORE]) as there, database.asked() as count:
        last = count("SELECT max(c.at) FROM cursors c JOIN sources s ON s.no = c.source WHERE s.source = %s", SOURCE)
        return there.work(*(("pull", name) for name in NAMES), until=lambda: count(polled, SOURCE, last) == len(NAMES))


def _pulls_report(seen: Mapping[tuple[int, int], Sequence[Spent]], *, people: int, asked: int) -> bool:
    rounds = len(seen[1, 1])
    print(f"\nfirst pulls of two HubSpot connections, {people:,} people in both, {LATENCY_S * 1000:.0f} ms a call, median of {rounds}\n")
    print(f"{os.cpu_count()} cores for workers, database and sandboxes\n")
    print("| workers | threads each | wall s | CPU s | of the database |\n|---|---|---|---|---|")
    wall = {crew_: median(one.wall_s for one in many) for crew_, many in seen.items()}
    for (workers, threads), many in seen.items():
        cpu_s, base_s = median(one.cpu_s for one in many), median(one.database_cpu_s for one in many)
        print(f"| {workers} | {threads} | {wall[workers, threads]:.1f} | {cpu_s:.1f} | {base_s:.1f} |")
    ratio = wall[1, 1] / wall[2, 1]
    print(f"\none worker with four threads pulls both at once: {wall[1, 1] / wall[1, 4]:.2f} times as fast as with one thread")
    if asked < JUDGED_FROM["pulled"]:
        print(f"{ratio:.2f} times as fast with two workers; below {JUDGED_FROM['pulled']:,} people each the bar is not judged")
        return True
    return judged("workers", [(f"pulls are {ratio:.2f} times as fast with two workers, at least {LEAST_FASTER}", ratio >= LEAST_FASTER)])


PARTS: Mapping[str, Callable[[argparse.Namespace], bool]] = {"rescoring": rescoring, "pulls": pulls}
