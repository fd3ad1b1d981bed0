"""`python -m bench [--quick] [NAME]`: one benchmark, or all of them. Ends with 1 if a bar does not hold."""

import argparse
import sys
from importlib import import_module

BENCHMARKS = {
    "scoring": ("--people", "50000", "--rounds", "1"),
    "store": ("--people", "20000", "--rounds", "1"),
    "pull": ("--contacts", "4000", "--activities", "20000"),
    "write_back": ("--rows", "2000"),
    "receiver": ("--requests", "2000", "--rounds", "2"),
    "push": ("--seconds", "30", "--polled-seconds", "90"),
    "workers": ("--people", "3000", "--pulled", "1000", "--rounds", "1"),
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
    held = []
    for name in names:
        size = BENCHMARKS[name] if chosen.quick else ()
        held.append(runs[name](chosen if chosen.name and not size else parser.parse_args([name, *size])))
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
