"""Secrets that do not show: a value whose text must be asked for, and the cleaning of texts that may hold one.

Station: adapters' common ground; every message that leaves an adapter goes through `scrub`.
"""

import base64
import hmac
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "***"

_CARRIERS = re.compile(
    r"(?i)(\b(?:bearer|basic)\s+|\"?(?:access_token|refresh_token|client_secret|assertion|password)\"?\s*[=:]\s*\"?)([^\s\"'&,;}]{6,})"
)
_PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_SHORTEST_SECRET = 4
"""A shorter text is no secret, and masking it everywhere would eat ordinary words."""


class Secret:
    """A text that is only seen through `reveal()`; `str`, `repr`, formatting and pickling give nothing away."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; keep it in no place that outlives the call it is for."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not pickled")


def scrub(text: str, secrets: Iterable[Secret | str] = ()) -> str:
    """`text` without the given secrets, in any form they travel in, and without anything that looks like a credential."""
    for secret in secrets:
        plain = secret.reveal() if isinstance(secret, Secret) else secret
        for form in _forms(plain):
            text = text.replace(form, MASK)
    text = _PRIVATE_KEY.sub(MASK, text)
    return _CARRIERS.sub(rf"\1{MASK}", text)


def _forms(plain: str) -> tuple[str, ...]:
    """The ways a secret stands in requests and error texts, longest first: as is, URL-quoted, JSON-escaped, base64, each line of a key."""
    if len(plain.strip()) < _SHORTEST_SECRET:
        return ()
    lines = [line for line in plain.splitlines() if len(line) >= 16] if "\n" in plain else []
    forms = {
        plain,
        quote(plain, safe=""),
        quote_plus(plain),
        json.dumps(plain)[1:-1],
        base64.b64encode(plain.encode()).decode(),
        *lines,
    }
    return tuple(sorted(forms, key=len, reverse=True))
