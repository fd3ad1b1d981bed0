"""Who we are connected as, and who works there: the organisation, the API user, its colleagues.

Station: read by `adapter.py` for `identity` and `users`, by provisioning and checks.
"""

from threading import Lock
from typing import Any

from adapters.kit.budget import Purpose
from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.soql import word
from connector.ports.crm import Identity, User
from connector.ports.errors import CrmField, CrmRefused


class Org:
    """Facts of one org that hardly ever change, asked once. Thread-safe."""

    def __init__(self, *, client: SalesforceClient) -> None:
        self._client = client
        self._identity: Identity | None = None
        self._lock = Lock()

    def identity(self) -> Identity:
        """The org and the API user."""
        with self._lock:
            if self._identity is None:
                self._identity = self._ask()
            return self._identity

    def user_id(self) -> str:
        """The API user's id, as the token names it."""
        return self._client.token().user_id

    def users(self) -> tuple[User, ...]:
        """People who can own records, inactive ones too."""
        rows = self._rows("SELECT Id, Name, Email, IsActive FROM User WHERE UserType = 'Standard' ORDER BY Id")
        return tuple(User(id=row["Id"], name=row["Name"], email=row["Email"] or "", active=bool(row["IsActive"])) for row in rows)

    def _ask(self) -> Identity:
        org = self._rows("SELECT Id, Name, IsSandbox, TimeZoneSidKey FROM Organization LIMIT 1")[0]
        user = self._rows(f"SELECT Id, Username FROM User WHERE Id = {word(self.user_id())}") if self.user_id() else []
        return Identity(
            account=org["Id"],
            name=org["Name"],
            user=user[0]["Username"] if user else self._client.settings.username,
            base_currency=self._client.settings.currency or self._corporate_currency(),
            zone=org["TimeZoneSidKey"],
            production=not org["IsSandbox"],
        )

    def _corporate_currency(self) -> str | None:
        # Only an org with several currencies has this object; one with a single currency tells it nowhere in REST.
        try:
            rows = self._rows("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true")
        except (CrmField, CrmRefused):
            return None
        return rows[0]["IsoCode"] if rows else None

    def _rows(self, soql: str) -> list[dict[str, Any]]:
        return self._client.rows(soql, purpose=Purpose.CATALOG, essential=True)
