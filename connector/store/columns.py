"""Rows of activities, read column by column, as the arrays that scoring takes.

Imports neither SQLAlchemy nor sqlite3: the children that read shards use it too.
"""

from collections.abc import Mapping

import numpy as np

from connector.core.facts import Activities, Int64
from connector.core.records import DETAILS

WORD_LISTS = ("kind", *DETAILS)
"""Columns of an activity that hold words: numbers into a list, 0 for the empty text."""

ACTIVITY_COLUMNS = ("person", "at", "id", *WORD_LISTS, "seconds")
"""What is read of each activity, in this order."""

_US = 1_000_000


def activities_of(*, ids: Int64, columns: Mapping[str, Int64], words: Mapping[str, tuple[str, ...]]) -> Activities:
    """Activities of the persons `ids` (ascending); rows of other persons are left out.

    `columns` are those of `ACTIVITY_COLUMNS`, ascending by person, time and id, times in microseconds.
    """
    person = columns["person"]
    row = np.searchsorted(ids, person)
    known = np.zeros(len(person), dtype=bool)
    if len(ids):
        known = ids[np.minimum(row, len(ids) - 1)] == person
    if not known.all():
        row = row[known]
        columns = {name: column[known] for name, column in columns.items()}
    small = {name: columns[name].astype(np.int32) for name in (*WORD_LISTS, "seconds")}
    return Activities(row=row.astype(np.int32), at=columns["at"] // _US, words=words, **small)
