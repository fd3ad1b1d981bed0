"""One running sandbox a CRM for the whole session, and connections to it."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from adapters.finder import crm_kinds
from adapters.kit.clock import Clock
from connector.core.records import RecordKey
from connector.ports.crm import Ask, Crm, Write
from tests.support.crm_cases import CASES, CrmCase
from tests.support.sandboxes import Sandbox, running_sandbox

_numbers = count(1)


class Bench:
    """A CRM under test: its case, its sandbox, and connections to it."""

    def __init__(self, *, case: CrmCase, sandbox: Sandbox) -> None:
        self.case = case
        self.sandbox = sandbox
        self._opened: list[Crm] = []

    def settings(self, **changed: str) -> dict[str, str]:
        """Settings that connect to the sandbox, with changes."""
        kind = crm_kinds()[self.case.crm]
        own = kind.sandbox_settings(url=self.sandbox.url, credentials=self.sandbox.credentials)
        return {**own, **self.case.settings, **changed}

    def open(self, **changed: str) -> Crm:
        """A new connection, which knows nothing of earlier ones."""
        clock = {"clock": self.case.clock} if self.case.clock else {}
        return self._open(self.settings(**changed), clock)

    def open_by(self, clock: Clock) -> Crm:
        """A new connection that takes its time from `clock`."""
        return self._open(self.settings(), {"clock": clock})

    def _open(self, settings: Mapping[str, str], clock: Mapping[str, Any]) -> Crm:
        crm = crm_kinds()[self.case.crm].open(connection="under-test", settings=settings, **clock)
        self._opened.append(crm)
        return crm

    def close(self) -> None:
        """Closes every connection opened here."""
        for crm in self._opened:
            crm.close()
        self._opened.clear()

    def key(self, record_id: str, source: str = "") -> RecordKey:
        """The key of a row of the sandbox."""
        return RecordKey("under-test", source or self.case.contact, record_id)

    def new_contact(self, word: str = "Person") -> str:
        """A person makes a contact whose last name begins so; its id."""
        name = f"{word}{next(_numbers)}x{datetime.now(UTC):%H%M%S%f}"
        return self.sandbox.create(self.case.contact, self.case.new_contact(name))

    def ask(self, cursor: str | None = None) -> Ask:
        """Asks for contacts."""
        return Ask(source=self.case.contact, fields=self.case.contact_fields, cursor=cursor)

    def writes(self, ids: Sequence[str], text: str) -> list[Write]:
        """Writes these reasons and a score of 71 to each of these contacts."""
        return [Write(key=self.key(record_id), fields={self.case.reasons_field: text, self.case.score_field: 71}) for record_id in ids]

    def field(self, record_id: str, name: str, source: str = "") -> Any:
        """The present value of a field, as the CRM keeps it."""
        return self.case.record(self.sandbox.record(source or self.case.contact, record_id)).get(name)


@pytest.fixture(scope="session", params=sorted(CASES))
def crm_bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """One sandbox a CRM for the session, its package installed."""
    case = CASES[request.param]
    with running_sandbox(case.crm, people=case.people, options=case.options) as sandbox:
        bench = Bench(case=case, sandbox=sandbox)
        for _ in bench.open().install():
            pass
        bench.close()
        yield bench


@pytest.fixture
def bench(crm_bench: Bench) -> Iterator[Bench]:
    """The CRM under test, without faults or counts from another test."""
    crm_bench.sandbox.heal()
    crm_bench.sandbox.reset_counters()
    yield crm_bench
    crm_bench.close()
    crm_bench.sandbox.heal()


@pytest.fixture
def crm(bench: Bench) -> Crm:
    """A new connection to the CRM under test."""
    return bench.open()
