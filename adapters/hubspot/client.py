"""HTTP to one portal, through the vendor's client as a bare transport: paced, timed out, tried again within bounds, parsed once.

Station: HubSpot adapter; read, write, catalog and provision call it, nothing below it knows HubSpot's objects. The vendor client is built
once and held: each `client.crm.…` access of hubspot-api-client 12.0.0 opens a new connection pool, its models cost ten times the CPU of
plain JSON, it has no time-out and no retry, and it knows no dated paths.
"""

import json
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from zoneinfo import ZoneInfo

import urllib3
from hubspot import HubSpot
from hubspot.crm.contacts.exceptions import ApiException

from adapters.hubspot.auth import Held, TokenKeeper
from adapters.hubspot.errors import Complaint, call_error, read_complaint, unreachable
from adapters.hubspot.paths import Paths
from adapters.hubspot.settings import HubSpotSettings
from adapters.kit.budget import Budget, Lane, Purpose
from adapters.kit.clock import Clock, SystemClock
from adapters.kit.redaction import Secret, scrub
from adapters.kit.retry import RETRY_STATUSES, WELCOME_LATER, RetryPolicy, Transient, call_with_retries, retry_after_s
from connector.ports.budgets import SharedBudget
from connector.ports.errors import CrmAuth, CrmError

GENERAL = "general"
SEARCH = "search"
SHARE_USED = 0.9
"""Share of the portal's allowance per 10 s that we use at most."""
CONNECT_TIMEOUT_S = 5.0
BURST_WAIT_S: Mapping[str, float] = {"SECONDLY": 1.0, "TEN_SECONDLY_ROLLING": 10.0}
"""How long a used-up burst allowance needs, by HubSpot's policyName; it sends no Retry-After ("API usage guidelines", 2026-11)."""
LOCKED_WAIT_S = 2.0
"""HubSpot asks to wait at least this long after a 423 ("Handling errors", 2026-11)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: its status (200 to 299), its parsed JSON object, and HubSpot's clock when it was sent."""

    status: int
    body: Mapping[str, Any]
    at: datetime
    skew: timedelta
    """How far this machine's clock is ahead of HubSpot's (negative: behind), to about a second."""


class TokenRefused(Exception):
    """HubSpot answered 401; `error` is what to raise if the token is not to be helped."""

    def __init__(self, error: CrmError) -> None:
        super().__init__(str(error))
        self.error = error


