"""The receiver of CRM pushes, durable, beside a Flask view that does nothing, on the same server and core.

Requests are signed as HubSpot signs them, sent over 32 kept connections by another process on the other core, opponents in turn within
each round. What counts is requests for each CPU second of the server, because two shared cores are never quiet.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from bench.bars import judged
from bench.live.installed import connected, settings_of
from bench.live.servers import REPOSITORY, Server, cpu_of, serving
from connector.cli.sandboxes import sandbox_beside
from tests.support.postgres import own_postgres
from tests.support.processes import free_port

LINES = 32
SERVER_CORE, CLIENT_CORE = 0, 1
MIXED = 100
RECORDS = (101, 601)
"""Numbers of the contacts that events are about, the last one excluded."""
LEAST = {"sqlite": 0.5, "postgres": 0.3}
"""Of the requests that the bare view answers."""
LEAST_MIXED = 8.0
"""Events in letters of a hundred, for one event in letters of one."""
JUDGED_FROM = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One opponent's turn."""

    requests: int
    events: int
    wall_s: float
    cpu_s: float
    """Of the server's processes."""
    database_cpu_s: float
    client_s: float
    """CPU of the sender: near `wall_s` it would be the sender that is measured."""
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Opponent:
    name: str
    port: int
    server: Server
    database: Sequence[psutil.Process]
    events_each: int
    requests: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--requests", type=int, default=8000, help="requests of one event in each turn")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each opponent")
    parser.add_argument("--database", choices=tuple(LEAST), action="append", help="only this database; may be given again")


def run(options: argparse.Namespace) -> bool:
    """Whether every bar holds."""
    held = True
    with sandbox_beside("hubspot", ["--seed", "500"]) as sandbox:
        for database in options.database or tuple(LEAST):
            with ExitStack() as stack:
                scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hotlead-bench-")))
                url, processes = stack.enter_context(_database(database))
                made = connected(settings_of(scratch, database_url=url), [sandbox], public_url="https://bench.example")
                opponents = stack.enter_context(_opponents(scratch, url=url, processes=processes, requests=options.requests))
                shots = _rounds(opponents, account=int(made.accounts["hubspot"]), rounds=options.rounds)
            held = _report(database, shots, is_judged=options.requests >= JUDGED_FROM) and held
    return held


@contextmanager
def _database(name: str) -> Iterator[tuple[str, Sequence[psutil.Process]]]:
    """Its address, and its processes where it has any of its own."""
    if name == "sqlite":
        yield "", ()
        return
    before = {one.pid for one in psutil.process_iter()}
    with own_postgres(durable=True) as server:
        yield server.url, [one for one in psutil.process_iter(["name"]) if one.pid not in before and one.info["name"] == "postgres"]


@contextmanager
def _opponents(folder: Path, *, url: str, processes: Sequence[psutil.Process], requests: int) -> Iterator[tuple[Opponent, ...]]:
    with ExitStack() as stack:

        def started(kind: str) -> tuple[int, Server]:
            port = free_port()
            environment = {"HOTLEAD_DATABASE_URL": url, "HOTLEAD_PUBLIC_URL": "", "HOTLEAD_LOG_LEVEL": "error"}
            words = ("bench.live.serve", kind, str(folder), str(port), str(SERVER_CORE))
            return port, stack.enter_context(serving(*words, environment=environment))

        noop, receiver = started("noop"), started("receiver")
        yield (
            Opponent(name="bare view", port=noop[0], server=noop[1], database=(), events_each=1, requests=requests),
            Opponent(name="receiver", port=receiver[0], server=receiver[1], database=processes, events_each=1, requests=requests),
            Opponent(
                name="receiver, 100 events",
                port=receiver[0],
                server=receiver[1],
                database=processes,
                events_each=MIXED,
                requests=requests // 10,
            ),
        )


