"""What happens to the org's records: saved as new, saved with these fields changed, deleted, restored.

Station: Salesforce sandbox, between `records.py` and `adapters.kit.sandbox.changes`. Deleting and restoring are not saving:
no workflow rule and no record-triggered flow on save runs then; change events tell them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from adapters.kit.sandbox.changes import Changes

_STAMPS = frozenset(
    {"SystemModstamp", "LastModifiedDate", "LastModifiedById", "LastViewedDate", "LastReferencedDate", "_seen_from", "_born_from"}
)


class RecordNotes:
    """Notes saves of records. Looks at nothing before somebody listens."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def saved(self, source: str, *, old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> None:
        """A record was saved: new when `old` is None."""
        if self._changes.are_wanted:
            changed = [name for name in new if name not in _STAMPS and (old is None or new[name] != old.get(name))]
            self.touched(source, str(new["Id"]), changed, is_new=old is None, by=str(new.get("LastModifiedById") or ""))

    def touched(self, source: str, record_id: str, changed: Iterable[str], *, is_new: bool = False, by: str = "") -> None:
        """These fields of a record were saved by the user `by`, or by one of the org's own acts (a merge, a conversion)."""
        if self._changes.are_wanted:
            self._changes.note({"object": source, "id": record_id, "is_new": is_new, "changed": list(changed), "by": by})

    def binned(self, source: str, record_id: str, *, is_binned: bool, by: str) -> None:
        """A record was put into the recycle bin or came out of it. No rule and no flow on save runs then."""
        if self._changes.are_wanted:
            told = {"object": source, "id": record_id, "is_new": False, "changed": [], "by": by, "binned": is_binned}
            self._changes.note(told)
