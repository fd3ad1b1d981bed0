"""The server both sandbox CRMs stand on: options, the ready line, serving until told to stop.

Station: sandbox ground. A CRM's `__main__` reads its options with `option_parser`, builds its Flask app over a
`Control`, and calls `serve`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from flask import Flask
from werkzeug.serving import BaseWSGIServer, make_server

from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.wire import SandboxHandler

LOOPBACK = "127.0.0.1"
"""The only address a sandbox listens on: it has no secrets worth the name and must not be reached from outside."""

STDIN = 0
"""The file descriptor of standard input."""


def option_parser(crm: str) -> argparse.ArgumentParser:
    """A parser with the options both CRMs share; the CRM adds its own."""
    parser = argparse.ArgumentParser(prog=f"python -m adapters.{crm}.sandbox", description=f"A local server that speaks the {crm} API.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--seed", type=int, default=500, help="people to fill in (500 to 100,000; 0 leaves it empty)")
    parser.add_argument("--activities-per-person", type=float, default=5.0, help="average; 5 unless told")
    parser.add_argument("--world-seed", type=int, default=1, help="same number, same people, in both CRMs")
    parser.add_argument("--now", type=_moment, default=None, help="where the clock starts, as 2026-11-02T09:00:00Z")
    parser.add_argument("--file", default=":memory:", help="SQLite file for the state; in memory unless told")
    parser.add_argument("--with-parent", action="store_true", help="stop when standard input closes")
    return parser


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError("give a time zone, as in 2026-11-02T09:00:00Z")
    return moment


def serve(app: Flask, *, crm: str, control: Control, port: int, credentials: Mapping[str, str], with_parent: bool = False) -> None:
    """Serves `app` on the loopback address until SIGTERM, SIGINT or (`with_parent`) the end of standard input.

    Prints one line of JSON to standard output when it is ready: the CRM, its URL and the credentials a client needs.
    `control` must be mounted on `app` before.
    """
    stop_with_signals(control.stopping)
    if with_parent:
        threading.Thread(target=stop_with_stdin, args=(control.stopping,), daemon=True).start()
    with serving(app, control=control, port=port) as url:
        ready = {"crm": crm, "url": url, "credentials": dict(credentials)}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        control.stopping.wait()


@contextmanager
def serving(app: Flask, *, control: Control, port: int = 0) -> Iterator[str]:
    """The URL of `app`, served by a thread of this program as long as the block runs."""
    server = _make(app, control=control, port=port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_port}"
    finally:
        control.stopping.set()
        server.shutdown()
        thread.join()


def _make(app: Flask, *, control: Control, port: int) -> BaseWSGIServer:
    handler = type("ControlledHandler", (SandboxHandler,), {"desk": control})
    return make_server(LOOPBACK, port, app, threaded=True, request_handler=handler)


def stop_with_signals(stopping: threading.Event) -> None:
    """Has SIGTERM and SIGINT set `stopping`, by a thread: a handler runs in the main one, which may hold the event's lock just then."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=stopping.set, daemon=True).start())


def stop_with_stdin(stopping: threading.Event) -> None:
    """Sets `stopping` when standard input closes.

    Waits on the file itself: a thread inside Python's buffered stdin would hold its lock when the interpreter ends.
    """
    while os.read(STDIN, 4096):
        pass
    stopping.set()
