"""What happens to the org's records, as its automations see it: saved as new, or saved with these fields changed.

Station: Salesforce sandbox, between `records.py` and `adapters.kit.sandbox.changes`. Deleting and restoring are not saving:
no workflow rule and no record-triggered flow on save runs then.
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
