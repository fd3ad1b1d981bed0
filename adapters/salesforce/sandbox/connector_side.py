"""Salesforce as a third party's connector uses it: leads and contacts queried by their stamp, found by e-mail, patched one by one.

Station: Salesforce sandbox, a client of its API for `adapters.kit.sandbox.connector_between`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

from adapters.kit.sandbox.connector_between import Person
from adapters.kit.sandbox.third_party import Caller, CallRefused

_BASE = "/services/data/v66.0"
_KINDS = {"Contact": "", "Lead": " AND IsConverted = false"}
"""Looked at in this order, so that a contact is found before a lead of the same address."""


class SalesforceSide:
    """Leads and contacts of one org; a person's key is `Lead/ID` or `Contact/ID`."""

    def __init__(self, caller: Caller, *, credentials: Mapping[str, str], fields: tuple[str, ...]) -> None:
        self._caller = caller
        self._credentials = credentials
        self._fields = fields
        self._since = ""

    def begin(self) -> None:
        """Logs in, and starts at the org's present."""
        self._log_in()
        self._caller.call("GET", f"{_BASE}/limits")
        self._since = parsedate_to_datetime(self._caller.date).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def changed(self) -> list[Person]:
        """Leads and contacts changed at or after the newest stamp seen."""
        names = ", ".join(dict.fromkeys(["Id", "Email", "SystemModstamp", *self._fields]))
        people: list[Person] = []
        since = self._since
        for kind, further in _KINDS.items():
            for row in self._query(f"SELECT {names} FROM {kind} WHERE SystemModstamp >= {since}{further} ORDER BY SystemModstamp"):
                values = {name: str(row[name]) if row[name] is not None else "" for name in self._fields}
                people.append(Person(key=f"{kind}/{row['Id']}", email=row["Email"] or "", values=values))
                self._since = max(self._since, str(row["SystemModstamp"])[:19] + "Z")
        return people

    def find(self, email: str) -> str | None:
        """The key of the contact or lead with this address."""
        quoted = email.replace("\\", "\\\\").replace("'", "\\'")
        for kind, further in _KINDS.items():
            for row in self._query(f"SELECT Id FROM {kind} WHERE Email = '{quoted}'{further} LIMIT 1"):
                return f"{kind}/{row['Id']}"
        return None

    def write(self, key: str, values: Mapping[str, str]) -> None:
        """Sets fields of a lead or contact."""
        self._call("PATCH", f"{_BASE}/sobjects/{key}", json={name: value or None for name, value in values.items()})

    def _query(self, soql: str) -> list[dict[str, Any]]:
        page = self._call("GET", f"{_BASE}/query", query={"q": soql})
        rows: list[dict[str, Any]] = list(page["records"])
        while not page["done"]:
            page = self._call("GET", page["nextRecordsUrl"])
            rows += page["records"]
        return rows

    def _call(self, method: str, path: str, *, json: Any = None, query: Mapping[str, str] | None = None) -> Any:
        try:
            return self._caller.call(method, path, json=json, query=query)
        except CallRefused as refused:
            if "INVALID_SESSION_ID" not in str(refused):
                raise
        self._log_in()
        return self._caller.call(method, path, json=json, query=query)

    def _log_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credentials["client_id"],
            "client_secret": self._credentials["client_secret"],
        }
        answer = self._caller.call("POST", "/services/oauth2/token", form=form)
        self._caller.authorize(answer["access_token"])


def open_side(*, url: str, credentials: Mapping[str, str], fields: tuple[str, ...]) -> SalesforceSide:
    """A side that logs in with the connected app's credentials."""
    return SalesforceSide(Caller(url), credentials=credentials, fields=fields)
