"""The servers that are compared, on the supervisor of `hotlead up`: `python -m bench.live.serve KIND FOLDER PORT CORES`.

`noop`: a Flask view that answers 204. `receiver`: everything that `hotlead up` opens, with the drain of the connection held back. `up`:
the same with the drain at work meanwhile.
"""

import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask, Response

from bench.live.letters import CONNECTION
from connector.cli.carrying import carry
from connector.serving.logs import log_for_machines
from connector.serving.supervisor import supervise
from connector.serving.worker import open_serving
from connector.settings import Settings, load_settings
from jobs.embedded import EmbeddedEngine
from jobs.locks import reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """A server that holds nothing."""

    app: Flask

    def close(self) -> None:
        """Nothing is open."""

    def said(self, port: int) -> int:
        return port


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """All of `hotlead up`, with one job of it waiting until the end."""

    app: Flask
    closing: ExitStack

    def close(self) -> None:
        self.closing.close()

    def said(self, port: int) -> int:
        return port


def noop(_settings: Settings) -> Bare:
    """The least that a Flask view can do for a request."""
    app = Flask("noop", static_folder=None)

    @app.post("/hooks/<connection>")
    def taken(connection: str) -> Response:
        del connection
        return Response(status=204)

    return Bare(app=app)


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


KINDS: dict[str, Callable[[Settings], Any]] = {"noop": noop, "receiver": receiver, "up": up}


def main() -> None:
    """Serves until SIGTERM; prints the port once it does."""
    kind, folder, port, cores = sys.argv[1:]
    os.sched_setaffinity(0, {int(core) for core in cores.split(",")})
    settings = load_settings(data_dir=Path(folder), options={"port": int(port)})
    log_for_machines(settings.log_level)
    plain = Settings(**settings.model_dump())
    supervise(plain, opening=partial(KINDS[kind], plain), told=lambda said: print(said, flush=True))


if __name__ == "__main__":
    main()
