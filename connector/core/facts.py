"""Facts of many people as columns: the input of scoring, the same for a million and for one.

Station: filled by the store's readers, read by `core.scoring`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from connector.core.records import Value

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One fact of each person: an index into `words`, or -1 where it is unknown."""

    codes: Int32
    words: tuple[Value, ...]
    """Each distinct value once. Money is already in the base currency (a Decimal), or unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Rows of people with their facts by full name (`person.seniority`, `company.employees`, `deal.open`)."""

    ids: Int64
    facts: Mapping[str, Column]
    """A name that is absent is unknown for everybody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activities:
    """Activities of the same people, ascending by (row, at, id). All arrays have one length.

    `kind` and the details are indices into the word lists of the same name in `words`; index 0 of each list is the empty text.
    """

    row: Int32
    """Index into `People.ids`."""
    at: Int64
    """Seconds since 1970-01-01 UTC."""
    kind: Int32
    path: Int32
    form: Int32
    asset: Int32
    campaign: Int32
    feature: Int32
    mark: Int32
    seconds: Int32
    words: Mapping[str, tuple[str, ...]]
    """Keys: `kind` and `records.DETAILS`. The same tuple object in every shard of one run, for what is kept by its identity."""
