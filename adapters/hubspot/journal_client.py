"""HTTP to the webhooks journal: the app's own token, its calls, and the files they lead to.

Station: HubSpot adapter, under `journal`. The journal takes no service key, and a file stands outside the API under an address that is
itself the permission: no token goes there.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import urllib3

from adapters.hubspot.errors import call_error, read_complaint, unreachable
from adapters.hubspot.settings import HubSpotSettings
from adapters.kit.budget import Budget, Purpose
from adapters.kit.clock import Clock
from adapters.kit.redaction import Secret, scrub
from adapters.kit.retry import RETRY_STATUSES, WELCOME_LATER, RetryPolicy, Transient, call_with_retries, retry_after_s
from connector.ports.errors import CrmAuth, CrmError, CrmRefused

T = TypeVar("T")

TOKEN = "/oauth/2026-03/token"  # noqa: S105 - a path
SCOPES = "developer.webhooks_journal.read developer.webhooks_journal.subscriptions.read developer.webhooks_journal.subscriptions.write"
ENDS_EARLY_S = 300.0
"""HubSpot asks to renew by `expires_in`, not by a 401; five minutes before it ends no call is cut off."""
MOST_FILE_BYTES = 64 * 1024 * 1024
"""HubSpot names no largest file; a larger one than this would not be read into memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalReply:
    """A good answer, an empty one (204), or one that says there is nothing there (404)."""

    status: int
    body: Mapping[str, Any]


class JournalClient:
    """Safe for use by several threads. Raises only CrmError classes."""

    def __init__(self, *, connection: str, settings: HubSpotSettings, budget: Budget, clock: Clock, policy: RetryPolicy) -> None:
        self.connection = connection
        self._settings = settings
        self._budget = budget
        self._clock = clock
        self._policy = policy
        self._pool = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(connect=5.0, read=settings.timeout_s))
        self._token: tuple[Secret, float] | None = None
        self._lock = Lock()

    def call(self, method: str, path: str, *, parts: tuple[str, ...] = (), body: Any = None) -> JournalReply:
        """The answer, tried again within bounds; a 404 is an answer here. Raises CrmError, also for a good one without one of `parts`."""
        try:
            return self._with_retries(lambda: self._call(method, path, parts, body))
        except CrmAuth:
            # Perhaps only the token was over; one new one, then it is the app's fault.
            with self._lock:
                self._token = None
            return self._with_retries(lambda: self._call(method, path, parts, body))

    def file(self, url: str) -> Mapping[str, Any]:
        """The file at an address that the journal gave. Raises CrmRefused for an address that is neither https nor the sandbox's own."""
        ours, where = urlsplit(self._settings.base_url), urlsplit(url)
        if where.scheme != "https" and (where.scheme, where.netloc) != (ours.scheme, ours.netloc):
            raise CrmRefused(
                f'HubSpot "{self.connection}": the journal named a file at an address that is not https; it was not fetched.',
                connection=self.connection,
                code="JOURNAL_FILE_ADDRESS",
            )
        return self._with_retries(lambda: self._fetch(url))

    def close(self) -> None:
        """Lets the held connections go."""
        self._pool.clear()

    def _with_retries(self, attempt: Callable[[], T]) -> T:
        return call_with_retries(attempt, policy=self._policy, clock=self._clock)

    def _call(self, method: str, path: str, parts: tuple[str, ...], body: Any) -> JournalReply:
        token = self._present_token()
        self._budget.spend(purpose=Purpose.READ)
        headers = {"Accept": "application/json", "Authorization": f"Bearer {token.reveal()}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        what = f"{method} {path.partition('/offset/')[0]}"
        status, text = self._send(method, self._settings.base_url + path, headers, None if body is None else json.dumps(body), what=what)
        self._budget.saw()
        if status in (204, 404):
            return JournalReply(status=status, body={})
        if status >= 300:
            raise self._refusal(status, text, what=what)
        return JournalReply(status=status, body=self._parsed(text, parts, what=what))

    def _fetch(self, url: str) -> Mapping[str, Any]:
        what = "GET a journal file"
        status, text = self._send("GET", url, {"Accept": "application/json"}, None, what=what)
        if status >= 300:
            # The address runs out; the next look names a new one.
            raise Transient(unreachable(f"HTTP_{status}", connection=self.connection, what=what))
        return self._parsed(text, ("journalEvents",), what=what)

    def _present_token(self) -> Secret:
        """The token, or a new one; one thread asks for it and the others wait."""
        with self._lock:
            if self._token is None or self._clock.monotonic() >= self._token[1]:
                self._token = self._new_token()
            return self._token[0]

    def _new_token(self) -> tuple[Secret, float]:
        self._budget.spend(purpose=Purpose.AUTH, essential=True)
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.journal_client_id,
            "client_secret": self._settings.journal_client_secret.reveal(),
            "scope": SCOPES,
        }
        headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        what = f"POST {TOKEN}"
        status, text = self._send("POST", self._settings.base_url + TOKEN, headers, urlencode(form), what=what)
        self._budget.saw()
        if status >= 300:
            # Whatever the status, it is the app's id, secret or scopes that HubSpot will not have.
            raise self._refusal(401, text, what=what)
        told = self._parsed(text, ("access_token", "expires_in"), what=what)
        return Secret(str(told["access_token"])), self._clock.monotonic() + max(0.0, float(told["expires_in"]) - ENDS_EARLY_S)

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: str | None, *, what: str) -> tuple[int, bytes]:
        try:
            answer = self._pool.request(method, url, headers=headers, body=body, redirect=False, preload_content=False)
            try:
                text = answer.read(MOST_FILE_BYTES + 1)
            finally:
                answer.close()
        except urllib3.exceptions.HTTPError as failure:
            raise Transient(unreachable(failure, connection=self.connection, what=what)) from failure
        if len(text) > MOST_FILE_BYTES:
            raise CrmRefused(f'HubSpot "{self.connection}": {what} gave too much to read.', connection=self.connection, code="TOO_LARGE")
        if answer.status in RETRY_STATUSES or answer.status >= 500:
            wait_s = retry_after_s(answer.headers, now=self._clock.now())
            if wait_s is not None and answer.status in WELCOME_LATER:
                self._budget.stand_back(seconds=wait_s)
            raise Transient(unreachable(f"HTTP_{answer.status}", connection=self.connection, what=what), retry_after_s=wait_s)
        return answer.status, text

    def _parsed(self, text: bytes, parts: tuple[str, ...], *, what: str) -> Mapping[str, Any]:
        try:
            told = json.loads(text) if text else {}
        except ValueError as failure:
            raise Transient(unreachable("NOT_JSON", connection=self.connection, what=what)) from failure
        if not isinstance(told, dict) or any(part not in told for part in parts):
            raise Transient(unreachable("UNFAMILIAR_ANSWER", connection=self.connection, what=what))
        return told

    def _refusal(self, status: int, text: bytes, *, what: str) -> CrmError:
        try:
            told = json.loads(text)
        except ValueError:
            told = ""
        complaint = read_complaint(told, status=status)
        secrets = (self._settings.journal_client_secret, self._settings.token)
        return call_error(
            replace(complaint, message=scrub(complaint.message, secrets)), status=status, connection=self.connection, what=what
        )
