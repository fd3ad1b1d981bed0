"""Five million activities of 250,000 people in the SQLite store: whole shards, one person, a hundred people.

Whole shards are scored in two child processes, without storing, beside children that only read the same rows by ADBC; one person and a
hundred are read through SQLAlchemy and scored in this process. What counts is CPU seconds; start-up is in the figures for shards.
"""

import argparse
import random
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles
from time import process_time

from bench.bars import judged
from bench.crowd import crowd_of
from bench.engines.store_shards import NOW
from bench.measure import Cost, measure
from bench.shipped import shipped
from bench.store_filling import filled
from connector.flows.score import facts_of, score_rows, since
from connector.store.sql_store import SqlStore
from connector.store.store import open_reader

MOST_TIMES_READING = 1.5
MOST_MS = {"one person, p50": 2.5, "one person, p99": 6.0, "a hundred people, p50": 15.0}
JUDGED_FROM = 250_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=int, default=250_000, help="people in the store, twenty activities each on average")
    parser.add_argument("--rounds", type=int, default=3, help="how often all shards are read and scored")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/hotlead-bench"), help="where the crowd and the store are kept")


def run(options: argparse.Namespace) -> bool:
    """Whether every bar holds."""
    directory = filled(crowd_of(options.folder, people=options.people), options.folder / f"store-{options.people}")
    costs: dict[str, list[Cost]] = {"read": [], "score": []}
    for _ in range(options.rounds):
        for what, seen in costs.items():
            seen.append(measure("bench.engines.store_shards", what, str(directory)))
    cpu = {what: median(cost.cpu_s for cost in seen) for what, seen in costs.items()}
    times_ms = _persons(directory, people=options.people)
    return _report(cpu, costs, times_ms, people=options.people)


def _persons(directory: Path, *, people: int) -> dict[str, float]:
    store = open_reader(directory=directory)
    chosen = random.Random(20_261_121)
    one = _times_ms(lambda: _rescore(store, [chosen.randint(1, people)]), times=2000)
    hundred = _times_ms(lambda: _rescore(store, chosen.sample(range(1, people + 1), 100)), times=200)
    store.close()
    return {"one person, p50": median(one), "one person, p99": quantiles(one, n=100)[98], "a hundred people, p50": median(hundred)}


def _rescore(store: SqlStore, people: list[int]) -> None:
    models = [MODEL]
    loaded, activities = store.load_people(people, facts=facts_of(models), since=since(models, now=NOW))
    rows = score_rows(loaded, activities, models=models, now=NOW)
    if not rows:
        raise RuntimeError(f"nobody of {len(people)} people was scored")


MODEL = shipped()


def _times_ms(act: Callable[[], None], *, times: int) -> list[float]:
    """CPU of each time, after a tenth of them to warm up."""
    for _ in range(times // 10):
        act()
    seen = []
    for _ in range(times):
        began = process_time()
        act()
        seen.append((process_time() - began) * 1000)
    return seen


def _report(cpu: dict[str, float], costs: dict[str, list[Cost]], times_ms: dict[str, float], *, people: int) -> bool:
    print(f"\n{people:,} people, median of {len(costs['score'])} rounds\n")
    print("| whole shards, two child processes | CPU s | peak MB |\n|---|---|---|")
    for what, label in (("read", "only reading the rows by ADBC"), ("score", "reading and scoring")):
        print(f"| {label} | {cpu[what]:.2f} | {max(cost.peak_mb for cost in costs[what]):.0f} |")
    print("\n| reading and scoring in one process | CPU ms |\n|---|---|")
    for label, ms in times_ms.items():
        print(f"| {label} | {ms:.2f} |")
    print()
    if people < JUDGED_FROM:
        print(f"start-up weighs too much below {JUDGED_FROM:,} people: the bars are not judged")
        return True
    times = cpu["score"] / cpu["read"]
    claims = [(f"scoring takes {times:.2f} times the CPU of reading, at most {MOST_TIMES_READING}", times <= MOST_TIMES_READING)]
    claims += [(f"{label}: {times_ms[label]:.2f} ms, at most {most}", times_ms[label] <= most) for label, most in MOST_MS.items()]
    return judged("store", claims)
