"""The script for web pages in a real browser: a visitor reads, goes on, agrees or does not, and what arrives is right."""

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, request
from werkzeug.serving import make_server

from connector.flows.site_envelope import unwrapped
from connector.flows.sites import KnownSite
from connector.ports.sites import Site
from tests.unit.connector.web.outside import NOW, Outside

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine; the script's server side is tested in tests/unit")

SCRIPT = '<script src="{app}/site.js" data-key="pk_www" {more}></script>'
PATIENCE_S = 40


@contextmanager
def served(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()


class Town:
    """An installation and, on another origin, a web site whose pages are `pages`; `/done` is the last one visited."""

    def __init__(self, *, needs_consent: bool) -> None:
        self.pages: dict[str, str] = {}
        self.ended = threading.Event()
        self.outside = Outside()
        self.needs_consent = needs_consent
        self.carried: list[tuple[str, dict[str, Any]]] = []
        """What pages sent to an address of the site itself, with the key they gave."""

    def site(self) -> Flask:
        site = Flask("site", static_folder=None)

        @site.get("/<path:name>")
        def page(name: str) -> str:
            if name == "done":
                self.ended.set()
            return f"<!doctype html><title>{name}</title>{self.pages.get('/' + name, '')}"

        @site.post("/collect")
        def collect() -> tuple[str, int]:
            self.carried.append((request.args["key"], json.loads(request.get_data())))
            return "", 202

        return site

    def open(self, pages: Callable[[str], dict[str, str]], *, at: str, profile: Path) -> list[dict[str, Any]]:
        """What arrived once a browser that started at this page has come to `/done`."""
        with served(self.outside.client().application) as app, served(self.site()) as site:
            self.pages = pages(app)
            self.outside.sites = (self._known(site),)
            browser = _browser(f"{site}{at}", profile=profile)
            try:
                assert self.ended.wait(PATIENCE_S), "the browser never came to the last page"
                time.sleep(1)
            finally:
                browser.terminate()
                browser.wait(timeout=20)
        return [json.loads(unwrapped(a.body).body) for a in self.outside.inbox]

    def _known(self, origin: str) -> KnownSite:
        site = Site(
            name="www",
            public_key="pk_www",
            origins=(origin,),
            needs_consent=self.needs_consent,
            production=True,
            sealed=b"",
            created_at=NOW,
        )
        return KnownSite(site=site, secrets=())


def _browser(url: str, *, profile: Path) -> "subprocess.Popen[bytes]":
    assert BROWSER is not None
    quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-port=0"]
    return subprocess.Popen([BROWSER, *quiet, f"--user-data-dir={profile}", url], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def script(app: str, more: str = "") -> str:
    return SCRIPT.format(app=app, more=more)


def go(to: str, *, after_ms: int = 300, first: str = "") -> str:
    return f"<script>setTimeout(function () {{ {first}; location.href = '{to}'; }}, {after_ms})</script>"


def test_each_page_of_a_visit_arrives_with_its_seconds_and_one_visitor(tmp_path: Path) -> None:
    def pages(app: str) -> dict[str, str]:
        turn = "history.pushState({}, '', '/three?secret=1#x')"
        return {"/one": script(app) + go("/two?mail=ann@example.com", after_ms=2200), "/two": script(app) + go("/done", first=turn)}

    views = Town(needs_consent=False).open(pages, at="/one", profile=tmp_path)

    seen = {view["path"]: view for view in views}
    assert list(seen) == ["/one", "/two", "/three"]
    assert 2 <= seen["/one"]["seconds"] <= 20
    assert len({view["visitor"] for view in views}) == 1 and len({view["id"] for view in views}) == 3


def test_nothing_is_sent_or_kept_before_the_visitor_agrees(tmp_path: Path) -> None:
    required = 'data-consent="required"'
    left = "document.title = Object.keys(localStorage).length; if (document.title === '0') location.href = '/two'"

    def pages(app: str) -> dict[str, str]:
        return {
            "/one": script(app, required) + f"<script>setTimeout(function () {{ {left} }}, 300)</script>",
            "/two": script(app, required) + go("/done", first="hotlead('consent', true)"),
        }

    views = Town(needs_consent=True).open(pages, at="/one", profile=tmp_path)

    assert [(view["path"], view["consent"]) for view in views] == [("/two", True)]


def test_who_takes_back_consent_is_forgotten(tmp_path: Path) -> None:
    forgotten = "hotlead('consent', true); hotlead('consent', false); if (!Object.keys(localStorage).length) location.href = '/done'"

    def pages(app: str) -> dict[str, str]:
        return {"/one": script(app, 'data-consent="required"') + f"<script>setTimeout(function () {{ {forgotten} }}, 300)</script>"}

    assert Town(needs_consent=True).open(pages, at="/one", profile=tmp_path) == []


@pytest.mark.parametrize("sign", ["globalPrivacyControl", "doNotTrack"])
def test_who_asks_not_to_be_followed_is_not(tmp_path: Path, sign: str) -> None:
    value = "'1'" if sign == "doNotTrack" else "true"
    asking = f"<script>Object.defineProperty(navigator, '{sign}', {{ value: {value} }})</script>"

    def pages(app: str) -> dict[str, str]:
        return {"/one": asking + script(app) + go("/done", first="if (hotlead('visitor')) throw 1")}

    assert Town(needs_consent=False).open(pages, at="/one", profile=tmp_path) == []


def test_a_page_learns_the_visitor_it_can_name_to_its_server(tmp_path: Path) -> None:
    def pages(app: str) -> dict[str, str]:
        return {"/one": script(app) + go("/done", first="history.pushState({}, '', '/' + hotlead('visitor'))")}

    first, second = Town(needs_consent=False).open(pages, at="/one", profile=tmp_path)

    assert second["path"] == f"/{first['visitor']}"


def test_views_go_through_the_site_itself_where_it_says_so(tmp_path: Path) -> None:
    town = Town(needs_consent=False)

    direct = town.open(lambda app: {"/one": script(app, 'data-to="/collect"') + go("/done")}, at="/one", profile=tmp_path)

    assert direct == []
    assert [(key, view["path"]) for key, view in town.carried] == [("pk_www", "/one")]