class Hub:
    """One portal over held connections. Safe for use by several threads. Every failure is a CrmError."""

    def __init__(
        self,
        *,
        connection: str,
        settings: HubSpotSettings,
        budget: SharedBudget | None = None,
        clock: Clock | None = None,
        policy: RetryPolicy | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self.connection = connection
        self.settings = settings
        self.paths = Paths(settings.api_version)
        self.clock = clock or SystemClock()
        self.zone = ""
        """The portal's time zone once known: its daily quota begins anew at midnight there."""
        self.property_names: dict[str, tuple[float, frozenset[str]]] = {}
        """By object type: when the names of its properties were read (the clock's `monotonic`), and the names."""
        self.budget = Budget(
            connection=connection,
            clock=self.clock,
            lanes=_lanes(settings),
            resume_at=self._next_midnight,
            begins_anew=True,
            shared=budget,
        )
        self._policy = policy or RetryPolicy()
        self._chance = chance
        self._tokens = TokenKeeper(token=settings.token, renew=self._confirm, clock=self.clock)
        self._timeout = (min(CONNECT_TIMEOUT_S, settings.timeout_s), settings.timeout_s)
        self._api = _vendor_transport(settings)

    def call(
        self,
        method: str,
        path: str,
        *,
        purpose: Purpose,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,
        search: bool = False,
        essential: bool = False,
        part: str = "results",
    ) -> Reply:
        """HubSpot's answer. Safe to repeat: every call hotlead makes may arrive twice.

        An answer without `part` is no answer: taken for an empty list, it would end a read too early. Empty: any answer will do.
        Raises CrmUnreachable without an answer, CrmLimit, CrmAuth, CrmField, CrmRefused by what HubSpot answered.
        """
        if search and self.budget.is_blind():
            # Answers to searches do not tell how the day stands, however many there are.
            self.call("GET", self.paths.account, purpose=Purpose.CATALOG, essential=True, part="portalId")
        what = f"{method} {path}"
        lanes = (SEARCH, GENERAL) if search else (GENERAL,)

        def attempt(held: Held) -> Reply:
            self.budget.spend(purpose=purpose, lanes=lanes, essential=essential)
            return self._send(method, path, query, body, held=held, what=what, part=part)

        held = self._tokens.current()
        try:
            return self._with_retries(lambda: attempt(held))
        except TokenRefused as refused:
            if purpose is Purpose.AUTH:
                raise refused.error from refused.error.__cause__
        renewed = self._tokens.after_refusal(held)
        try:
            return self._with_retries(lambda: attempt(renewed))
        except TokenRefused as refused:
            raise refused.error from refused.error.__cause__

    def token_facts(self) -> Mapping[str, Any]:
        """What HubSpot says of our token: hubId, userId, appId, scopes. Raises CrmError; a kind of key may be unknown there."""
        return self._token_facts(self._tokens.current().token)

    def connections_made(self) -> int:
        """Network connections opened so far; calls one after another share one."""
        return int(self._api.rest_client.pool_manager.connection_from_url(self.settings.base_url).num_connections)

    def close(self) -> None:
        """Lets the held connections go."""
        self._api.rest_client.pool_manager.clear()
        self._api.close()

    def _token_facts(self, token: Secret) -> Mapping[str, Any]:
        reply = self.call("POST", self.paths.token, purpose=Purpose.AUTH, body={"tokenKey": token.reveal()}, essential=True, part="")
        return reply.body

    def _confirm(self, token: Secret) -> Secret:
        """The same token where HubSpot knows it or cannot say. Raises CrmAuth where HubSpot refuses it here too."""
        try:
            self._token_facts(token)
        except CrmAuth as refused:
            if refused.code != "MISSING_SCOPES":
                raise
        except CrmError:
            # Not every kind of key is known there; whether it is good shows when the call is made once more.
            return token
        return token

    def _with_retries(self, attempt: Callable[[], Reply]) -> Reply:
        return call_with_retries(attempt, policy=self._policy, clock=self.clock, chance=self._chance)

    def _send(self, method: str, path: str, query: Sequence[tuple[str, str]], body: Any, *, held: Held, what: str, part: str) -> Reply:
        headers = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": f"Bearer {held.token.reveal()}"}
        try:
            answer = self._api.call_api(
                path,
                method,
                query_params=list(query),
                header_params=headers,
                body=body,
                response_types_map={},
                auth_settings=[],
                _preload_content=False,
                _request_timeout=self._timeout,
            )
            text, told = answer.data, answer.headers
        except ApiException as refused:
            if not refused.status:
                raise Transient(unreachable(str(refused.reason), connection=self.connection, what=what)) from refused
            failure = self._failure(refused.status, refused.body, refused.headers or {}, held=held, what=what)
            raise failure from failure.__cause__
        except (urllib3.exceptions.HTTPError, UnicodeDecodeError, AttributeError) as failure:
            # The vendor client calls `.decode` on a body that is None (TLS failure) or no text; both mean: no usable answer.
            raise Transient(unreachable(failure, connection=self.connection, what=what)) from failure
        at = self._learn(told)
        return Reply(status=answer.status, body=self._parsed(text, what=what, part=part), at=at, skew=self.clock.now() - at)

    def _parsed(self, text: bytes, *, what: str, part: str) -> Mapping[str, Any]:
        try:
            parsed = json.loads(text) if text else {}
        except ValueError as failure:
            raise Transient(unreachable("NOT_JSON", connection=self.connection, what=what)) from failure
        if isinstance(parsed, dict) and "errors" in parsed:
            # A 207 in which nothing went well may leave the list out.
            parsed.setdefault("results", [])
        if not isinstance(parsed, dict) or (part and part not in parsed):
            raise Transient(unreachable("UNFAMILIAR_ANSWER", connection=self.connection, what=what))
        return parsed

    def _failure(self, status: int, body: str | None, headers: Mapping[str, str], *, held: Held, what: str) -> Exception:
        """The exception for an answer outside 200 to 299: to be tried again, about the token, or final."""
        self._learn(headers)
        told = _json_or_text(body)
        complaint = self._complaint(told, status=status, token=held.token)
        if status == 401:
            return TokenRefused(call_error(complaint, status=status, connection=self.connection, what=what))
        if status not in RETRY_STATUSES and status < 500:
            return call_error(complaint, status=status, connection=self.connection, what=what)
        policy = str(told.get("policyName") or "") if isinstance(told, Mapping) else ""
        if status == 429 and policy == "DAILY":
            return self._day_is_over(complaint, what=what)
        wait_s = self._wait_s(status, policy, headers)
        until = self.clock.now() + timedelta(seconds=wait_s or BURST_WAIT_S["TEN_SECONDLY_ROLLING"])
        error = call_error(complaint, status=status, connection=self.connection, what=what, until=until)
        return Transient(error, retry_after_s=wait_s)

    def _complaint(self, told: object, *, status: int, token: Secret) -> Complaint:
        complaint = read_complaint(told, status=status)
        return replace(complaint, message=scrub(complaint.message, [token]))

    def _day_is_over(self, complaint: Complaint, *, what: str) -> CrmError:
        until = self._next_midnight(self.clock.now())
        self.budget.close(until=until)
        return call_error(complaint, status=429, connection=self.connection, what=what, until=until)

    def _wait_s(self, status: int, policy: str, headers: Mapping[str, str]) -> float | None:
        asked = retry_after_s(headers, now=self.clock.now())
        if asked is not None:
            if status in WELCOME_LATER:
                self.budget.stand_back(seconds=asked)
            return asked
        if status == 423:
            return LOCKED_WAIT_S
        return BURST_WAIT_S.get(policy) if status == 429 else None

    def _learn(self, headers: Mapping[str, str]) -> datetime:
        """Takes the allowances an answer tells; gives HubSpot's clock."""
        limit, left = _count(headers.get("X-HubSpot-RateLimit-Daily")), _count(headers.get("X-HubSpot-RateLimit-Daily-Remaining"))
        most, interval_ms = _count(headers.get("X-HubSpot-RateLimit-Max")), _count(headers.get("X-HubSpot-RateLimit-Interval-Milliseconds"))
        if self.settings.follow_headers and most and interval_ms:
            self.budget.pace(lane=GENERAL, calls=max(1, int(most * SHARE_USED)), seconds=interval_ms / 1000)
        at = _moment(headers.get("Date"))
        told = limit is not None and left is not None
        self.budget.saw(day_used=max(0, (limit or 0) - (left or 0)) if told else None, day_limit=limit if told else None, at=at)
        return at or self.clock.now()

    def _next_midnight(self, now: datetime) -> datetime:
        """When the portal's day begins anew; midnight UTC while its zone is not known."""
        try:
            zone = ZoneInfo(self.zone or "UTC")
        except (ValueError, OSError):
            zone = ZoneInfo("UTC")
        day = now.astimezone(zone).date() + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _vendor_transport(settings: HubSpotSettings) -> Any:
    """The vendor's API client, built once. The token goes into each call's header instead of it, so that no object keeps it in the open."""
    urllib3_log = logging.getLogger("urllib3")
    level = urllib3_log.level
    api = HubSpot(host=settings.base_url, retry=urllib3.Retry(total=0)).crm.contacts.basic_api.api_client
    # Building it resets the level of everybody's urllib3 log (hubspot-api-client 12.0.0, configuration.py).
    urllib3_log.setLevel(level)
    api.user_agent = "hotlead"
    return api


def _lanes(settings: HubSpotSettings) -> Mapping[str, Lane]:
    lanes = {}
    if settings.calls_per_10s is not None:
        lanes[GENERAL] = Lane(calls=settings.calls_per_10s, seconds=10)
    if settings.searches_per_second is not None:
        lanes[SEARCH] = Lane(calls=settings.searches_per_second, seconds=1)
    return lanes


def _json_or_text(body: str | None) -> Any:
    try:
        return json.loads(body or "")
    except ValueError:
        return " ".join((body or "").split())[:200] if "<" not in (body or "") else ""


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _moment(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except (TypeError, ValueError):
        return None
