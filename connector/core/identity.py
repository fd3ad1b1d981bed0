"""Who is who: which rows are the same human, decided from addresses and from what the CRMs merged or converted.

Station: between mapping and the store. The rows of one page come in with what the store already knows; attachments and joins go out.
Addresses come in normalised, and only those that may join: role mailboxes never do, and the caller looks up holders only among
connections of the same kind, so production and test never join.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.core.people import PersonId
from connector.core.records import RecordKey

SAME_ADDRESS = "same e-mail address"
SAME_IN_CRM = "merged or converted in the CRM"
FIRST_SEEN = "first seen"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One contact row to place. `survivor` is the row that took over from it in the CRM."""

    key: RecordKey
    emails: tuple[str, ...] = ()
    survivor: RecordKey | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """`person` below 0 is a new person; equal negative numbers are the same new person. `why` is for a row that comes to a person."""

    key: RecordKey
    person: PersonId
    emails: tuple[str, ...]
    why: str
    confidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Union:
    survivor: PersonId
    loser: PersonId
    why: str
    confidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    placements: tuple[Placement, ...]
    unions: tuple[Union, ...]


class _Groups:
    """Disjoint sets of person numbers; the representative is the lowest existing person, else the first new one."""

    def __init__(self) -> None:
        self._parent: dict[PersonId, PersonId] = {}

    def root(self, person: PersonId) -> PersonId:
        parent = self._parent.setdefault(person, person)
        while parent != person:
            person, parent = parent, self._parent[parent]
        return person

    def join(self, one: PersonId, other: PersonId) -> bool:
        """Whether this joined two that were apart."""
        a, b = self.root(one), self.root(other)
        if a == b:
            return False
        winner, loser = sorted((a, b), key=lambda p: (p < 0, abs(p)))
        self._parent[loser] = winner
        return True


def place(
    rows: Sequence[Row], *, known: Mapping[RecordKey, PersonId], holders: Mapping[str, Sequence[PersonId]], confidence: int = 100
) -> Placed:
    """Where each row belongs, and which persons turn out to be one.

    `known` holds the persons of these rows and of their survivors; `holders` the persons that hold each address. The order of rows does not
    matter but for the numbering of new persons. A row whose survivor is not among the rows or `known` waits for the survivor's own page.
    """
    groups = _Groups()
    node = dict(known)
    for number, row in enumerate(rows, start=1):
        node.setdefault(row.key, -number)
    why: dict[PersonId, str] = {}
    address_of: dict[str, PersonId] = {}
    for row in rows:
        for other, reason in _links(row, node=node, holders=holders, address_of=address_of):
            if groups.join(node[row.key], other):
                why.setdefault(node[row.key], reason)
                why.setdefault(other, reason)
        for address in row.emails:
            address_of.setdefault(address, node[row.key])
    placements = tuple(
        _placement(row, joined=groups.root(node[row.key]), alone=node[row.key], why=why, confidence=confidence) for row in rows
    )
    return Placed(placements=placements, unions=_existing(why, groups=groups, confidence=confidence))


def _placement(row: Row, *, joined: PersonId, alone: PersonId, why: Mapping[PersonId, str], confidence: int) -> Placement:
    """A row that others came to, or that nobody came to, was seen first; every other row says what brought it to its person."""
    reason = FIRST_SEEN if joined == alone else why[alone]
    return Placement(key=row.key, person=joined, emails=row.emails, why=reason, confidence=confidence)


def _links(
    row: Row, *, node: Mapping[RecordKey, PersonId], holders: Mapping[str, Sequence[PersonId]], address_of: Mapping[str, PersonId]
) -> list[tuple[PersonId, str]]:
    links = [(node[row.survivor], SAME_IN_CRM)] if row.survivor is not None and row.survivor in node else []
    for address in row.emails:
        links.extend((person, SAME_ADDRESS) for person in holders.get(address, ()))
        if address in address_of:
            links.append((address_of[address], SAME_ADDRESS))
    return links


def _existing(why: Mapping[PersonId, str], *, groups: _Groups, confidence: int) -> tuple[Union, ...]:
    """Joins among persons that already exist; each loser once, straight into its survivor."""
    losers = sorted(person for person in why if person > 0 and groups.root(person) != person)
    return tuple(Union(survivor=groups.root(loser), loser=loser, why=why[loser], confidence=confidence) for loser in losers)
