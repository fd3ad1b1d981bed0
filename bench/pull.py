"""A first pull from each sandbox CRM: its calls against the least, its memory, and its CPU against only reading the same pages.

The bare loop asks the same adapter for the same pages and stores nothing, so the ratio is the price of mapping and storing. Both are
processes of their own; so is the sandbox, whose CPU counts for neither.
"""

import argparse
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.hubspot.events import PAGE_ROWS as EVENT_ROWS
from adapters.hubspot.events import is_event_source
from adapters.hubspot.links import INLINE_SOURCES, INPUTS_A_CALL
from adapters.hubspot.read import LIST_ROWS, SEARCH_ROWS
from adapters.salesforce.client import PAGE_ROWS
from bench.bars import judged
from bench.crm.installed import CRMS, calls_of, forget_calls, install, sandbox_with
from bench.crm.seeded import seeded
from bench.measure import Cost, measure
from connector.cli.sandboxes import RunningSandbox

MOST_CALLS = 1.05
"""Read calls, as a multiple of the least."""
MOST_MB = 300
JUDGED_FROM = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a measured step cost, what it told, and the calls that the sandbox counted meanwhile."""

    cost: Cost
    told: Mapping[str, Any]
    calls: Mapping[str, int]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--contacts", type=int, default=100_000, help="contacts in each CRM")
    parser.add_argument("--activities", type=int, default=500_000, help="activities in each CRM that a first pull reads")
    parser.add_argument("--crm", choices=CRMS, action="append", help="only this CRM; may be given again")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/hotlead-bench"), help="where the filled sandboxes are kept")


def run(options: argparse.Namespace) -> bool:
    """Whether every bar holds."""
    held = True
    for crm in options.crm or CRMS:
        file = seeded(options.folder, crm=crm, contacts=options.contacts, activities=options.activities)
        with tempfile.TemporaryDirectory(prefix="hotlead-bench-") as scratch, sandbox_with(crm, file=file) as sandbox:
            folder = Path(scratch) / "installation"
            install(folder, sandbox)
            bare = _step("bare_step", sandbox, folder=folder)
            first = _step("pull_step", sandbox, folder=folder)
            again = _step("pull_step", sandbox, folder=folder)
        held = _report(crm, first=first, bare=bare, again=again, is_judged=options.contacts >= JUDGED_FROM) and held
    return held


def _step(name: str, sandbox: RunningSandbox, *, folder: Path) -> Step:
    told = folder / "told.json"
    forget_calls(sandbox)
    cost = measure(f"bench.crm.{name}", str(folder), str(told))
    return Step(cost=cost, told=json.loads(told.read_text(encoding="utf-8")), calls=calls_of(sandbox))


def least_calls(crm: str, *, rows: Mapping[str, int], related: Mapping[str, Sequence[str]]) -> int:
    """Full pages of each source, and full batches of the associations that do not come with the rows.

    Salesforce: rows / 2,000. HubSpot: companies and contacts rows / 100 (list), deals and activities rows / 200 (search) with one
    associations call for 1,000 rows and related source, event occurrences rows / 1,000.
    """
    if crm == "salesforce":
        return sum(_full(count, PAGE_ROWS) for count in rows.values())
    calls = 0
    for source, count in rows.items():
        if is_event_source(source):
            calls += _full(count, EVENT_ROWS[0])
        elif source in INLINE_SOURCES:
            calls += _full(count, LIST_ROWS)
        else:
            calls += _full(count, SEARCH_ROWS) + _full(count, INPUTS_A_CALL) * len(related[source])
    return calls


def _full(rows: int, size: int) -> int:
    return -(-rows // size)


def _report(crm: str, *, first: Step, bare: Step, again: Step, is_judged: bool) -> bool:
    rows = first.told["rows"]
    by_kind = {kind: sum(rows[s] for s, k in first.told["kinds"].items() if k == kind) for kind in ("contact", "activity")}
    least = least_calls(crm, rows=rows, related=bare.told["related"])
    reads, total = first.told["calls"]["read"], sum(rows.values())
    ratio = first.cost.cpu_s / bare.cost.cpu_s
    print(f"\n{crm}: {by_kind['contact']:,} contacts, {by_kind['activity']:,} activities, {total:,} rows in all\n")
    print("| step | CPU s | ms a row | wall s | peak MB | read calls | rows |\n|---|---|---|---|---|---|---|")
    for name, step in (("first pull", first), ("only reading the pages", bare), ("second pull", again)):
        count, cost = sum(step.told["rows"].values()), step.cost
        each = f"{cost.cpu_s / count * 1000:.3f}" if count > total / 2 else ""
        print(
            f"| {name} | {cost.cpu_s:.1f} | {each} | {cost.wall_s:.0f} | {cost.peak_mb:.0f} | {step.told['calls']['read']:,} | {count:,} |"
        )
    print(f"\nread calls {reads:,} ÷ least {least:,} = {reads / least:.3f}; CPU {ratio:.2f} × only reading")
    print(f"the sandbox counted: {', '.join(f'{count:,} {call}' for call, count in first.calls.items())}")
    if not is_judged:
        print(f"below {JUDGED_FROM:,} contacts short last pages weigh too much: the bars are not judged")
        return True
    claims = [
        (f"read calls {reads / least:.3f} × the least, at most {MOST_CALLS}", reads <= MOST_CALLS * least),
        (f"{first.cost.peak_mb:.0f} MB, at most {MOST_MB}", first.cost.peak_mb <= MOST_MB),
        ("the second pull finds nothing new", again.told["fresh"] == 0),
    ]
    return judged(f"pull, {crm}", claims)
