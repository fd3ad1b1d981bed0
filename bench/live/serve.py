"""The servers that are compared, all of them granian: `python -m bench.live.serve KIND FOLDER PORT CORES`.

`noop`: a Flask view that answers 204, served as WSGI, which for such a view is the faster way. `receiver`: everything that `hotlead up`
opens, on its own supervisor, with the drain of the connection held back. `up`: the same with the drain at work meanwhile.
"""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Thread
from time import sleep
from typing import Any

from flask import Flask, Response
from granian.constants import HTTPModes, Interfaces
from granian.server.mp import MPServer

from bench.live.letters import CONNECTION
from connector.cli.carrying import carry
from connector.serving.listening import takes_calls
from connector.serving.logs import log_for_machines
from connector.serving.supervisor import BACKPRESSURE, supervise
from connector.serving.worker import open_serving
from connector.settings import Settings, load_settings
from connector.web.bridge import THREADS
from jobs.embedded import EmbeddedEngine
from jobs.locks import reading

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """All of `hotlead up`, with one job of it waiting until the end."""

    app: Any
    closing: ExitStack

    def close(self) -> None:
        self.closing.close()

    def said(self, port: int) -> int:
        return port


def noop(port: int) -> None:
    """Serves the least that a Flask view can do for a request, until SIGTERM."""
    server = MPServer(
        target="noop",
        address=HOST,
        port=port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=THREADS,
        backpressure=BACKPRESSURE,
        http=HTTPModes.http1,
        websockets=False,
        log_enabled=False,
        log_access=False,
    )
    Thread(target=_say_once_it_listens, args=(port,), daemon=True).start()
    server.serve(target_loader=_bare_view, wrap_loader=False)


def _bare_view() -> Flask:
    app = Flask("noop", static_folder=None)

    @app.post("/hooks/<connection>")
    def taken(connection: str) -> Response:
        del connection
        return Response(status=204)

    return app


def _say_once_it_listens(port: int) -> None:
    while not takes_calls(HOST, port):
        sleep(0.05)
    print(port, flush=True)


def up(settings: Settings) -> Any:
    """What `hotlead up` opens in its worker."""
    return open_serving(settings, carry=carry)


def receiver(settings: Settings) -> HeldBack:
    """The same; nobody else may read the connection, so that its drain waits."""
    serving = open_serving(settings, carry=carry)
    engine, lock, closing = serving.station.engine, reading(CONNECTION), ExitStack()
    closing.callback(serving.close)
    closing.enter_context(engine.alone([lock]) if isinstance(engine, EmbeddedEngine) else serving.station.leases.under(lock))
    return HeldBack(app=serving.app, closing=closing)


KINDS: dict[str, Callable[[Settings], Any]] = {"receiver": receiver, "up": up}


def main() -> None:
    """Serves until SIGTERM; prints the port once it does."""
    kind, folder, port, cores = sys.argv[1:]
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    if kind == "noop":
        noop(int(port))
        return
    settings = load_settings(data_dir=Path(folder), options={"port": int(port)})
    log_for_machines(settings.log_level)
    plain = Settings(**settings.model_dump())
    supervise(plain, opening=partial(KINDS[kind], plain), told=lambda said: print(said, flush=True))


if __name__ == "__main__":
    main()
