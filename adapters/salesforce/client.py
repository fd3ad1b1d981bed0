"""simple-salesforce, cured: one login for all threads, headers that survive, time-outs, bounded retries, an end to a lasting 401.

Station: every call of this folder goes through `SalesforceClient.call`, on the session of `transport.py`. Nothing here uses the library's
object handles (`sf.Lead…`), which recurse on a lasting 401, nor `deploy`, which spoils the headers of later calls.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import requests
from simple_salesforce.api import Salesforce

from adapters.kit.budget import LOOK_AGAIN, Budget, Purpose
from adapters.kit.clock import Clock
from adapters.kit.redaction import Secret
from adapters.kit.retry import RETRY_STATUSES, WELCOME_LATER, RetryPolicy, Transient, call_with_retries, retry_after_s
from adapters.salesforce.auth import AloneLogin, Login, SharedLogin, Token, TokenSource
from adapters.salesforce.errors import call_refused, first_error, not_salesforce, transport_failure, unreachable
from adapters.salesforce.settings import SalesforceSettings
from adapters.salesforce.transport import date_of, make_session
from connector.ports.errors import CrmError, CrmLimit
from connector.ports.tokens import TokenShelf

PAGE_ROWS = 2000
"""Rows of one answer to a query, the most there are ("REST API Developer Guide", Query Options Header)."""

CONCURRENT_WAIT_S = 30.0
"""How long to stand back when the org has too many long calls at once; the answer does not say."""

_HEADERS = {"Sforce-Call-Options": "client=hotlead", "Accept": "application/json"}
_KEPT_CHARACTERS = "'(),=*:."
"""What a query keeps unquoted in the address, which is at most 16 kB long."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: the parsed body (None for an empty one) and when the org gave it."""

    body: Any
    at: datetime


class CuredSalesforce(Salesforce):
    """The vendor's client with another way to call and to log in. Makes no call until it is asked for one."""

    def __init__(self, *, host: str, version: str, session: requests.Session, login: TokenSource, budget: Budget) -> None:
        super().__init__(session_id="", instance=host, version=version, session=session, object_pairs_hook=dict)
        self._login = login
        self._budget = budget
        self._login_lock = Lock()
        self._logins_tried = 0
        self._login_error: CrmError | None = None
        self._token: Token | None = None

    def token(self, *, instead_of: Token | None = None) -> Token:
        """The present token; a new one when there is none yet or the present one is `instead_of`.

        However many threads ask at once, one logs in (or asks the shelf that processes share); when it is refused, those that waited for it
        get the same error and do not try again.
        """
        token, tried = self._token, self._logins_tried
        if token is not None and token is not instead_of:
            return token
        with self._login_lock:
            if self._token is not None and self._token is not instead_of:
                return self._token
            if self._logins_tried != tried and self._login_error is not None:
                raise self._login_error
            self._logins_tried += 1
            self._login_error = None
            try:
                self._token = self._login(instead_of=instead_of)
            except CrmError as error:
                self._login_error = error
                raise
            return self._token

    def _refresh_session(self) -> None:
        self.token(instead_of=self._token)

    def _call_salesforce(self, method: str, url: str, *_name: object, **kwargs: Any) -> requests.Response:
        """One call, as the library's own methods make it too; a 401 is answered by one login and one more try, never more.

        Any other status is given back as it is. `purpose` and `essential` say how the call is booked; the library's own `name` and retry
        counts are not needed.
        """
        purpose, essential = kwargs.pop("purpose", Purpose.READ), kwargs.pop("essential", False)
        kwargs.pop("name", None)
        headers = kwargs.pop("headers", None) or {}
        token = self.token()

        def send(token: Token) -> requests.Response:
            self._budget.spend(purpose=purpose, essential=essential)
            return self.session.request(
                method,
                urlunsplit(("https", token.host, *urlsplit(url)[2:])),
                headers={**_HEADERS, **headers, "Authorization": f"Bearer {token.access.reveal()}"},
                **kwargs,
            )

        answer = send(token)
        return send(self.token(instead_of=token)) if answer.status_code == 401 else answer


