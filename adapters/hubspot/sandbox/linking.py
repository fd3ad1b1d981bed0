"""Associations as HubSpot keeps them: both sides at once, one primary company, and the properties that follow.

Station: HubSpot sandbox, rules over the store.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapters.hubspot.sandbox.errors import invalid_request
from adapters.hubspot.sandbox.kinds import BY_NAME, Kind
from adapters.hubspot.sandbox.link_types import BY_ID, LinkType, between, default_types
from adapters.hubspot.sandbox.portal import Portal
from adapters.hubspot.sandbox.store import Link, Row
from adapters.hubspot.sandbox.webhook_changes import CALCULATED


def types_by_id(from_kind: Kind, to_kind: Kind, ids: Iterable[int]) -> list[LinkType]:
    """The types of those ids. Raises ApiFault (400) for one that does not lead from `from_kind` to `to_kind`."""
    types = []
    for type_id in ids:
        found = BY_ID.get(type_id)
        if found is None or (found.from_kind, found.to_kind) != (from_kind.name, to_kind.name):
            message = f"Invalid association type id {type_id} between {from_kind.type_id} and {to_kind.type_id}."
            raise invalid_request(message)
        types.append(found)
    return types


def default_type(from_kind: Kind, to_kind: Kind) -> LinkType:
    """The unlabelled type. Raises ApiFault (400) when the two object types cannot be associated."""
    found = default_types(from_kind.name, to_kind.name)
    if found is None:
        raise invalid_request(f"{from_kind.name} cannot be associated with {to_kind.name}.")
    return found


class Linking:
    """Makes and breaks associations."""

    def __init__(self, portal: Portal) -> None:
        self._store = portal.store

    def associate(self, from_kind: Kind, from_id: int, to_kind: Kind, to_id: int, types: Sequence[LinkType]) -> None:
        """Associates two records with these types and the unlabelled one; repeating it changes nothing."""
        wanted = {default_type(from_kind, to_kind), *types}
        primary = self._primary_type(from_kind, to_kind)
        if primary is not None:
            holder, company = (from_id, to_id) if to_kind.name == "companies" else (to_id, from_id)
            side = from_kind if to_kind.name == "companies" else to_kind
            current = self.primary_company(side, holder)
            if primary in wanted and current not in (None, company):
                self._demote(side, holder, int(current or 0))
            elif current is None:
                # The first company of a contact or deal becomes its primary one without being asked to.
                wanted.add(primary)
        for one in wanted:
            self._store.link(from_kind, to_kind, Link(from_id=from_id, to_id=to_id, type_id=one.type_id))
            self._store.link(to_kind, from_kind, Link(from_id=to_id, to_id=from_id, type_id=one.inverse))
        self._follow(from_kind, from_id, to_kind, to_id)

    def separate(self, from_kind: Kind, from_id: int, to_kind: Kind, to_id: int, types: Sequence[LinkType] | None = None) -> None:
        """Removes all associations of two records, or only those of `types`."""
        if types is None:
            self._store.unlink(from_kind, to_kind, from_id, to_id)
            self._store.unlink(to_kind, from_kind, to_id, from_id)
        for one in types or ():
            self._store.unlink(from_kind, to_kind, from_id, to_id, one.type_id)
            self._store.unlink(to_kind, from_kind, to_id, from_id, one.inverse)
        self._follow(from_kind, from_id, to_kind, to_id)

    def primary_company(self, kind: Kind, record_id: int) -> int | None:
        """The primary company of a contact or deal, or None."""
        primary = self._primary_type(kind, BY_NAME["companies"])
        links = self._store.links(kind, BY_NAME["companies"], [record_id]).get(record_id, [])
        return next((link.to_id for link in links if primary and link.type_id == primary.type_id), None)

    def others(self, kind: Kind, record_id: int, other: Kind) -> list[int]:
        """The ids of the `other` records a record is associated with, each once."""
        return sorted({link.to_id for link in self._store.links(kind, other, [record_id]).get(record_id, [])})

    def move(self, kind: Kind, old_id: int, new_id: int) -> None:
        """Gives every association of one record to another (a merge); a primary company the other has stays primary."""
        for other in dict.fromkeys(BY_NAME.values()):
            grouped: dict[int, list[LinkType]] = {}
            for link in self._store.links(kind, other, [old_id]).get(old_id, []):
                grouped.setdefault(link.to_id, []).append(BY_ID[link.type_id])
            for other_id, types in grouped.items():
                self.separate(kind, old_id, other, other_id)
                has_primary = self.primary_company(kind, new_id) is not None
                self.associate(kind, new_id, other, other_id, [one for one in types if not (one.is_primary and has_primary)])

    def cut(self, kind: Kind, record_id: int) -> None:
        """Removes every association of a record (it goes into the bin or is erased)."""
        for other in dict.fromkeys(BY_NAME.values()):
            for other_id in self.others(kind, record_id, other):
                self.separate(kind, record_id, other, other_id)

    def _demote(self, kind: Kind, holder: int, company: int) -> None:
        companies = BY_NAME["companies"]
        primary = self._primary_type(kind, companies)
        if primary is not None:
            self._store.unlink(kind, companies, holder, company, primary.type_id)
            self._store.unlink(companies, kind, company, holder, primary.inverse)

    @staticmethod
    def _primary_type(from_kind: Kind, to_kind: Kind) -> LinkType | None:
        return next((one for one in between(from_kind.name, to_kind.name) if one.is_primary), None)

    def _follow(self, from_kind: Kind, from_id: int, to_kind: Kind, to_id: int) -> None:
        for kind, record_id, other in ((from_kind, from_id, to_kind), (to_kind, to_id, from_kind)):
            row = self._store.load(kind, record_id)
            if row is None:
                continue
            before = dict(row.props)
            self._follow_one(kind, row, other)
            if row.props != before:
                with self._store.notes.by(CALCULATED):
                    self._store.put(kind, row)

    def _follow_one(self, kind: Kind, row: Row, other: Kind) -> None:
        if kind.name == "contacts" and other.name == "companies":
            company = self.primary_company(kind, row.id)
            _set(row, "associatedcompanyid", str(company) if company else None)
        if kind.name in ("contacts", "companies") and other.name == "deals":
            _set(row, "num_associated_deals", str(len(self.others(kind, row.id, other))))
        if kind.name in ("companies", "deals") and other.name == "contacts":
            _set(row, "num_associated_contacts", str(len(self.others(kind, row.id, other))))


def _set(row: Row, name: str, value: str | None) -> None:
    if value is None:
        row.props.pop(name, None)
    else:
        row.props[name] = value
