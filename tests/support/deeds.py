"""Activities written in a line each, for tests that work a score out by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from connector.core.facts import Activities, Column, People
from connector.core.records import DETAILS, Value


@dataclass(frozen=True, slots=True)
class Deed:
    """Something the person in `row` did at a time."""

    at: datetime
    kind: str
    row: int = 0
    path: str = ""
    form: str = ""
    asset: str = ""
    campaign: str = ""
    feature: str = ""
    mark: str = ""
    seconds: int = 0


def as_columns(deeds: Sequence[Deed]) -> Activities:
    """The deeds by person and time, with dictionaries of the words they use."""
    ordered = sorted(deeds, key=lambda deed: (deed.row, deed.at))
    words = {name: tuple(sorted({"", *(getattr(deed, name) for deed in deeds)})) for name in ("kind", *DETAILS)}
    columns = {name: np.array([words[name].index(getattr(deed, name)) for deed in ordered], dtype=np.int32) for name in words}
    return Activities(
        row=np.array([deed.row for deed in ordered], dtype=np.int32),
        at=np.array([int(deed.at.timestamp()) for deed in ordered], dtype=np.int64),
        seconds=np.array([deed.seconds for deed in ordered], dtype=np.int32),
        words=words,
        **columns,
    )


def people(*facts: dict[str, Value]) -> People:
    """One person for each dictionary of known facts, with ids from 1."""
    columns = {}
    for name in sorted({name for known in facts for name in known}):
        words = tuple(known[name] for known in facts if name in known)
        places = iter(range(len(words)))
        columns[name] = Column(codes=np.array([next(places) if name in known else -1 for known in facts], dtype=np.int32), words=words)
    return People(ids=np.arange(1, len(facts) + 1, dtype=np.int64), facts=columns)
