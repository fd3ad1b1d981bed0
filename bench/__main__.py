"""`python -m bench [--quick] [NAME]`: one benchmark, or all of them. Ends with a table of every bar, and with 1 if one does not hold."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module

from bench.bars import judged, table

BENCHMARKS = {
    "scoring": ("--people", "50000", "--rounds", "1"),
    "store": ("--people", "20000", "--rounds", "1"),
    "pull": ("--contacts", "4000", "--activities", "20000"),
    "write_back": ("--rows", "2000"),
    "receiver": ("--requests", "2000", "--rounds", "2"),
    "push": ("--seconds", "30", "--polled-seconds", "90", "--bursts", "1"),
    "workers": ("--people", "5000", "--pulled", "1000", "--rounds", "1"),
    "rest": ("--seconds", "45", "--people", "500"),
}
"""Modules of this package, each with `add_arguments(parser)` and `run(options)`, which says whether its bars hold; and its size for a
quick look of about a minute, in which bars that ask for a certain size are not judged."""


def main() -> int:
    """0 if all bars hold, else 1."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, for a look in about a minute each")
    commands = parser.add_subparsers(dest="name")
    runs = {}
    for name in BENCHMARKS:
        module = import_module(f"bench.{name}")
        runs[name] = module.run
        module.add_arguments(commands.add_parser(name, help=(module.__doc__ or "").splitlines()[0]))
    chosen = parser.parse_args()
    names = [chosen.name] if chosen.name else list(BENCHMARKS)
    held, took = [], {}
    for name in names:
        size = BENCHMARKS[name] if chosen.quick else ()
        began = time.monotonic()
        held.append(ran(name, runs[name], chosen if chosen.name and not size else parser.parse_args([name, *size])))
        took[name] = (time.monotonic() - began) / 60
    print(f"\n{', '.join(f'{name} {minutes:.1f} min' for name, minutes in took.items())}\n\n{table()}", flush=True)
    return 0 if all(held) else 1


def ran(name: str, run: Callable[[argparse.Namespace], bool], options: argparse.Namespace) -> bool:
    """Whether its bars hold; one that breaks off is told, and the others go on."""
    print(f"\n# {name}", flush=True)
    try:
        return run(options)
    except Exception as error:  # noqa: BLE001 - whatever broke this benchmark, the figures of the others are still wanted
        traceback.print_exc()
        return judged(name, [(f"runs to its end ({type(error).__name__})", False)])


if __name__ == "__main__":
    sys.exit(main())
