"""`python -m bench [NAME]`: one benchmark, or all of them. Ends with 1 if a bar does not hold."""

import argparse
import sys
from importlib import import_module

BENCHMARKS = ("scoring", "store")
"""Modules of this package, each with `add_arguments(parser)` and `run(options)`, which says whether its bars hold."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(dest="name")
    runs = {}
    for name in BENCHMARKS:
        module = import_module(f"bench.{name}")
        runs[name] = module.run
        module.add_arguments(commands.add_parser(name, help=(module.__doc__ or "").splitlines()[0]))
    chosen = parser.parse_args()
    names = [chosen.name] if chosen.name else list(BENCHMARKS)
    held = [runs[name](chosen if chosen.name else parser.parse_args([name])) for name in names]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
