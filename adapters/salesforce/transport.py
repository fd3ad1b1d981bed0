"""The one requests session of a connection: where it goes, how long it waits, and what every answer's headers tell.

Station: beneath `client.py`, on the session given to simple-salesforce, which sets no time-out and writes https:// into every address.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit, urlunsplit

import requests
from requests.adapters import HTTPAdapter
from requests.models import PreparedRequest, Response
from requests.structures import CaseInsensitiveDict

from adapters.kit.budget import Budget

CONNECT_TIMEOUT_S = 5.0
CONNECTIONS = 16
"""Connections kept open to the org; more threads than that open their own and close them."""

_API_USAGE = re.compile(r"(?:^|[;,\s])api-usage=(\d+)/(\d+)")


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The Date header as an aware instant of whole seconds, or None."""
    try:
        moment = parsedate_to_datetime(headers.get("Date") or "")
    except (TypeError, ValueError):
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


class SalesforceTransport(HTTPAdapter):
    """Sends to `base_url` where one is set, with a time-out always, and meters every answer."""

    def __init__(self, *, base_url: str, timeout_s: float, budget: Budget) -> None:
        self._base = urlsplit(base_url) if base_url else None
        self._timeout = (CONNECT_TIMEOUT_S, timeout_s)
        self._budget = budget
        super().__init__(pool_connections=4, pool_maxsize=CONNECTIONS, max_retries=0)

    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: float | tuple[float, float] | tuple[float, None] | None = None,
        verify: bool | str = True,
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> Response:
        if self._base is not None:
            asked = urlsplit(request.url or "")
            request.url = urlunsplit((self._base.scheme, self._base.netloc, asked.path, asked.query, ""))
            proxies = {}
        answer = super().send(request, stream=stream, timeout=timeout or self._timeout, verify=verify, cert=cert, proxies=proxies)
        self._meter(answer.headers)
        return answer

    def _meter(self, headers: CaseInsensitiveDict[str]) -> None:
        usage = _API_USAGE.search(headers.get("Sforce-Limit-Info", ""))
        used, limit = (int(usage[1]), int(usage[2])) if usage else (None, None)
        self._budget.saw(day_used=used, day_limit=limit, at=date_of(headers))


def make_session(*, base_url: str, timeout_s: float, budget: Budget) -> requests.Session:
    """A session whose every https:// call goes through the transport.

    It follows no redirect (an API that redirects is a login page or a wrong host, and a token must not follow) and takes no password
    from a netrc file, which requests would put in place of our token.
    """
    session = requests.Session()
    session.mount("https://", SalesforceTransport(base_url=base_url, timeout_s=timeout_s, budget=budget))
    session.max_redirects = 0
    session.auth = _unchanged
    return session


def _unchanged(request: PreparedRequest) -> PreparedRequest:
    return request
