"""One request as the receivers see it: its public address, and its body read under a hard limit."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from werkzeug import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from connector.ports.hooks import HookFault, HookRefused, HookRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_PATH_CHARACTERS = "/-._~!$&'()*+,;=:@"
"""What RFC 3986 lets stand as it is in a path; a WSGI server gives the path decoded."""


NAMES_THE_ADDRESS = ("wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME", "PATH_INFO")
"""What of a request names the address that its sender used, as WSGI calls it."""


def public_uri(named: Sequence[str], *, query: str, public_url: str) -> str:
    """The address the sender used, whole; `named` is what NAMES_THE_ADDRESS, empty where it is absent.

    `public_url` takes the place of scheme, host and prefix; empty: as the request says itself. Raises what werkzeug raises on a request
    that is none.
    """
    address = _address(public_url, *named)
    return f"{address}?{query}" if query else address


@lru_cache(maxsize=256)
def _address(public_url: str, *named: str) -> str:
    """The address without its query: worked out once for each that senders use, of which there are few."""
    environ = {name: text for name, text in zip(NAMES_THE_ADDRESS, named, strict=True) if text}
    request = Request({"REQUEST_METHOD": "POST", **environ})
    base = public_url.rstrip("/") or f"{request.scheme}://{request.host}{quote(request.root_path.rstrip('/'), safe=_PATH_CHARACTERS)}"
    return base + quote(request.path, safe=_PATH_CHARACTERS)


def read_body(request: Request, *, most_bytes: int) -> bytes:
    """The body. Raises HookRefused where it is larger: by its announced length before anything is read, else once the limit is passed."""
    announced = request.content_length
    if announced is not None and announced > most_bytes:
        raise HookRefused(HookFault.TOO_LARGE, status=413)
    # One byte more than allowed: werkzeug cuts a body without a length off at its limit and does not say so.
    request.max_content_length = most_bytes + 1
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as err:
        raise HookRefused(HookFault.TOO_LARGE, status=413) from err
    except (ClientDisconnected, OSError) as err:
        raise HookRefused(HookFault.MALFORMED, status=400) from err
    if len(body) > most_bytes:
        raise HookRefused(HookFault.TOO_LARGE, status=413)
    if announced is not None and len(body) != announced:
        raise HookRefused(HookFault.MALFORMED, status=400)
    return body


def hook_request(request: Request, *, body: bytes, public_url: str, arrived_at: datetime) -> HookRequest:
    environ = request.environ
    named = [environ.get(name, "") for name in NAMES_THE_ADDRESS]
    return HookRequest(
        method=request.method,
        uri=public_uri(named, query=environ.get("QUERY_STRING", ""), public_url=public_url),
        headers=PlainHeaders(environ),
        body=body,
        arrived_at=arrived_at,
    )


def headers_by_name(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """ASGI's headers by their lower-case names; one that comes several times is joined, as WSGI servers do."""
    found: dict[str, str] = {}
    for name, text in headers:
        plain, said = name.decode("latin-1"), text.decode("latin-1")
        found[plain] = f"{found[plain]},{said}" if plain in found else said
    return found


def announced_length(headers: Mapping[str, str]) -> int | None:
    """Bytes of the body that the head of a request announces; None where it announces none, or the body comes in chunks."""
    announced = headers.get("content-length", "")
    is_plain = announced.isascii() and announced.isdigit() and "transfer-encoding" not in headers
    return int(announced) if is_plain else None


class PlainHeaders(Mapping[str, str]):
    """Headers by their lower-case names, looked up in what the WSGI server made of them: of a dozen a receiver asks for two or three."""

    __slots__ = ("_environ",)

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._environ = environ

    def __getitem__(self, name: str) -> str:
        plain = name.upper().replace("-", "_")
        text: str = self._environ[plain if plain in _WITHOUT_PREFIX else f"HTTP_{plain}"]
        if not text and plain in _WITHOUT_PREFIX:
            raise KeyError(name)
        return text

    def __iter__(self) -> Iterator[str]:
        names = (name if name in _WITHOUT_PREFIX else name[5:] for name in self._environ if name.startswith(("HTTP_", "CONTENT_")))
        plain = (name.replace("_", "-").lower() for name in names)
        return (name for name in dict.fromkeys(plain) if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


_WITHOUT_PREFIX = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})
"""Headers that a WSGI server names without `HTTP_`; empty where there is none."""
