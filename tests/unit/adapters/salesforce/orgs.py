"""An org made of canned answers: requests of the real client end in `responses`, no socket is opened."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
import responses

from adapters.kit.retry import RetryPolicy
from adapters.salesforce.adapter import KIND, SalesforceCrm
from connector.ports.tokens import TokenShelf
from tests.support.clocks import StillClock

HOST = "https://acme.my.salesforce.com"
DATA = f"{HOST}/services/data/v66.0"
TOKEN = f"{HOST}/services/oauth2/token"
SETTINGS = {"domain": "acme.my", "client_id": "app", "client_secret": "not-to-be-seen-0001"}

Reply = tuple[int, Mapping[str, str], str]


def logs_in(wire: responses.RequestsMock, *, token: str = "00Dxx!token-1") -> None:
    """Lets every login end well."""
    told = {"access_token": token, "instance_url": HOST, "id": "https://login.salesforce.com/id/00D000000000001AAA/005000000000001AAA"}
    wire.add(responses.POST, TOKEN, json=told)


def connect(
    *, clock: StillClock | None = None, policy: RetryPolicy | None = None, tokens: TokenShelf | None = None, **settings: str
) -> SalesforceCrm:
    """A connection to the canned org."""
    return KIND.open(connection="acme", settings={**SETTINGS, **settings}, tokens=tokens, clock=clock or StillClock(), policy=policy)


def page(*rows: Mapping[str, Any], done: bool = True) -> dict[str, Any]:
    """The answer to a query."""
    return {"totalSize": len(rows), "done": done, "records": list(rows)}


def row(record_id: str, stamp: str, **fields: Any) -> dict[str, Any]:
    """A lead as a query gives it."""
    return {
        "attributes": {"type": "Lead"},
        "Id": record_id,
        "SystemModstamp": stamp,
        "IsDeleted": False,
        "MasterRecordId": None,
        "ConvertedContactId": None,
        **fields,
    }


def answers(wire: responses.RequestsMock, answer: Callable[[str], Any], *, date: str = "Mon, 02 Nov 2026 09:00:00 GMT") -> list[str]:
    """Answers every queryAll by what `answer` makes of its SOQL (a body, or (status, body)); the queries are collected in the list."""
    asked: list[str] = []

    def reply(request: requests.PreparedRequest) -> Reply:
        soql = parse_qs(urlsplit(str(request.url)).query)["q"][0]
        asked.append(soql)
        told = answer(soql)
        status, body = told if isinstance(told, tuple) else (200, told)
        return status, {"Date": date}, json.dumps(body)

    wire.add_callback(responses.GET, f"{DATA}/queryAll", callback=reply)
    return asked


def nothing_purged(wire: responses.RequestsMock) -> None:
    """Lets every look for purged leads find none."""
    told = {
        "deletedRecords": [],
        "earliestDateAvailable": "2026-10-01T00:00:00.000+0000",
        "latestDateCovered": "2026-11-02T09:00:00.000+0000",
    }
    wire.add(responses.GET, f"{DATA}/sobjects/Lead/deleted/", json=told, headers={"Date": "Mon, 02 Nov 2026 09:00:00 GMT"})
