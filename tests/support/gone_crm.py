"""An installation whose HubSpot was read once and is gone: what is pushed is received, split, and waits to be read again."""

import json
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

from tests.support.beside import beside, connection_of
from tests.support.journeys import Desk, Town
from tests.support.pushing import Pushing, pushing
from tests.support.serving import HOOK_SECRET


def beside_a_gone_hubspot(town: Town, *, database_url: str = "") -> Desk:
    """A fresh desk; in this database, else in SQLite."""
    with town.crms() as sandboxes:
        desk = town.desk(sandboxes, fresh=True)
        desk.environment["HOTLEAD_LOG_LEVEL"] = "error"
        if database_url:
            desk.environment["HOTLEAD_DATABASE_URL"] = database_url
        desk.ok("init")
        assert desk.connect("hubspot").code == 0
        desk.ok("install", "hubspot")
        desk.ok("pull")
    return desk


def receive_at(desk: Desk, *, port: int) -> None:
    """HubSpot's pushes are taken at this port."""
    desk.environment["HOTLEAD_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
    desk.ok("receive", "hubspot", "--secret", HOOK_SECRET)


def pushing_at(desk: Desk, *, threads: int) -> AbstractContextManager[Pushing]:
    """Senders that push at this desk until the block ends."""
    url = f"{desk.environment['HOTLEAD_PUBLIC_URL']}/hooks/hubspot"
    return pushing(url=url, secret=HOOK_SECRET, portal=int(connection_of(desk, "hubspot").account), threads=threads)


def kept(desk: Desk) -> set[str]:
    """Contacts that wait to be read again, in bodies or as hints."""
    with beside(desk) as tx:
        hints = tx.hints.next(connection="hubspot", at=datetime.now(UTC) + timedelta(days=1), limit=10**7)
        bodies = tx.inbox.next(lane="hubspot", limit=10**7)
    in_bodies = {str(event["objectId"]) for body in bodies for event in json.loads(body.body)}
    return {hint.key.id for hint in hints} | in_bodies
