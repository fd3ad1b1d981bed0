"""The association types HubSpot defines between the portal's object types.

Station: HubSpot sandbox, tables. Ids of tasks, calls, e-mails, meetings, notes, deals and companies with contacts:
facts §6.4; those of engagements with companies and deals: HubSpot's association type table, from memory, unverified.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkType:
    """A type of association in one direction; `inverse` is the type id seen from the other side."""

    type_id: int
    from_kind: str
    to_kind: str
    inverse: int
    label: str | None = None

    @property
    def is_primary(self) -> bool:
        """True for the "Primary" label between a company and a contact or deal."""
        return self.label == "Primary"


_PAIRS: tuple[tuple[str, str, int, int, str | None], ...] = (
    ("contacts", "companies", 279, 280, None),
    ("contacts", "companies", 1, 2, "Primary"),
    ("contacts", "deals", 4, 3, None),
    ("deals", "companies", 341, 342, None),
    ("deals", "companies", 5, 6, "Primary"),
    ("contacts", "contacts", 449, 449, None),
    ("tasks", "contacts", 204, 203, None),
    ("tasks", "companies", 192, 191, None),
    ("tasks", "deals", 216, 215, None),
    ("calls", "contacts", 194, 193, None),
    ("calls", "companies", 182, 181, None),
    ("calls", "deals", 206, 205, None),
    ("emails", "contacts", 198, 197, None),
    ("emails", "companies", 186, 185, None),
    ("emails", "deals", 210, 209, None),
    ("meetings", "contacts", 200, 199, None),
    ("meetings", "companies", 188, 187, None),
    ("meetings", "deals", 212, 211, None),
    ("notes", "contacts", 202, 201, None),
    ("notes", "companies", 190, 189, None),
    ("notes", "deals", 214, 213, None),
)

BY_ID: dict[int, LinkType] = {}
for _from, _to, _one, _other, _label in _PAIRS:
    BY_ID[_one] = LinkType(type_id=_one, from_kind=_from, to_kind=_to, inverse=_other, label=_label)
    BY_ID[_other] = LinkType(type_id=_other, from_kind=_to, to_kind=_from, inverse=_one, label=_label)


def between(from_kind: str, to_kind: str) -> list[LinkType]:
    """Every type from one object type to another, the plain one first; empty when the two cannot be associated."""
    found = [one for one in BY_ID.values() if (one.from_kind, one.to_kind) == (from_kind, to_kind)]
    return sorted(found, key=lambda one: one.is_primary)


def default_types(from_kind: str, to_kind: str) -> LinkType | None:
    """The unlabelled type between two object types, or None."""
    found = between(from_kind, to_kind)
    return found[0] if found else None