def _rounds(opponents: Sequence[Opponent], *, account: int, rounds: int) -> Mapping[str, Sequence[Shot]]:
    """A first turn of each warms up and is not counted."""
    shots: dict[str, list[Shot]] = {one.name: [] for one in opponents}
    first = 1
    for number in range(rounds + 1):
        for one in opponents if number % 2 else tuple(reversed(opponents)):
            shot = _shot(one, account=account, first=first)
            first += shot.events
            if number:
                shots[one.name].append(shot)
    return shots


def _shot(opponent: Opponent, *, account: int, first: int) -> Shot:
    order = {
        "port": opponent.port,
        "account": account,
        "records": RECORDS,
        "count": opponent.requests,
        "events_each": opponent.events_each,
        "first": first,
        "lines": LINES,
        "cores": [CLIENT_CORE],
    }
    before, database_before = opponent.server.cpu_s(), cpu_of(opponent.database)
    command = [sys.executable, "-m", "bench.live.load", json.dumps(order)]
    told = json.loads(subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE).stdout)
    if told["statuses"] != {"204": opponent.requests}:
        raise RuntimeError(f"{opponent.name}: answers were {told['statuses']}")
    return Shot(
        requests=opponent.requests,
        events=opponent.requests * opponent.events_each,
        wall_s=told["wall_s"],
        cpu_s=opponent.server.cpu_s() - before,
        database_cpu_s=cpu_of(opponent.database) - database_before,
        client_s=told["cpu_s"],
        p50_ms=told["p50_ms"],
        p99_ms=told["p99_ms"],
    )


def _report(database: str, shots: Mapping[str, Sequence[Shot]], *, is_judged: bool) -> bool:
    print(f"\n{database}: {LINES} connections, median of {len(shots['receiver'])} turns (best in brackets)\n")
    print("| | requests/s | events/s | requests a CPU second | CPU µs a request | of it database | p50 ms | p99 ms | sender busy |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, many in shots.items():
        rate = [s.requests / s.wall_s for s in many]
        each = median(s.cpu_s / s.requests for s in many) * 1e6
        database_each = median(s.database_cpu_s / s.requests for s in many) * 1e6
        print(
            f"| {name} | {median(rate):,.0f} ({max(rate):,.0f}) | {median(s.events / s.wall_s for s in many):,.0f}"
            f" | {median(s.requests / s.cpu_s for s in many):,.0f} | {each:,.0f} | {database_each:,.0f}"
            f" | {median(s.p50_ms for s in many):.1f} ({min(s.p50_ms for s in many):.1f})"
            f" | {median(s.p99_ms for s in many):.1f} ({min(s.p99_ms for s in many):.1f})"
            f" | {median(s.client_s / s.wall_s for s in many):.0%} |"
        )
    of_rate, of_cpu, mixed = _ratios(shots)
    print(f"\nreceiver ÷ bare view in the same round: {of_rate:.2f} of its requests/s, {of_cpu:.2f} of its requests for each CPU second")
    if not is_judged:
        print(f"below {JUDGED_FROM:,} requests a turn start-up weighs too much: the bars are not judged")
        return True
    claims = [
        (f"at least {LEAST[database]} of the bare view's requests/s: {of_rate:.2f}", of_rate >= LEAST[database]),
        (f"letters of {MIXED}: at least {LEAST_MIXED} times the events/s of letters of one: {mixed:.1f}", mixed >= LEAST_MIXED),
    ]
    return judged(f"receiver, {database}", claims)


def _ratios(shots: Mapping[str, Sequence[Shot]]) -> tuple[float, float, float]:
    """Medians over rounds: of requests/s, of requests a CPU second, and of events/s in letters of a hundred against letters of one."""
    bare, ours, many = shots["bare view"], shots["receiver"], shots["receiver, 100 events"]
    return (
        median((o.requests / o.wall_s) / (b.requests / b.wall_s) for o, b in zip(ours, bare, strict=True)),
        median((o.requests / o.cpu_s) / (b.requests / b.cpu_s) for o, b in zip(ours, bare, strict=True)),
        median((m.events / m.wall_s) / (o.events / o.wall_s) for m, o in zip(many, ours, strict=True)),
    )
