"""Portals for HubSpot's own contract tests: a shared one, and empty ones."""

from collections.abc import Iterator

import pytest

from tests.support.connected_portal import NO_LIMITS, Portal
from tests.support.sandboxes import running_sandbox


@pytest.fixture(scope="package")
def shared() -> Iterator[Portal]:
    """One portal for the tests that leave each other alone, hotlead's properties installed."""
    with running_sandbox("hubspot", people=500, options=NO_LIMITS) as sandbox:
        portal = Portal(sandbox)
        assert {step.state for step in portal.open().install()} == {"present"}
        yield portal


@pytest.fixture
def portal(shared: Portal) -> Iterator[Portal]:
    """The shared portal without faults or counts from another test."""
    shared.sandbox.heal()
    shared.sandbox.reset_counters()
    yield shared
    shared.sandbox.heal()


@pytest.fixture
def empty() -> Iterator[Portal]:
    """A portal of one's own with nobody in it."""
    with running_sandbox("hubspot", people=0, options=NO_LIMITS) as sandbox:
        yield Portal(sandbox)
