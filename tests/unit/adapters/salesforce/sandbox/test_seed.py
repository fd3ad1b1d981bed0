"""The seeded org: believable, consistent, and the same for the same arguments."""

from typing import Any

import pytest

from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.kit.sandbox.world import World
from adapters.salesforce.sandbox.org import Org, OrgSettings
from adapters.salesforce.sandbox.seed import seed_org
from adapters.salesforce.sandbox.standard import PREFIXES
from tests.unit.adapters.salesforce.sandbox.small_org import NOW


def _seeded(seed: int = 3) -> Org:
    org = Org(database=SandboxDatabase(), control=Control(clock=SandboxClock(start=NOW)), settings=OrgSettings())
    seed_org(org, World(people=400, seed=seed, now=NOW))
    return org


@pytest.fixture(scope="module")
def org() -> Org:
    return _seeded()


def _rows(org: Org, sql: str) -> list[tuple[Any, ...]]:
    with org.database.reading() as db:
        return db.execute(sql).fetchall()


def test_same_world_seeds_the_same_org(org: Org) -> None:
    again = _seeded()

    for table in ("Lead", "Contact", "Task", "CampaignMember", "Opportunity"):
        assert _rows(org, f'SELECT * FROM "{table}"') == _rows(again, f'SELECT * FROM "{table}"')
    assert _rows(org, 'SELECT * FROM "Lead"') != _rows(_seeded(seed=4), 'SELECT * FROM "Lead"')


def test_every_reference_points_to_a_record_of_an_allowed_object(org: Org) -> None:
    for kind in org.catalogue.kinds():
        for field in kind.kept_fields():
            if field.type != "reference":
                continue
            for (value,) in _rows(org, f'SELECT DISTINCT "{field.name}" FROM {kind.table} WHERE "{field.name}" IS NOT NULL'):
                target = PREFIXES[value[:3]]
                assert target in field.references, f"{kind.name}.{field.name} {value}"
                assert _rows(org, f"SELECT 1 FROM \"{target}\" WHERE Id = '{value}'"), f"{kind.name}.{field.name} {value}"


def test_no_required_field_is_empty_and_no_restricted_picklist_holds_a_stranger(org: Org) -> None:
    for kind in org.catalogue.kinds():
        for field in kind.kept_fields():
            if not field.nillable and field.type != "reference":
                assert not _rows(org, f'SELECT 1 FROM {kind.table} WHERE "{field.name}" IS NULL'), f"{kind.name}.{field.name}"
            if field.restricted:
                values = {row[0] for row in _rows(org, f'SELECT DISTINCT "{field.name}" FROM {kind.table}')} - {None}
                assert values <= {pick.value for pick in field.picks}, f"{kind.name}.{field.name}"


def test_converted_contacts_have_the_lead_they_came_from(org: Org) -> None:
    pairs = _rows(
        org, 'SELECT l.Email, c.Email, l.Status FROM "Lead" l JOIN "Contact" c ON c.Id = l.ConvertedContactId WHERE l.IsConverted'
    )

    assert len(pairs) > 10
    assert all(lead == contact and status == "Qualified" for lead, contact, status in pairs)


def test_nothing_is_stamped_after_now(org: Org) -> None:
    for table in ("Lead", "Contact", "Account", "Task", "Event", "CampaignMember", "Opportunity"):
        ((latest,),) = _rows(org, f'SELECT MAX(SystemModstamp) FROM "{table}"')
        assert latest <= "2026-11-20T09:30:15.000+0000", table


def test_no_hotlead_field_exists_before_it_is_deployed(org: Org) -> None:
    assert not [field.name for kind in org.catalogue.kinds() for field in kind.fields() if field.name.startswith("Hotlead")]
