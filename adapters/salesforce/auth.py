"""Gets access tokens: client credentials and JWT bearer, from a shelf that processes share where there is one.

Station: used by `client.py` when a call has no token or the org says it has expired.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from adapters.kit.budget import Budget, Purpose
from adapters.kit.clock import Clock
from adapters.kit.redaction import Secret
from adapters.kit.retry import RETRY_STATUSES, WELCOME_LATER, RetryPolicy, Transient, call_with_retries, retry_after_s
from adapters.salesforce.errors import login_refused, not_salesforce, transport_failure, unreachable
from adapters.salesforce.settings import SalesforceSettings
from connector.ports.errors import CrmError
from connector.ports.tokens import SharedToken, TokenShelf

ASSERTION_LIFE_S = 180
"""How long a JWT assertion is good for; Salesforce takes at most five minutes ("OAuth 2.0 JWT Bearer Flow", seen 2026-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and where it is good. Salesforce does not say when it ends: a 401 does."""

    access: Secret
    host: str
    user_id: str
    org_id: str


class Login:
    """Logs in by whichever flow the settings hold. Raises CrmAuth, or CrmUnreachable after bounded retries."""

    def __init__(
        self, *, connection: str, settings: SalesforceSettings, session: requests.Session, budget: Budget, clock: Clock, policy: RetryPolicy
    ) -> None:
        self._connection = connection
        self._settings = settings
        self._session = session
        self._budget = budget
        self._clock = clock
        self._policy = policy

    def __call__(self) -> Token:
        return call_with_retries(self._ask, policy=self._policy, clock=self._clock)

    def _ask(self) -> Token:
        self._budget.spend(purpose=Purpose.AUTH, essential=True)
        form, headers = self._grant()
        try:
            answer = self._session.post(
                f"https://{self._settings.login_host}/services/oauth2/token",
                data=form,
                headers={"Accept": "application/json", **headers},
            )
        except requests.RequestException as failure:
            raise transport_failure(failure, connection=self._connection, host=self._settings.login_host) from failure
        if answer.status_code in RETRY_STATUSES:
            error = unreachable(connection=self._connection, code=str(answer.status_code))
            wait_s = retry_after_s(answer.headers, now=self._clock.now())
            if wait_s is not None and answer.status_code in WELCOME_LATER:
                self._budget.stand_back(seconds=wait_s)
            raise Transient(error, retry_after_s=wait_s)
        return self._token(answer)

    def _grant(self) -> tuple[dict[str, str], dict[str, str]]:
        settings = self._settings
        if settings.client_secret is not None:
            pair = f"{settings.client_id}:{settings.client_secret.reveal()}".encode()
            return {"grant_type": "client_credentials"}, {"Authorization": "Basic " + base64.b64encode(pair).decode()}
        return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": self._assertion()}, {}

    def _assertion(self) -> str:
        settings = self._settings
        if settings.private_key is None:
            raise TypeError("checked settings hold a secret or a key")
        claims = {
            "iss": settings.client_id,
            "sub": settings.username,
            "aud": f"https://{settings.login_host}",
            "exp": int(self._clock.now().timestamp()) + ASSERTION_LIFE_S,
        }
        key = load_pem_private_key(settings.private_key.reveal().encode(), password=None)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("checked settings hold an RSA key")
        signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        return f"{signed}.{_base64url(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"

    def _token(self, answer: requests.Response) -> Token:
        try:
            told = answer.json()
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise not_salesforce(connection=self._connection, host=self._settings.login_host, status=answer.status_code)
        if answer.status_code != 200 or not told.get("access_token"):
            raise self._refusal(told)
        who = str(told.get("id", "")).rstrip("/").split("/")
        return Token(
            access=Secret(str(told["access_token"])),
            host=urlsplit(str(told.get("instance_url", ""))).netloc or self._settings.login_host,
            user_id=who[-1] if len(who) > 1 else "",
            org_id=who[-2] if len(who) > 1 else "",
        )

    def _refusal(self, told: Mapping[str, object]) -> CrmError:
        return login_refused(
            connection=self._connection,
            code=str(told.get("error", "")),
            description=str(told.get("error_description", "")),
            secrets=self._settings.secrets,
        )


class TokenSource(Protocol):
    """Where a client gets its token."""

    def __call__(self, *, instead_of: Token | None) -> Token:
        """A token; not `instead_of`, which the org refused. Raises CrmError."""


class AloneLogin:
    """Logs in each time: no other process shares the token."""

    def __init__(self, login: Callable[[], Token]) -> None:
        self._login = login

    def __call__(self, *, instead_of: Token | None) -> Token:
        del instead_of  # a login never gives the same token
        return self._login()


class SharedLogin:
    """The token that another process has got already, else a login that serves all of them."""

    def __init__(self, *, login: Callable[[], Token], tokens: TokenShelf, connection: str, settings: SalesforceSettings) -> None:
        self._login = login
        self._tokens = tokens
        self._connection = connection
        self._whose = "|".join((settings.base_url, settings.domain, settings.client_id, settings.username))

    def __call__(self, *, instead_of: Token | None) -> Token:
        shelved = self._tokens.get(self._connection)
        token = self._read(shelved)
        if token is not None and token != instead_of:
            return token
        renewed = self._tokens.renew(self._connection, instead_of=shelved, login=self._new)
        # Unreadable only where two processes work with different settings of one connection: then each must log in for itself.
        return self._read(renewed) or self._login()

    def _new(self) -> SharedToken:
        token = self._login()
        parts = {"access": token.access.reveal(), "host": token.host, "user_id": token.user_id, "org_id": token.org_id}
        return SharedToken(text=json.dumps({"whose": self._whose, **parts}), until=None)

    def _read(self, shelved: SharedToken | None) -> Token | None:
        """The shelved token; None for one of other settings, such as from before the connection was made anew."""
        try:
            parts = json.loads(shelved.text) if shelved else {}
            if parts.pop("whose", None) != self._whose:
                return None
            return Token(access=Secret(parts.pop("access")), **parts)
        except (ValueError, KeyError, TypeError, AttributeError):
            return None


def _part(claims: Mapping[str, object]) -> str:
    return _base64url(json.dumps(claims, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
