"""Orgs for the tests of the Salesforce sandbox, and a receiver of what it pushes."""

from collections.abc import Iterator

import pytest

from tests.support.push_receiver import Receiver, receiving
from tests.support.salesforce_pushes import ACK
from tests.support.served_salesforce import NOW, Served, serve_org


@pytest.fixture
def served() -> Iterator[Served]:
    """An org without people."""
    yield from serve_org()


@pytest.fixture
def standing_clock(served: Served) -> None:
    """The org's clock stands still."""
    served.control("PUT", "clock", {"frozen": True, "now": NOW.isoformat()})


@pytest.fixture
def listener() -> Iterator[Receiver]:
    """A receiver that acknowledges."""
    with receiving() as receiver:
        receiver.status, receiver.body = 200, ACK
        yield receiver
