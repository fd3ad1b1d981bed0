"""One push over the socket: a POST with a time limit on the whole, no redirects followed.

Station: sandbox ground, below `pushes.py`.
"""

from __future__ import annotations

import http.client
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from adapters.kit.sandbox.push_letters import Parcel, Target, base_of

MOST_ANSWER_BYTES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PushAnswer:
    """What came back; `status` None means nothing did in time, and `trouble` says why."""

    status: int | None
    body: bytes = b""
    trouble: str = ""


def post(target: Target, parcel: Parcel, *, via: str) -> PushAnswer:
    """Sends the parcel to `via`, under the name of `target.url`. An answer later than the time limit is none."""
    if not via:
        return PushAnswer(status=None, trouble=f"nothing on this machine stands for {base_of(target.url)}")
    named, dialled = urlsplit(target.url), urlsplit(via)
    path = (named.path or "/") + (f"?{named.query}" if named.query else "")
    headers = {"Host": named.netloc, **parcel.headers}
    if via != target.url:
        headers |= {"X-Forwarded-Proto": named.scheme, "X-Forwarded-Host": named.netloc}
    connection = http.client.HTTPConnection(dialled.hostname or "", dialled.port or 80, timeout=target.timeout_s)
    began = time.monotonic()
    try:
        connection.request("POST", path, body=parcel.body, headers=headers)
        answer = connection.getresponse()
        body = answer.read(MOST_ANSWER_BYTES)
        status = answer.status
    except (OSError, http.client.HTTPException) as err:
        return PushAnswer(status=None, trouble=f"{type(err).__name__}: {err}")
    finally:
        connection.close()
    if time.monotonic() - began > target.timeout_s:
        return PushAnswer(status=None, trouble=f"answered after {target.timeout_s:g} s")
    return PushAnswer(status=status, body=body)
