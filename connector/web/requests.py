"""One request as the receivers see it: its public address, and its body read under a hard limit."""

from datetime import datetime
from urllib.parse import quote

from werkzeug import Request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from connector.ports.hooks import HookFault, HookRefused, HookRequest

_PATH_CHARACTERS = "/-._~!$&'()*+,;=:@"
"""What RFC 3986 lets stand as it is in a path; a WSGI server gives the path decoded."""


def public_uri(request: Request, *, public_url: str) -> str:
    """The address the sender used, whole. `public_url` takes the place of scheme, host and prefix; empty: as the request says itself."""
    base = public_url.rstrip("/") or f"{request.scheme}://{request.host}{quote(request.root_path.rstrip('/'), safe=_PATH_CHARACTERS)}"
    path = quote(request.path, safe=_PATH_CHARACTERS)
    query = request.query_string.decode("latin-1")
    return f"{base}{path}?{query}" if query else f"{base}{path}"


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
    return HookRequest(
        method=request.method,
        uri=public_uri(request, public_url=public_url),
        headers=plain_headers(request),
        body=body,
        arrived_at=arrived_at,
    )


def plain_headers(request: Request) -> dict[str, str]:
    """Headers by their lower-case names, straight from what the WSGI server made of them."""
    environ = request.environ
    headers = {name[5:].replace("_", "-").lower(): text for name, text in environ.items() if name.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").lower()] = environ[name]
    return headers
