"""A compiled field mapping: what to read of a CRM, what its rows mean, and what is written back.

Station: made by `compile.compile_fields`; flows call it for every row pulled and every change planned.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from connector.core.records import Record
from connector.ports.crm import Json, RawRecord
from connector.ports.rows import UnknownValue
from mappings.writing import WriteField

Misread = list[tuple[str, Json]]
"""Collects (field, raw value) of what a mapping did not understand."""

RowMapper = Callable[[RawRecord, Mapping[str, Json] | None, datetime, Misread], Sequence[Record]]
"""The records of one row: from the row, its stored fields (None when first seen), and when it is seen."""

SHOWN = 200
"""Characters of an unknown value that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRead:
    """What to ask of one source. `fields` are sorted and include those we write, so that current values are known."""

    source: str
    kind: str
    """`company`, `contact`, `deal` or `activity`."""
    fields: tuple[str, ...]
    related: tuple[str, ...]
    since_field: str
    where: Mapping[str, tuple[str, ...]]
    optional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """The records of one row, and the values of it that the mapping does not know."""

    records: tuple[Record, ...]
    unknown: tuple[UnknownValue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What the meaning of a row hangs on. Two mappings of a connection with the same recipe give the same records."""

    version: int
    """Of the document."""
    zone: str
    """Of times that name none (IANA)."""
    sources: tuple[str, ...]
    """Those that the CRM has, for what is left out where another tells it better."""
    stages: str
    """Fingerprint of the ladder's stage fields."""


class FieldMapping:
    """One connection's mapping. Safe for use by several threads."""

    def __init__(
        self,
        *,
        crm: str,
        connection: str,
        recipe: Recipe,
        reads: tuple[SourceRead, ...],
        mappers: Mapping[str, RowMapper],
        written: Mapping[str, tuple[WriteField, ...]],
        roll_ups: Mapping[str, frozenset[str]],
    ) -> None:
        self.crm = crm
        self.connection = connection
        self.version = recipe.version
        self.recipe = recipe
        self.reads = reads
        """In the order of pulling: companies, contacts, deals, activities."""
        self._mappers = mappers
        self._written = written
        self._roll_ups = roll_ups

    def records(self, raw: RawRecord, *, before: Mapping[str, Json] | None, seen_at: datetime) -> Mapped:
        """What a row means. `before` holds the stored fields of the same row, None when it is first seen (counters need it).

        A row of a source that the mapping does not name means nothing. The same row again gives the same records.
        """
        mapper = self._mappers.get(raw.key.source)
        if mapper is None:
            return Mapped(records=())
        misread: Misread = []
        records = tuple(mapper(raw, before, seen_at, misread))
        return Mapped(records=records, unknown=self._unknown(raw, misread) if misread else ())

    def writes(self, source: str) -> tuple[WriteField, ...]:
        """The fields of a source that are written, in the document's order; empty for sources that are only read."""
        return self._written.get(source, ())

    def roll_ups(self, source: str) -> frozenset[str]:
        """The names of the moments and counters of a source that become activities."""
        return self._roll_ups.get(source, frozenset())

    def _unknown(self, raw: RawRecord, misread: Misread) -> tuple[UnknownValue, ...]:
        return tuple(
            UnknownValue(connection=self.connection, source=raw.key.source, field=field, value=str(value)[:SHOWN], rows=1)
            for field, value in misread
        )
