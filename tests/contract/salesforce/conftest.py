"""Orgs for Salesforce's own contract tests."""

from collections.abc import Iterator

import pytest

from adapters.salesforce.adapter import SalesforceCrm
from tests.support.connected_org import install, opened, org_of
from tests.support.sandboxes import Sandbox


@pytest.fixture(scope="package")
def org() -> Iterator[Sandbox]:
    """An org of 800 people with hotlead's fields; tests leave only new records behind."""
    with org_of(people=800) as sandbox:
        install(sandbox)
        yield sandbox


@pytest.fixture
def crm(org: Sandbox) -> Iterator[SalesforceCrm]:
    """A new connection to the org, which wakes at once from every wait."""
    org.heal()
    org.reset_counters()
    connected = opened(org)
    yield connected
    connected.close()
    org.heal()
