"""What reads of a CRM give, gathered. Station: tests, support; the contract suites use it."""

from collections.abc import Iterable

from connector.ports.crm import Ask, Crm, Page, RawRecord


def rows_of(crm: Crm, ask: Ask) -> list[RawRecord]:
    """Every row one run gives, as often as it gives it."""
    return [record for page in crm.read(ask) for record in page.records]


def last_states(crm: Crm, ask: Ask) -> dict[str, RawRecord]:
    """The last state given of each row in one run, by its id."""
    return run_through(crm, ask)[0]


def cursor_after(crm: Crm, ask: Ask) -> str:
    """The cursor after one whole run."""
    return run_through(crm, ask)[1]


def run_through(crm: Crm, ask: Ask) -> tuple[dict[str, RawRecord], str]:
    """The last state given of each row in one run, by its id, and the cursor for the next."""
    pages = list(crm.read(ask))
    return {record.key.id: record for page in pages for record in page.records}, pages[-1].cursor


def ids_of(pages: Iterable[Page]) -> list[str]:
    """The ids of the pages' rows, as they came."""
    return [record.key.id for page in pages for record in page.records]
