"""HubSpot as a third party's connector uses it: contacts searched by their stamp, found by e-mail, patched one by one.

Station: HubSpot sandbox, a client of its API for `adapters.kit.sandbox.connector_between`.
"""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from adapters.hubspot.sandbox.stamps import parse_instant, to_ms
from adapters.kit.sandbox.connector_between import Person
from adapters.kit.sandbox.third_party import Caller

_CONTACTS = "/crm/v3/objects/contacts"


class HubSpotSide:
    """Contacts of one portal."""

    def __init__(self, caller: Caller, *, fields: tuple[str, ...]) -> None:
        self._caller = caller
        self._fields = fields
        self._since_ms = 0

    def begin(self) -> None:
        """Starts at the portal's present."""
        self._caller.call("GET", _CONTACTS, query={"limit": "1"})
        self._since_ms = to_ms(parsedate_to_datetime(self._caller.date))

    def changed(self) -> list[Person]:
        """Contacts changed at or after the newest stamp seen."""
        people: list[Person] = []
        since, after = self._since_ms, ""
        while True:
            body = {
                "filterGroups": [{"filters": [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": str(since)}]}],
                "sorts": [{"propertyName": "lastmodifieddate", "direction": "ASCENDING"}],
                "properties": ["email", *self._fields],
                "limit": 200,
                **({"after": after} if after else {}),
            }
            page = self._caller.call("POST", f"{_CONTACTS}/search", json=body) or {}
            for one in page.get("results", ()):
                values = {name: one["properties"].get(name) or "" for name in self._fields}
                people.append(Person(key=one["id"], email=one["properties"].get("email") or "", values=values))
                self._since_ms = max(self._since_ms, parse_instant(one["updatedAt"]))
            after = page.get("paging", {}).get("next", {}).get("after", "")
            if not after:
                return people

    def find(self, email: str) -> str | None:
        """The id of the contact with this address."""
        found = self._caller.call("GET", f"{_CONTACTS}/{email}", query={"idProperty": "email"})
        return None if found is None else str(found["id"])

    def write(self, key: str, values: Mapping[str, str]) -> None:
        """Sets properties of a contact."""
        self._caller.call("PATCH", f"{_CONTACTS}/{key}", json={"properties": dict(values)})


def open_side(*, url: str, credentials: Mapping[str, str], fields: tuple[str, ...]) -> HubSpotSide:
    """A side with the portal's own token."""
    caller = Caller(url)
    caller.authorize(credentials["access_token"])
    return HubSpotSide(caller, fields=fields)
