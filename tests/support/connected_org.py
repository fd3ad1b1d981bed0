"""A Salesforce sandbox run for a test, and connections to it. Station: tests, support; the adapter's own contract tests use it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from adapters.salesforce.adapter import KIND, SalesforceCrm
from connector.core.records import RecordKey
from connector.ports.crm import NewTask, Write
from tests.support.clocks import HurriedClock
from tests.support.crm_tasks import call_task
from tests.support.sandboxes import Sandbox, running_sandbox


@contextmanager
def org_of(*, people: int = 500, options: tuple[str, ...] = ()) -> Iterator[Sandbox]:
    """A sandbox org, without hotlead's fields."""
    with running_sandbox("salesforce", people=people, options=options) as sandbox:
        yield sandbox


def opened(sandbox: Sandbox, **changed: str) -> SalesforceCrm:
    """A new connection, which wakes at once from every wait."""
    settings = {**KIND.sandbox_settings(url=sandbox.url, credentials=sandbox.credentials), **changed}
    return KIND.open(connection="sf", settings=settings, clock=HurriedClock())


def install(sandbox: Sandbox) -> None:
    """Makes hotlead's fields there."""
    for _ in opened(sandbox).install():
        pass


def new_lead(org: Sandbox, name: str = "Lock") -> str:
    """A person makes a lead; its id."""
    return org.create("Lead", {"LastName": name, "Company": "Contract Ltd"})


def lead_write(lead: str, fields: Mapping[str, Any]) -> Write:
    return Write(key=RecordKey("sf", "Lead", lead), fields=dict(fields))


def lead_task(lead: str, key: str) -> NewTask:
    """A call to a lead, its subject longer than Salesforce takes."""
    return call_task(RecordKey("sf", "Lead", lead), key, subject="Call " + "x" * 300, body="Because")
