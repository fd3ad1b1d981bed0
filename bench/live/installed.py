"""A data directory of the present time, connected to running sandbox CRMs: what servers and workers are started on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.crm.installed import ANY_NUMBER, UNPACED
from bench.live.letters import SECRET
from connector.bootstrap import Installation, opened
from connector.cli.sandboxes import RunningSandbox
from connector.cli.setting_up import set_up
from connector.flows.connect import connect
from connector.flows.go_live import go_live
from connector.flows.progress import silent
from connector.flows.receiving import start_receiving
from connector.flows.road import Road, pull_stretch, score_stretch
from connector.flows.road_back import at_work as documents_at_work
from connector.flows.road_back import places_of, write_stretch
from connector.flows.runs import recorded
from connector.ports.connections import Connection, LiveStep
from connector.settings import Settings, load_settings

STEPS_TO_LIVE = (LiveStep.FIELDS, LiveStep.STAGES, LiveStep.TASKS)


def settings_of(folder: Path, *, database_url: str = "", options: Mapping[str, object] | None = None) -> Settings:
    return load_settings(data_dir=folder, options={"database_url": database_url, "write_limit": ANY_NUMBER, **(options or {})})


@dataclass(frozen=True, slots=True, kw_only=True)
class Connected:
    """What is there to be served, closed again."""

    settings: Settings
    accounts: Mapping[str, str]
    addresses: Mapping[str, str]
    """Connection → where its CRM pushes to."""


def connected(
    settings: Settings, sandboxes: Sequence[RunningSandbox], *, names: Sequence[str] = (), public_url: str = "", paced: bool = False
) -> Connected:
    """Makes the data directory and connects each sandbox, under the name of its CRM unless told; with `public_url` it also receives."""
    set_up(settings)
    accounts: dict[str, str] = {}
    addresses: dict[str, str] = {}
    with opened(settings, command="bench", writing=True) as here:
        for sandbox, name in zip(sandboxes, names or [one.crm for one in sandboxes], strict=True):
            connection = _connect(here, sandbox, name=name, paced=paced)
            accounts[connection.name] = connection.account
            if public_url:
                addresses[connection.name] = start_receiving(
                    store=here.store,
                    vault=here.vault,
                    kind=here.kinds[sandbox.crm],
                    connection=connection,
                    public_url=public_url,
                    secret=SECRET,
                ).url
    return Connected(settings=settings, accounts=accounts, addresses=addresses)


def _connect(here: Installation, sandbox: RunningSandbox, *, name: str, paced: bool) -> Connection:
    kind = here.kinds[sandbox.crm]
    connection = connect(
        store=here.store,
        vault=here.vault,
        crm_name=sandbox.crm,
        kind=kind,
        name=name,
        settings={**kind.sandbox_settings(url=sandbox.url, credentials=sandbox.credentials), **({} if paced else UNPACED[sandbox.crm])},
        write_limit=ANY_NUMBER,
        clock=here.clock,
    ).connection
    for _ in here.open(connection).install():
        pass
    return connection


def pulled_and_live(settings: Settings, *, live: bool = True) -> int:
    """Everybody pulled and scored; with `live` every connection is live at every step and written once. How many people."""
    with opened(settings, command="write-back", writing=True) as here:
        road = here.road(progress=silent)
        with recorded(store=here.store, verb="bench", clock=here.clock) as running:
            pull_stretch(road, connections=here.connections(), running=running)
            people = score_stretch(road, running=running).people
        for step in STEPS_TO_LIVE if live else ():
            for name in [c.name for c in here.connections()]:
                _one_step(here, road, name=name, step=step)
        if live:
            with recorded(store=here.store, verb="write-back", clock=here.clock) as running:
                write_stretch(road, connections=here.connections(), running=running, allow=ANY_NUMBER)
    return people


def _one_step(here: Installation, road: Road, *, name: str, step: LiveStep) -> None:
    (connection,) = here.connections([name])
    go_live(
        store=road.store,
        places=places_of(road, connections=[connection]),
        connection=connection,
        step=step,
        people=None,
        include_existing=0,
        documents=documents_at_work(road),
        clock=road.clock,
        progress=road.progress,
    )
