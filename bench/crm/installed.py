"""A data directory connected to one sandbox CRM with that CRM's limits off: what the steps of these benchmarks work on."""

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

from bench.crm.seeded import NOW, SEEDINGS
from connector.bootstrap import Installation, opened
from connector.cli.sandboxes import RunningSandbox, sandbox_beside
from connector.cli.setting_up import set_up
from connector.flows.connect import connect
from connector.flows.progress import silent
from connector.flows.road import Road
from connector.settings import load_settings

CRMS = ("salesforce", "hubspot")
ANY_NUMBER = 10_000_000
UNLIMITED: Mapping[str, tuple[str, ...]] = {
    "salesforce": ("--daily-limit", str(ANY_NUMBER)),
    "hubspot": ("--burst", "0", "--search-rate", "0", "--daily", "0"),
}
"""Options of a sandbox that lift its limits."""
UNPACED: Mapping[str, Mapping[str, str]] = {"salesforce": {}, "hubspot": {"calls_per_10s": "off", "searches_per_second": "off"}}
"""Settings of a connection that make it call as fast as it can."""
_BEGAN = float(os.environ.setdefault("HOTLEAD_BENCH_BEGAN", str(time.time())))
"""When the benchmark began; its measured children inherit it, so that time goes on from one to the next."""


def clock() -> datetime:
    """The sandboxes' present, running on."""
    return NOW + timedelta(seconds=time.time() - _BEGAN)


@contextmanager
def sandbox_with(crm: str, *, file: Path) -> Iterator[RunningSandbox]:
    """A sandbox over kept state, ended with the block."""
    with sandbox_beside(crm, ["--file", str(file), "--now", NOW.isoformat(), *UNLIMITED[crm], *SEEDINGS[crm].options]) as running:
        yield running


def install(folder: Path, sandbox: RunningSandbox) -> None:
    """Makes the data directory and connects the sandbox, our fields included."""
    settings = load_settings(data_dir=folder)
    set_up(settings, clock=clock)
    with opened(settings, command="bench", writing=True, clock=clock) as here:
        kind = here.kinds[sandbox.crm]
        connection = connect(
            store=here.store,
            vault=here.vault,
            crm_name=sandbox.crm,
            kind=kind,
            name=sandbox.crm,
            settings={**kind.sandbox_settings(url=sandbox.url, credentials=sandbox.credentials), **UNPACED[sandbox.crm]},
            write_limit=ANY_NUMBER,
            clock=here.clock,
        ).connection
        for _ in here.open(connection).install():
            pass


@contextmanager
def at_work(folder: Path) -> Iterator[tuple[Installation, Road]]:
    """The installation held for writing, and its road."""
    with opened(load_settings(data_dir=folder), command="bench", writing=True, clock=clock) as here:
        yield (
            here,
            Road(
                store=here.store,
                open=here.open,
                pool=here.pool,
                clock=here.clock,
                progress=silent,
                deal_history=here.settings.deal_history,
            ),
        )


def calls_of(sandbox: RunningSandbox) -> Mapping[str, int]:
    """Calls the sandbox has had, by method and path: its own count, not ours."""
    with urlopen(f"{sandbox.url}/_sandbox/counters") as answer:
        return dict(json.load(answer)["calls"])


def forget_calls(sandbox: RunningSandbox) -> None:
    """Begins the sandbox's count anew."""
    with urlopen(Request(f"{sandbox.url}/_sandbox/counters", method="DELETE")):
        return


def folder_and_file() -> tuple[Path, Path]:
    """What a measured step is told: the data directory, and the file that takes what it finds out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("told", type=Path)
    given = parser.parse_args()
    return given.folder, given.told


def tell(file: Path, facts: Mapping[str, object]) -> None:
    """Keeps what a measured step found out, for who measures it."""
    file.write_text(json.dumps(facts), encoding="utf-8")
