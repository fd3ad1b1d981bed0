"""Portals for the tests of the HubSpot sandbox, and a receiver of what it pushes."""

from collections.abc import Iterator

import pytest
import requests

from tests.support.hubspot_portal import PEOPLE, Served, serve_portal
from tests.support.push_receiver import Receiver, receiving


@pytest.fixture(scope="module")
def seeded() -> Iterator[Served]:
    """Five hundred people; tests that use it change nothing they count."""
    with serve_portal(people=PEOPLE) as served:
        yield served


@pytest.fixture
def empty() -> Iterator[Served]:
    """A new portal with owners and nothing else."""
    with serve_portal() as served:
        yield served


@pytest.fixture
def portal(empty: Served) -> Served:
    """An empty portal whose clock stands still."""
    requests.put(f"{empty.url}/_sandbox/clock", json={"frozen": True}, timeout=5).raise_for_status()
    return empty


@pytest.fixture
def listener() -> Iterator[Receiver]:
    """A receiver that answers 204."""
    with receiving() as receiver:
        yield receiver
