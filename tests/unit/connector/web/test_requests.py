"""The address that a sender used, rebuilt from what a WSGI server leaves of it."""

from urllib.parse import quote, unquote, urlsplit

from flask import Request
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from connector.web.requests import PlainHeaders, headers_by_name, hook_request
from tests.unit.connector.web.outside import NOW

BASE = "https://hotlead.example.com"
UNRESERVED = "abcXYZ019-._~"
SEGMENTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), min_size=1, max_size=12).filter(
    lambda t: t not in (".", "..")
)
QUERIES = st.text(st.sampled_from(UNRESERVED + "=&%25+;:@/?!$'()*,"), max_size=30)


def request(target: str, *, host: str = "internal:8686", scheme: str = "http", prefix: str = "") -> Request:
    """As a WSGI server tells of it: the path decoded, the query as it came."""
    path, _, query = target.partition("?")
    environ = EnvironBuilder(path="/", base_url=f"{scheme}://{host}/").get_environ()
    environ.update(PATH_INFO=unquote(path, encoding="latin-1"), QUERY_STRING=query, SCRIPT_NAME=prefix)
    return Request(environ)


def public_uri(request: Request, *, public_url: str) -> str:
    return hook_request(request, body=b"", public_url=public_url, arrived_at=NOW).uri


@given(connection=SEGMENTS, query=QUERIES)
def test_the_address_that_was_pasted_is_the_address_that_is_verified(connection: str, query: str) -> None:
    pasted = f"/hooks/{quote(connection, safe='')}"
    target = f"{pasted}?{query}" if query else pasted

    rebuilt = public_uri(request(target), public_url=BASE)

    split = urlsplit(rebuilt)
    assert rebuilt.startswith(f"{BASE}/hooks/")
    assert unquote(split.path) == f"/hooks/{connection}"
    assert rebuilt.partition("?")[2] == query


@given(name=st.text(st.sampled_from(UNRESERVED), min_size=1, max_size=20).filter(lambda t: t not in (".", "..")), query=QUERIES)
def test_a_plain_name_comes_back_letter_for_letter(name: str, query: str) -> None:
    target = f"/hooks/{name}?{query}" if query else f"/hooks/{name}"

    assert public_uri(request(target), public_url=f"{BASE}/in/") == f"{BASE}/in{target}"


def test_without_a_configured_address_the_request_speaks_for_itself() -> None:
    assert public_uri(request("/hooks/crm?a=1", host="hotlead.example.com", scheme="https", prefix="/in"), public_url="") == (
        "https://hotlead.example.com/in/hooks/crm?a=1"
    )


def test_a_prefix_that_the_server_knows_is_not_told_twice() -> None:
    assert public_uri(request("/hooks/crm", prefix="/in"), public_url=f"{BASE}/in") == f"{BASE}/in/hooks/crm"


def test_headers_are_read_by_their_plain_names_and_those_that_are_none_are_not_there() -> None:
    environ = EnvironBuilder("/", headers=[("X-HubSpot-Signature", "v"), ("Host", "h")], content_type="").get_environ()

    headers = PlainHeaders({**environ, "CONTENT_LENGTH": "0"})

    assert {name: headers[name] for name in headers} == {"host": "h", "x-hubspot-signature": "v", "content-length": "0"}
    assert len(headers) == 3 and "content-type" not in headers and headers.get("wsgi.url-scheme") is None


def test_a_header_that_comes_twice_is_joined_whatever_the_server_speaks() -> None:
    assert headers_by_name([(b"x-sign", b"a"), (b"host", b"h"), (b"x-sign", b"b")]) == {"x-sign": "a,b", "host": "h"}
