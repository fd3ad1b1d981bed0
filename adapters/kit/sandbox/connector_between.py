"""A third party's connector between two CRMs: it copies changes of mapped fields from one to the other, both ways.

`python -m adapters.kit.sandbox.connector_between --one READY --other READY --pair Title=jobtitle`, READY being the lines that
two sandboxes print. Station: sandbox ground, a program of its own that uses the CRMs' public APIs only. It echoes as real ones
do: what it wrote into one CRM is a change there, which it writes back into the other once. A test may hold a `Connector` itself
and make it take its turns.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from adapters.kit.sandbox.server import stop_with_signals, stop_with_stdin
from adapters.kit.sandbox.third_party import CallRefused

MOST_TRIES = 20
"""How many further turns a refused write is tried at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person as one CRM has them; `values` by that CRM's field names, "" where empty."""

    key: str
    email: str
    values: Mapping[str, str]


class Side(Protocol):
    """One CRM as the connector uses it, through its public API. Calls raise CallRefused."""

    def begin(self) -> None:
        """Starts at the CRM's present: older changes are not looked at."""
        ...

    def changed(self) -> list[Person]:
        """People changed since the last look; some may come again."""
        ...

    def find(self, email: str) -> str | None:
        """The key of the person with this address, or None."""
        ...

    def write(self, key: str, values: Mapping[str, str]) -> None:
        """Sets fields of a person; "" clears."""
        ...


@dataclass(slots=True, kw_only=True)
class _Way:
    """From one CRM to the other: which field goes into which, what was last copied of each person, whom the other refused."""

    source: Side
    target: Side
    names: Mapping[str, str]
    known: dict[str, Mapping[str, str]] = field(default_factory=dict)
    refused: dict[str, tuple[Person, int]] = field(default_factory=dict)


class Connector:
    """Both ways between two CRMs, and the counts of what was written and refused."""

    def __init__(self, one: Side, other: Side, *, pairs: Sequence[tuple[str, str]]) -> None:
        self._ways = (
            _Way(source=one, target=other, names=dict(pairs)),
            _Way(source=other, target=one, names={theirs: ours for ours, theirs in pairs}),
        )
        self.written = 0
        self.refused = 0
        for side in (one, other):
            side.begin()

    def turn(self) -> int:
        """Looks at both CRMs once and copies what changed; how many writes that were. What is refused is tried again for a while."""
        before = self.written
        # Both are looked at first: what this turn writes is seen, and echoed, at the next.
        for way, people in [(way, self._changed(way)) for way in self._ways]:
            for person, tries in people:
                self._copy(way, person, tries)
        return self.written - before

    def _changed(self, way: _Way) -> list[tuple[Person, int]]:
        people = dict(way.refused)
        way.refused.clear()
        try:
            people |= {person.key: (person, 0) for person in way.source.changed()}
        except CallRefused:
            self.refused += 1
        return list(people.values())

    def _copy(self, way: _Way, person: Person, tries: int) -> None:
        before = way.known.get(person.key, {})
        changed = {way.names[name]: value for name, value in person.values.items() if value != before.get(name, "")}
        try:
            found = way.target.find(person.email) if changed and person.email else None
            if found is not None:
                way.target.write(found, changed)
                self.written += 1
            way.known[person.key] = person.values
        except CallRefused:
            self.refused += 1
            if tries < MOST_TRIES:
                way.refused[person.key] = (person, tries + 1)


def open_side(ready: Mapping[str, object], *, fields: Sequence[str]) -> Side:
    """The side of the sandbox that printed this line: `adapters.<crm>.sandbox.connector_side`."""
    module = importlib.import_module(f"adapters.{ready['crm']}.sandbox.connector_side")
    side: Side = module.open_side(url=ready["url"], credentials=ready["credentials"], fields=tuple(fields))
    return side


def main() -> None:
    """Reads the options and takes turns until told to stop; prints one line of JSON when ready and one at the end."""
    parser = argparse.ArgumentParser(prog="python -m adapters.kit.sandbox.connector_between", description=__doc__)
    parser.add_argument("--one", type=json.loads, required=True, help="the ready line of a sandbox")
    parser.add_argument("--other", type=json.loads, required=True, help="the ready line of the other one")
    parser.add_argument("--pair", action="append", required=True, help="ONE_FIELD=OTHER_FIELD; may be repeated")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between looks")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input closes")
    options = parser.parse_args()
    pairs = [(pair.partition("=")[0], pair.partition("=")[2]) for pair in options.pair]
    one = open_side(options.one, fields=[ours for ours, _ in pairs])
    other = open_side(options.other, fields=[theirs for _, theirs in pairs])
    stopping = threading.Event()
    stop_with_signals(stopping)
    if options.with_parent:
        threading.Thread(target=stop_with_stdin, args=(stopping,), daemon=True).start()
    connector = Connector(one, other, pairs=pairs)
    _tell({"connector": "ready"})
    while not stopping.wait(options.every):
        connector.turn()
    _tell({"written": connector.written, "refused": connector.refused})


def _tell(line: Mapping[str, object]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
