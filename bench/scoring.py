"""A million people and twenty million activities: our evaluator beside engines that competent people would write by hand.

Every engine reads the same Parquet files and gives the same grades, reasons, exclusions and hand-offs; ours and the NumPy script also
round the reasons as they are shown. What counts is CPU seconds of all processes, start-up included, the median of interleaved rounds.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median

from bench.bars import judged
from bench.crowd import crowd_of
from bench.measure import Cost, measure
from bench.result import differences, load
from bench.shipped import shipped
from connector.core.scoring import compile_model

ENGINES = {
    "kernel": "hotlead, two worker processes",
    "numpy_script": "hand-written NumPy of this one model, two worker processes",
    "duckdb_sql": "hand-written DuckDB SQL, two threads",
    "polars_lazy": "hand-written Polars (streaming), two threads",
    "bare_scan": "DuckDB reads and sums the same columns, two threads",
}
BARS = (("duckdb_sql", 0.6), ("polars_lazy", 1.0), ("numpy_script", 1.2), ("bare_scan", 7.0))
"""Most CPU we may take, as a multiple of each."""
MOST_MB = 700
JUDGED_FROM = 1_000_000
_THREADS = {"POLARS_MAX_THREADS": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--people", type=int, default=1_000_000, help="people in the crowd, twenty activities each on average")
    parser.add_argument("--rounds", type=int, default=3, help="how often each engine runs")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/hotlead-bench"), help="where the crowd is kept")
    parser.add_argument("--unchecked", action="store_true", help="do not compare the results first")


def run(options: argparse.Namespace) -> bool:
    """Whether results are equal and every bar holds."""
    crowd = crowd_of(options.folder, people=options.people)
    equal = options.unchecked or _results_agree(crowd.folder, options.folder / "results")
    costs: dict[str, list[Cost]] = {engine: [] for engine in ENGINES}
    for _ in range(options.rounds):
        for engine, seen in costs.items():
            seen.append(measure(f"bench.engines.{engine}", str(crowd.folder), environment=_THREADS))
    agreed = judged("scoring", [("every engine gives the same result", equal)])
    return _report(costs, people=options.people) and agreed


def _results_agree(crowd: Path, results: Path) -> bool:
    """Runs each engine once with its results kept, and says where they differ from ours."""
    lines = compile_model(shipped()).lines
    sides = [place for place, line in enumerate(lines) if line.side == "engagement"]
    kept = {}
    for engine in ENGINES:
        if engine != "bare_scan":
            folder = results / engine
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            subprocess.run([sys.executable, "-m", f"bench.engines.{engine}", str(crowd), str(folder)], check=True)
            kept[engine] = load(folder)
    ours, agree = kept.pop("kernel"), True
    for engine, theirs in kept.items():
        problems = differences(ours, theirs, engagement_lines=slice(sides[0], sides[-1] + 1))
        print(f"{engine}: {'; '.join(problems) or 'the same grades, reasons, exclusions and hand-offs'}")
        agree = agree and not problems
    shutil.rmtree(results)
    return agree


def _report(costs: dict[str, list[Cost]], *, people: int) -> bool:
    cpu = {engine: median(cost.cpu_s for cost in seen) for engine, seen in costs.items()}
    print(f"\n{people:,} people, median of {len(costs['kernel'])} rounds\n")
    print("| engine | CPU s | ours ÷ it | wall s | peak MB |\n|---|---|---|---|---|")
    for engine, seen in costs.items():
        wall_s, peak_mb = median(cost.wall_s for cost in seen), max(cost.peak_mb for cost in seen)
        print(f"| {ENGINES[engine]} | {cpu[engine]:.2f} | {cpu['kernel'] / cpu[engine]:.2f} | {wall_s:.1f} | {peak_mb:.0f} |")
    print()
    peak = max(cost.peak_mb for cost in costs["kernel"])
    claims = [
        (f"CPU {cpu['kernel'] / cpu[engine]:.2f} × {engine}, at most {most}", cpu["kernel"] / cpu[engine] <= most) for engine, most in BARS
    ]
    claims.append((f"{peak:.0f} MB in all processes, at most {MOST_MB}", peak <= MOST_MB))
    if people < JUDGED_FROM:
        print(f"start-up weighs too much below {JUDGED_FROM:,} people: the bars are not judged")
        return True
    return judged("scoring", claims)
