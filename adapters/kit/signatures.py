"""What every receiver of signed bodies needs: digests, a comparison that tells nothing by its time, and a strict reading of JSON.

Station: adapters' common ground, values only; used by each adapter's webhooks file and by the receiver of first-party events.
"""

import base64
import hashlib
import hmac
import json
from functools import lru_cache
from typing import NoReturn

from connector.ports.crm import Json

DEEPEST = 16
"""Arrays and objects one within another that a body may have; what a CRM or a page sends has five at most."""


class MalformedBody(ValueError):
    """The bytes are no JSON that may be taken. The text holds nothing of the body."""


def is_same(given: str, expected: str) -> bool:
    """Whether two texts are equal, in a time that depends on their lengths alone. Any text may be given, also one that is not ASCII."""
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode("utf-8", "surrogatepass"))


def hmac_sha256_base64(secret: str, message: bytes) -> str:
    """The keyed digest as base64 text. Raises ValueError for an empty secret, with which anybody could sign."""
    if not secret:
        raise ValueError("nothing is signed with an empty secret")
    keyed = _keyed(secret).copy()
    keyed.update(message)
    return base64.b64encode(keyed.digest()).decode()


@lru_cache(maxsize=32)
def _keyed(secret: str) -> hmac.HMAC:
    """Begun once for each secret: unlike `hmac.digest`, a copy lets no other thread in between, which costs a busy server a switch."""
    return hmac.new(secret.encode(), digestmod="sha256")


def sha256_hex(message: bytes) -> str:
    """The plain digest as 64 hexadecimal digits, lower case."""
    return hashlib.sha256(message).hexdigest()


def header_bytes(text: str) -> bytes:
    """A header or an address as the bytes that came: web servers hand them on as Latin-1; what is beyond was UTF-8 text already."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def strict_json(body: bytes, *, deepest: int = DEEPEST) -> Json:
    """The parsed body. Of a key that stands twice in an object the last one counts, for everybody who reads with this.

    Raises MalformedBody for what is not UTF-8, not JSON (`NaN` and `Infinity` are none), or deeper than `deepest`.
    """
    try:
        parsed: Json = _STRICT.decode(body.decode("utf-8"))
    except (ValueError, RecursionError) as fault:
        # From nothing: the fault's own text quotes the body.
        raise MalformedBody(type(fault).__name__) from None
    may_be_deep = body.count(b"[") + body.count(b"{") > deepest
    if may_be_deep and _depth(parsed, at_most=deepest) > deepest:
        raise MalformedBody("too deep")
    return parsed


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_STRICT = json.JSONDecoder(parse_constant=_refuse)


def _depth(parsed: Json, *, at_most: int) -> int:
    """How many arrays and objects stand one within another; gives up counting beyond `at_most`."""
    depth, level = 0, [parsed]
    while level := [one for one in level if isinstance(one, (list, dict))]:
        depth += 1
        if depth > at_most:
            break
        level = [part for one in level for part in (one.values() if isinstance(one, dict) else one)]
    return depth
