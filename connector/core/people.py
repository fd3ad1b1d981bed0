"""Persons: which rows are the same human, and what one person looks like to qualification.

Station: identity decides joins from these values; the store keeps them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connector.core.records import Contact, DealState, RecordKey, Value

PersonId = int
"""Whole number from 1; the shard of a person is `person % SHARDS`."""

SHARDS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A row of a person, and why it is there."""

    contact: Contact
    why: str
    """Such as `same e-mail` or `first seen`."""
    confidence: int
    """Percent."""
    company_owner: str | None = None

    @property
    def is_live(self) -> bool:
        """Whether the row may be written: no other row has taken over from it by merge or conversion."""
        return self.contact.survivor is None


@dataclass(frozen=True, slots=True, kw_only=True)
class DealView:
    """A deal that concerns a person: they are on it, or it is their company's."""

    key: RecordKey
    name: str
    state: DealState
    owner: str | None
    on_it: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One human with all live rows, facts as scoring sees them, and what sales has done."""

    id: PersonId
    members: tuple[Member, ...]
    """Deleted rows are left out; newest modified first."""
    facts: Mapping[str, Value]
    """By full name, as in `facts.People`."""
    deals: tuple[DealView, ...]
    last_touch_at: datetime | None
    """Newest activity that a rep did with them (call, meeting, e-mail sent)."""

    @property
    def name(self) -> str:
        """Full name for people to read, else the e-mail address, else `Person 12`."""
        known = self.facts.get("person.name") or self.facts.get("person.email")
        return str(known) if known else f"Person {self.id}"
