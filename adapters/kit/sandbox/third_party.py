"""Calls of a third party's program to a sandbox: counted apart from the client under test, and met by no planted fault.

Station: sandbox ground. `control.py` knows such a call by its User-Agent; the CRM's own limits count it like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from adapters.kit.sandbox.control import THIRD_PARTY

TIMEOUT_S = 30.0


class CallRefused(Exception):
    """The CRM did not do it; the message is its answer."""


class Caller:
    """Calls to one sandbox."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = requests.Session()
        self._session.headers["User-Agent"] = THIRD_PARTY
        self.date = ""
        """The Date header of the last answer."""

    def authorize(self, token: str) -> None:
        """Sends this bearer token from now on."""
        self._session.headers["Authorization"] = f"Bearer {token}"

    def call(
        self, method: str, path: str, *, json: Any = None, form: Mapping[str, str] | None = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON answer, None for none and for 404. Raises CallRefused for every other refusal and for silence."""
        try:
            answer = self._session.request(method, self._url + path, json=json, data=form, params=query, timeout=TIMEOUT_S)
        except requests.RequestException as err:
            raise CallRefused(str(err)) from err
        self.date = answer.headers.get("Date", "")
        if answer.status_code == 404:
            return None
        if not answer.ok:
            raise CallRefused(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json() if answer.content else None
