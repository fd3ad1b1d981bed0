"""A program that has imported the product once and forks a process for each order: real processes, without each paying for imports.

Run by `tests.support.processes` as `python -m tests.support.forking`. An order is one line of JSON on standard input, its answer one line
on standard output: a program to start gives its `pid`, `wait` the exit `code` (minus the signal's number after a kill).
"""

import atexit
import gc
import json
import os
import runpy
import signal
import sys
import traceback
from datetime import datetime
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

import adapters.hubspot.events as hubspot_events
import adapters.hubspot.links as hubspot_links
import adapters.hubspot.read as hubspot_read
import adapters.salesforce.client as salesforce_client
import adapters.salesforce.read as salesforce_read
import adapters.salesforce.sandbox.queries as salesforce_queries
import connector.bootstrap as bootstrap
import connector.cli
import connector.cli.setting_up as setting_up
from mappings.convert.addresses import registered_domain
from mappings.document import KINDS, first_mapping, names, packaged, parse
from tests.support import points

WARM = (
    "adapters.salesforce.sandbox.app",
    "adapters.hubspot.sandbox.app",
    "adapters.salesforce.adapter",
    "adapters.hubspot.adapter",
    "hubspot.crm.contacts",
    "connector.store.store",
    "connector.store.pool",
    "connector.store.move",
    "connector.cli.carrying",
    "connector.serving.supervisor",
    "connector.serving.worker",
    "connector.serving.working",
    "jobs.distributed",
    "granian._granian",
    "psycopg_binary",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.dialects.sqlite",
)
"""What commands import when they come to it, and would import anew each."""

SANDBOX_CURRENCIES = (("hubspot", "JPY"),)
"""Currencies of sandboxes that `hotlead connect` writes into the shipped mapping."""


def main() -> None:
    """Answers orders until standard input ends; then kills what it started and still runs."""
    _warm_up()
    gc.freeze()
    running: set[int] = set()
    answers = sys.stdout
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            running.discard(order["wait"])
            answer = {"code": os.waitstatus_to_exitcode(status)}
        else:
            if order.get("points"):
                points.points()  # read before the fork: once for all
            pid = os.fork()
            if pid == 0:
                _leave(_become(order))
            running.add(pid)
            answer = {"pid": pid}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    for pid in running:
        os.kill(pid, signal.SIGKILL)


def _warm_up() -> None:
    """Loads what commands load, and parses the documents that nearly every one reads, which are kept once they are."""
    for name in WARM:
        __import__(name)
    shipped = [(kind, name, packaged(kind, name)) for kind in KINDS for name in names(kind)]
    shipped += [("fields", crm, first_mapping(crm, currency=currency)) for crm, currency in SANDBOX_CURRENCIES]
    for kind, name, text in shipped:
        parse(text, file=f"{kind}/{name}.yaml (version 1)")
    registered_domain("example.co.uk")


def _leave(code: int) -> None:
    """Ends this process as Python would, but for taking every imported module apart, which costs more than most commands."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _become(order: dict[str, Any]) -> int:
    """Turns this process into the one asked for; its exit code."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as from a terminal, also where the tests themselves run under nohup
    for number, (name, flags) in enumerate(
        ((os.devnull, os.O_RDONLY), (order["out"], os.O_WRONLY | os.O_CREAT), (order["err"], os.O_WRONLY | os.O_CREAT))
    ):
        opened = os.open(name, flags, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])
    if order.get("die_at_commit"):
        _die_at_commit(order["die_at_commit"])
    if order.get("points"):
        points.watch(**order["points"])
    if order.get("stands_at"):
        _stand_still(datetime.fromisoformat(order["stands_at"]))
    if order.get("small_pages"):
        _ask_for_small_pages()
    if order.get("any_page"):
        vars(salesforce_queries)["MIN_BATCH"] = 1  # a sandbox that lets pages be as small as HubSpot's
    sys.argv = [order["program"], *order["arguments"]]
    try:
        if order["program"] == "hotlead":
            connector.cli.main()
        else:
            runpy.run_module(order["program"], run_name="__main__", alter_sys=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:  # noqa: BLE001 - a fault is shown as Python shows it
        traceback.print_exc()
        return 1
    return 0


def _die_at_commit(nth: int) -> None:
    """This process is killed right before it commits a change for the n-th time: what it did since the last commit is lost.

    A snapshot that was only read ends with a commit too; those do not count.
    """
    seen = 0

    @event.listens_for(Engine, "commit")
    def commit(connection: Connection) -> None:
        nonlocal seen
        rows = getattr(connection.connection.dbapi_connection, "total_changes", 0)
        changed, connection.info["rows changed"] = rows > connection.info.get("rows changed", 0), rows
        seen += changed
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)


def _stand_still(now: datetime) -> None:
    """The installation's clock shows this instant for as long as the process runs."""

    def standing() -> datetime:
        return now

    bootstrap.opened.__wrapped__.__kwdefaults__["clock"] = standing  # type: ignore[attr-defined]  # contextmanager keeps the function it wraps
    (setting_up.set_up.__kwdefaults__ or {})["clock"] = standing


def _ask_for_small_pages() -> None:
    """This process asks for the smallest pages that Salesforce knows, 200 rows, and 16 rows of HubSpot, so that a few people make pages."""
    salesforce_client.PAGE_ROWS = 200
    (salesforce_read.Reader.__init__.__kwdefaults__ or {})["page_rows"] = 200
    hubspot_read.LIST_ROWS = hubspot_read.SEARCH_ROWS = 16
    vars(hubspot_read)["INPUTS_A_CALL"] = hubspot_links.INPUTS_A_CALL = 32
    hubspot_events.PAGE_ROWS = (32, 32)


if __name__ == "__main__":
    main()
