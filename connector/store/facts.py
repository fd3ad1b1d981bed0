"""Facts of one person out of the rows they have, and facts packed small.

The one place that decides which row's value counts: what is packed for whole shards and what is shown of one person come from here.
Imports neither SQLAlchemy nor sqlite3: the children that read shards use it too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from connector.core.people import DealView
from connector.core.records import Company, Contact, DealState, Money, Value

PAIR = np.dtype("<i4")
"""Packed facts: pairs of (list number, word number), each a little-endian int32."""

_DEAL_FACTS = tuple((state, f"deal.{state}") for state in DealState)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactFacts:
    """A live contact row and since when its values stand, in microseconds."""

    contact: Contact
    changed_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompanyFacts:
    """A live company row and since when its values stand, in microseconds."""

    company: Company
    changed_at: int


def resolve_facts(*, contacts: Sequence[ContactFacts], companies: Sequence[CompanyFacts], deals: Sequence[DealView]) -> dict[str, Value]:
    """Facts by full name. Of several rows the newest known value counts, of equally new ones that of the lower key.

    `company.*` comes from company rows first, then from what contact rows say of their company. The main e-mail address of the newest row
    is `person.email` unless a mapping gives one. Money is left out: without a rate it is unknown (DESIGN §4).
    """
    facts: dict[str, Value] = {}
    for firm in sorted(companies, key=lambda c: (-c.changed_at, c.company.key)) if len(companies) > 1 else companies:
        _claim(facts, firm.company.values, _of_company)
    newest_first = sorted(contacts, key=lambda c: (-c.changed_at, c.contact.key)) if len(contacts) > 1 else contacts
    for row in newest_first:
        _claim(facts, row.contact.values, contact_fact)
    for row in newest_first:
        if row.contact.emails:
            facts.setdefault("person.email", row.contact.emails[0])
    states = {deal.state for deal in deals}
    for state, name in _DEAL_FACTS:
        facts[name] = state in states
    return facts


def _claim(facts: dict[str, Value], values: Mapping[str, Value], full_name: Callable[[str], str]) -> None:
    for name, value in values.items():
        if type(value) is not Money:
            facts.setdefault(full_name(name), value)


@lru_cache(maxsize=4096)
def _of_company(name: str) -> str:
    return f"company.{name}"


@lru_cache(maxsize=4096)
def contact_fact(name: str) -> str:
    """The full name of a value of a contact row: of the person, or of the company it names."""
    return name if name.startswith("company.") else f"person.{name}"


def pack(pairs: Sequence[tuple[int, int]]) -> bytes:
    """(list number, word number) pairs as bytes."""
    return np.asarray(sorted(pairs), dtype=PAIR).tobytes()


def unpack(packed: bytes) -> npt.NDArray[np.int32]:
    """Pairs as an array of two columns."""
    return np.frombuffer(packed, dtype=PAIR).reshape(-1, 2)


def columns_of(*, packed: bytes | memoryview, sizes: npt.NDArray[np.int64], lists: Mapping[str, int]) -> dict[str, npt.NDArray[np.int32]]:
    """Codes of the named facts for many people whose packed facts stand one behind the other; -1 where a fact is unknown.

    `sizes` holds the bytes of each person. A code is the word's number less 1.
    """
    pairs = np.frombuffer(packed, dtype=PAIR).reshape(-1, 2)
    rows = np.repeat(np.arange(len(sizes), dtype=np.int32), sizes // (2 * PAIR.itemsize))
    columns = {}
    for name, number in lists.items():
        codes = np.full(len(sizes), -1, dtype=np.int32)
        mine = pairs[:, 0] == number
        codes[rows[mine]] = pairs[mine, 1] - 1
        columns[name] = codes
    return columns
