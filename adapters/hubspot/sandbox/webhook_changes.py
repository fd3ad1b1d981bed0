"""What happens to the portal's records, as webhooks tell it: creations, property changes, deletions, merges, associations.

Station: HubSpot sandbox, between the store and `adapters.kit.sandbox.changes`. The store reports every row it puts; who
did it is the author of the turn. Nothing is looked at before somebody listens.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.hubspot.sandbox.kinds import Kind
from adapters.kit.sandbox.changes import Changes

SILENT_PROPERTIES = frozenset({"hs_lastmodifieddate", "lastmodifieddate", "num_unique_conversion_events"})
"""Properties whose changes no webhook tells. Source: webhooks guide, contact events; `lastmodifieddate` is the contact's own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who changes records: `changeSource` and `sourceId` of the events."""

    source: str
    source_id: str


CALCULATED = Author(source="CALCULATED", source_id="")
"""HubSpot itself, where one value follows from others."""
SOMEBODY = Author(source="CRM_UI", source_id="userId:0")


class RecordNotes:
    """Notes changes of records. `author` is who acts now."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._is_silent = False
        self.author = SOMEBODY

    @property
    def are_wanted(self) -> bool:
        """True when somebody is to be told and the present change is not told otherwise."""
        return self._changes.are_wanted and not self._is_silent

    @contextmanager
    def by(self, author: Author) -> Iterator[None]:
        """Changes within are this author's."""
        before, self.author = self.author, author
        try:
            yield
        finally:
            self.author = before

    @contextmanager
    def silence(self) -> Iterator[None]:
        """Rows put within are no events of their own: they are told as a whole."""
        before, self._is_silent = self._is_silent, True
        try:
            yield
        finally:
            self._is_silent = before

    def put(self, kind: Kind, record_id: int, *, old: Mapping[str, str] | None, new: Mapping[str, str]) -> None:
        """A row was added (`old` is None) or replaced."""
        if old is None:
            self._note(kind, record_id, "creation")
        for name in dict.fromkeys([*new, *(old or {})]):
            value = new.get(name)
            if name not in SILENT_PROPERTIES and value != (old or {}).get(name):
                self._note(kind, record_id, "propertyChange", name=name, value=value or "")

    def binned(self, kind: Kind, record_id: int) -> None:
        """A record went into the bin."""
        self._note(kind, record_id, "deletion")

    def restored(self, kind: Kind, record_id: int) -> None:
        """A record came back from the bin."""
        self._note(kind, record_id, "restore")

    def erased(self, kind: Kind, record_id: int) -> None:
        """A contact was erased for privacy: two events, as HubSpot sends a deletion beside it."""
        if kind.name == "contacts":
            self._note(kind, record_id, "privacyDeletion")
        self._note(kind, record_id, "deletion")

    def merged(self, kind: Kind, *, primary: int, others: Sequence[int], new: int, moved: int) -> None:
        """Records became one; `moved` properties came from the others."""
        self._note(kind, new, "merge", primary=primary, merged=list(others), moved=moved)

    def linked(self, from_kind: Kind, to_kind: Kind, ids: tuple[int, int], type_id: int, *, removed: bool) -> None:
        """One side of an association was made or broken."""
        self._note(from_kind, ids[0], "associationChange", to_kind=to_kind.name, to_id=ids[1], type_id=type_id, removed=removed)

    def _note(self, kind: Kind, record_id: int, what: str, **more: object) -> None:
        self._changes.note(
            {"what": what, "kind": kind.name, "id": record_id, "source": self.author.source, "source_id": self.author.source_id, **more}
        )