class SalesforceClient:
    """Typed calls to one org, each with bounded retries. Thread-safe. Raises only CrmError classes."""

    def __init__(
        self,
        *,
        connection: str,
        settings: SalesforceSettings,
        tokens: TokenShelf | None = None,
        clock: Clock,
        budget: Budget,
        policy: RetryPolicy,
    ) -> None:
        self.connection = connection
        self.settings = settings
        self.clock = clock
        self.budget = budget
        self.policy = policy
        self._session = make_session(base_url=settings.base_url, timeout_s=settings.timeout_s, budget=budget)
        login = Login(connection=connection, settings=settings, session=self._session, budget=budget, clock=clock, policy=policy)
        self._salesforce = CuredSalesforce(
            host=settings.login_host,
            version=settings.api_version,
            session=self._session,
            login=SharedLogin(login=login, tokens=tokens, connection=connection, settings=settings) if tokens else AloneLogin(login),
            budget=budget,
        )

    def token(self) -> Token:
        """The present access token, after a login where there is none."""
        return self._salesforce.token()

    def call(
        self,
        method: str,
        path: str,
        *,
        purpose: Purpose,
        essential: bool = False,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        files: Mapping[str, tuple[str | None, bytes, str]] | None = None,
    ) -> Answer:
        """The good answer to one call. `path` stands below `/services/data/vNN.N/` unless it begins with a slash.

        Tried again after failures that may pass, so every call made here must be one that may take effect twice.
        """
        sent: dict[str, Any] = {"headers": dict(headers or {}), "purpose": purpose, "essential": essential}
        if body is not None:
            sent["data"] = json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
            sent["headers"]["Content-Type"] = "application/json"
        if files is not None:
            sent["files"] = files
        return call_with_retries(lambda: self._try(method, path, sent), policy=self.policy, clock=self.clock)

    def query(self, soql: str, *, purpose: Purpose, every_row: bool = False, essential: bool = False) -> Answer:
        """The first page of a query; `every_row` brings deleted rows and archived activities too."""
        verb = "queryAll" if every_row else "query"
        headers = {"Sforce-Query-Options": f"batchSize={PAGE_ROWS}"}
        return self.call("GET", f"{verb}?q={quote(soql, safe=_KEPT_CHARACTERS)}", purpose=purpose, essential=essential, headers=headers)

    def rows(self, soql: str, *, purpose: Purpose, every_row: bool = False, essential: bool = False) -> list[dict[str, Any]]:
        """All rows of a query whose answer is small, such as settings of the org, in however many pages it comes."""
        answer = self.query(soql, purpose=purpose, every_row=every_row, essential=essential)
        rows: list[dict[str, Any]] = list(answer.body["records"])
        while not answer.body["done"]:
            answer = self.call("GET", answer.body["nextRecordsUrl"], purpose=purpose, essential=essential)
            rows += answer.body["records"]
        return rows

    def close(self) -> None:
        """Closes the connections; a later call opens new ones."""
        self._session.close()

    def secrets(self) -> Sequence[Secret]:
        """What must not show in a message made now."""
        return self.settings.secrets

    def _try(self, method: str, path: str, sent: Mapping[str, Any]) -> Answer:
        try:
            answer = self._salesforce._call_salesforce(method, self._address(path), **{**sent, "headers": dict(sent["headers"])})
        except requests.RequestException as failure:
            raise transport_failure(failure, connection=self.connection, host=self.settings.login_host) from failure
        if answer.status_code < 300:
            return self._good(answer)
        raise self._refusal(answer, what=f"{method} {path.split('?')[0]}")

    def _address(self, path: str) -> str:
        below = path if path.startswith("/") else f"/services/data/v{self.settings.api_version}/{path}"
        return f"https://{self.settings.login_host}{below}"

    def _good(self, answer: requests.Response) -> Answer:
        at = date_of(answer.headers) or self.clock.now()
        if not answer.content:
            return Answer(body=None, at=at)
        try:
            return Answer(body=json.loads(answer.content), at=at)
        except ValueError as failure:
            # A login or maintenance page with status 200, often for a moment only.
            error = not_salesforce(connection=self.connection, host=self.settings.login_host, status=answer.status_code)
            raise Transient(error) from failure

    def _refusal(self, answer: requests.Response, *, what: str) -> Exception:
        body = _parsed(answer)
        code, message = first_error(body)
        wait_s = retry_after_s(answer.headers, now=self.clock.now())
        if wait_s is not None and answer.status_code in WELCOME_LATER:
            self.budget.stand_back(seconds=wait_s)
        if answer.status_code in RETRY_STATUSES - {429}:
            return Transient(unreachable(connection=self.connection, code=code or str(answer.status_code)), retry_after_s=wait_s)
        until = self.clock.now() + (LOOK_AGAIN if wait_s is None else timedelta(seconds=wait_s))
        error = call_refused(
            status=answer.status_code, body=body, connection=self.connection, what=what, secrets=self.secrets(), until=until
        )
        if isinstance(error, CrmLimit):
            if "Concurrent" in message or answer.status_code == 429:
                return Transient(error, retry_after_s=wait_s if wait_s is not None else CONCURRENT_WAIT_S)
            self.budget.close(until=until)
        if code == "UNABLE_TO_LOCK_ROW":
            return Transient(error)
        return error


def _parsed(answer: requests.Response) -> Any:
    try:
        return json.loads(answer.content)
    except ValueError:
        return None
