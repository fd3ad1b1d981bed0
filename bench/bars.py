"""What the bars of a benchmark came to: told at once, and once more in one table when all have run."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of one benchmark: what was found beside what is asked, and whether it holds."""

    bench: str
    says: str
    holds: bool


_KEPT: list[Bar] = []


def judged(bench: str, claims: Sequence[tuple[str, bool]]) -> bool:
    """Tells each claim, keeps it for the table, and says whether all of them hold."""
    for says, holds in claims:
        print(f"{'holds' if holds else 'FAILS'}: {says}", flush=True)
    _KEPT.extend(Bar(bench=bench, says=says, holds=holds) for says, holds in claims)
    return all(holds for _, holds in claims)


def kept() -> tuple[Bar, ...]:
    """Every bar judged so far, in order."""
    return tuple(_KEPT)


def table() -> str:
    """The kept bars as a table, the missed ones in bold."""
    rows = [f"| {bar.bench} | {bar.says} | {'held' if bar.holds else '**MISSED**'} |" for bar in kept()]
    return "\n".join(("| bench | bar | |", "|---|---|---|", *rows))
