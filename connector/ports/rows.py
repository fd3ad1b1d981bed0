"""What the store keeps of a CRM's rows: the raw payload, the canonical record, how far reading came, and values no mapping knows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from connector.core.records import Company, Contact, Deal, RecordKey
from connector.ports.crm import Json, RawRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRaw:
    fields: Mapping[str, Json]
    modified_at: datetime
    deleted: bool
    survivor: RecordKey | None
    seen_at: datetime
    """The CRM was asked for this then or later: what we wrote there after it may be missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownValue:
    """A value that a mapping does not know; kept and shown, never guessed."""

    connection: str
    source: str
    field: str
    value: str
    rows: int


class Cursors(Protocol):
    def get(self, *, connection: str, source: str) -> str | None: ...
    def put(self, *, connection: str, source: str, cursor: str, at: datetime) -> None: ...
    def clear(self, *, connection: str) -> None:
        """Forgets where reading stood, so that the next pull is a first load."""


class Raw(Protocol):
    def get(self, keys: Sequence[RecordKey]) -> Mapping[RecordKey, StoredRaw]: ...
    def put(self, records: Sequence[RawRecord], *, seen_at: datetime) -> None:
        """Replaces; fields absent from a record are not kept."""

    def erased(self, keys: Sequence[RecordKey]) -> frozenset[RecordKey]:
        """Those of these rows that were erased (`Tx.erase`): whoever reads them again must drop them."""

    def amend(self, written: Mapping[RecordKey, Mapping[str, Json]]) -> None:
        """Sets some fields of stored rows to what we just wrote there."""

    def rows(self, *, connection: str, source: str) -> Iterator[RawRecord]:
        """All stored rows, for replaying a changed mapping without a pull."""

    def live_ids(self, *, connection: str, source: str, after: str, limit: int) -> tuple[str, ...]:
        """Ids of stored rows that are neither deleted nor taken over by another, ascending, from the first one above `after`."""


class Records(Protocol):
    def put_contacts(self, contacts: Sequence[Contact], *, seen_at: datetime) -> tuple[RecordKey, ...]:
        """Keys whose canonical values, links or deletion changed. History is kept on change. The rows must be attached to persons."""

    def put_companies(self, companies: Sequence[Company], *, seen_at: datetime) -> tuple[RecordKey, ...]: ...
    def put_deals(self, deals: Sequence[Deal], *, seen_at: datetime) -> tuple[RecordKey, ...]: ...
    def contact(self, key: RecordKey) -> Contact | None: ...
    def counts(self) -> Mapping[str, int]:
        """Live rows by `<connection> <source>`, for people to read."""


class UnknownValues(Protocol):
    def put(self, rows: Sequence[UnknownValue]) -> None: ...
    def clear(self, *, connection: str, source: str) -> None: ...
    def all(self) -> tuple[UnknownValue, ...]: ...
