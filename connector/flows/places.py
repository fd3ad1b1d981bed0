"""The connections a write-back may act in, and for whom."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.core.follow_ups import Owner, Surroundings
from connector.core.model import Model
from connector.core.people import Person
from connector.core.qualification import Standing
from connector.flows.published import Published
from connector.ports.connections import Connection, LiveStep
from connector.ports.crm import Abilities, Crm
from connector.ports.people import ScoreRow
from mappings.compile import FieldMapping

ORDER = tuple(LiveStep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One opened connection that a plan writes to."""

    connection: Connection
    mapping: FieldMapping
    abilities: Abilities
    users: Mapping[str, Owner]


def place_of(*, connection: Connection, mapping: FieldMapping, crm: Crm, users: Mapping[str, Owner]) -> Place:
    """The connection with what planning must know of it; users are needed only where tasks may be made."""
    return Place(connection=connection, mapping=mapping, abilities=crm.abilities, users=users)


def covers(connection: Connection, person: Person) -> bool:
    """Whether the connection is live for this person: it holds a row of theirs that may be written, and they are on its list if any."""
    if connection.live is LiveStep.OFF:
        return False
    if not any(m.is_live and m.contact.key.connection == connection.name for m in person.members):
        return False
    listed = connection.live_people
    return listed is None or any(e in listed for m in person.members for e in m.contact.emails)


def step_of(person: Person, connections: Sequence[Connection]) -> LiveStep:
    """How far hotlead is live for this person, in the connection that is furthest."""
    return max((c.live for c in connections if covers(c, person)), key=ORDER.index, default=LiveStep.OFF)


def surroundings(*, places: Sequence[Place], documents: Published, now: datetime) -> Surroundings:
    """What the ladder needs to know about the connections it may act in."""
    taking_tasks = {p.connection.name: p.connection.crm for p in places if p.connection.live is LiveStep.TASKS and p.abilities.tasks}
    return Surroundings(
        ladder=documents.ladder,
        bands=documents.model.bands,
        now=now,
        users={p.connection.name: p.users for p in places},
        crm_of=taking_tasks,
    )


def standing_of(row: ScoreRow, *, model: Model) -> Standing:
    """A kept score as the ladder sees it."""
    return Standing(
        fit=row.fit,
        engagement=row.engagement,
        total=row.total,
        grade=row.grade,
        temperature=row.temperature,
        excluded=row.excluded,
        fired={h: datetime.fromtimestamp(at, UTC) for h, at in json.loads(row.fired).items()},
        origins={h.id: h.origin for h in model.hand_offs if h.origin},
    )
