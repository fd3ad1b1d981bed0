"""The database is away, the disk full, a CRM down for an hour: said at once, nothing acknowledged is lost, on by itself (P11)."""

import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial

import pytest

from tests.support.fault_tally import as_many, tally
from tests.support.gone_crm import beside_a_gone_hubspot, kept, pushing_at, receive_at
from tests.support.journeys import CRMS, Desk, Town, town
from tests.support.postgres import PostgresServer, empty_database, own_postgres
from tests.support.processes import free_port
from tests.support.pushing import Pushing
from tests.support.serving import Up, until, up
from tests.support.simulated import Simulated, simulated
from tests.support.small_disk import SmallDisk, on_a_small_disk

PEOPLE = {"salesforce": "Lead", "hubspot": "contacts"}
SENDERS = 4
BACK_WITHIN_S = 60.0
SMALL_DISK_MB = 12
HOUR_S = 3600


@pytest.fixture(scope="module")
def five(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("five"), people=5) as made:
        yield made


@contextmanager
def _under_load(desk: Desk) -> Iterator[tuple[Up, Pushing]]:
    """`hotlead up` that takes pushes, and senders that push."""
    port = free_port()
    receive_at(desk, port=port)
    with up(desk, port=port) as serving, pushing_at(desk, threads=SENDERS) as under_way:
        _wait_for_acknowledged(under_way, more_than=20)
        yield serving, under_way


def _wait_for_acknowledged(under_way: Pushing, *, more_than: int) -> None:
    until(lambda: len(under_way.acknowledged()) > more_than, what="acknowledgements", seconds=BACK_WITHIN_S)


def _broken_promises(under_way: Pushing, *, away: tuple[float, float], back: float, desk: Desk) -> list[str]:
    """`away`: between these moments nothing can be stored, by the monotonic clock; from `back` on it can."""
    meanwhile = [a for a in under_way.answered if away[0] < a.at - a.seconds and a.at < away[1]]
    again = [a.at for a in under_way.answered if a.at > back and a.status < 300]
    assert meanwhile, "nothing was sent while it was away"
    return [
        *(f"answered {a.status} while nothing could be stored" for a in meanwhile if a.status != 503),
        *(f"answered after {a.seconds:.2f} s" for a in meanwhile if a.seconds > 1.0),
        *([] if again and min(again) - back < BACK_WITHIN_S else [f"nothing taken within {BACK_WITHIN_S} s of being back"]),
        *(f"{record} was acknowledged and is lost" for record in sorted(under_way.acknowledged() - kept(desk))),
    ]


def test_a_database_that_is_away_and_comes_back(five: Town) -> None:
    with ExitStack() as stack:
        server: PostgresServer = stack.enter_context(own_postgres())
        desk = beside_a_gone_hubspot(five, database_url=empty_database(server.url))
        with _under_load(desk) as (serving, under_way):
            server.stop(mode="fast")
            gone = time.monotonic()
            time.sleep(as_many(quick=4, full=30))
            told = serving.health()
            away = gone, time.monotonic()
            server.start()
            back = time.monotonic()
            known = len(under_way.acknowledged())
            _wait_for_acknowledged(under_way, more_than=known + 20)
            until(lambda: serving.health()["state"] != "down", what="health after the database is back", seconds=BACK_WITHIN_S)
        broken = _broken_promises(under_way, away=away, back=back, desk=desk)
        refused = sum(1 for a in under_way.answered if a.status == 503)
    assert told["state"] == "down"
    tally("P11", "push while the database was away", injected=refused, violations=broken)


def test_a_disk_that_is_full_and_has_space_again(five: Town) -> None:
    """No file of the worker may grow: what the system says of it is what it says of a full disk, to SQLite's ear."""
    desk = beside_a_gone_hubspot(five)
    with _under_load(desk) as (serving, under_way):
        worker = serving.worker()
        used = sum(file.stat().st_size for file in desk.data.glob("*-wal"))
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (max(used, 1) // 2, resource.RLIM_INFINITY))
        until(lambda: under_way.answered[-1].status == 503, what="the first refusal")
        full = time.monotonic()
        time.sleep(as_many(quick=2, full=30))
        told = serving.health()
        away = full, time.monotonic()
        resource.prlimit(worker, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        back = time.monotonic()
        _wait_for_acknowledged(under_way, more_than=len(under_way.acknowledged()) + 20)
        until(lambda: not _is_troubled(serving), what="health once there is space", seconds=BACK_WITHIN_S)
        assert serving.worker() == worker, "it went on by itself"
    broken = _broken_promises(under_way, away=away, back=back, desk=desk)
    refused = sum(1 for a in under_way.answered if a.status == 503)
    assert any("could not be kept" in warning for warning in told["warnings"])
    tally("P11", "push while the disk was full", injected=refused, violations=broken)


def test_a_small_disk_that_others_fill_and_make_room_on_again(five: Town) -> None:
    """All that lies in the data directory shares the room: database, log of the database, backups, whatever else `hotlead up` keeps."""
    broken: list[str] = []
    desk = beside_a_gone_hubspot(five)
    with on_a_small_disk(desk.data, megabytes=SMALL_DISK_MB) as disk:
        with _under_load(desk) as (serving, under_way):
            worker = serving.worker()
            for _ in range(as_many(quick=1, full=10)):
                told = _while_full(disk, serving, under_way, seconds=as_many(quick=1, full=30))
                if not any("could not be kept" in warning and "The disk under the database is full" in warning for warning in told):
                    broken.append(f"health does not say that the disk is full: {told}")
                disk.make_room()
                _wait_for_acknowledged(under_way, more_than=len(under_way.acknowledged()) + 20)
                until(lambda: not _is_troubled(serving), what="health once there is room", seconds=BACK_WITHIN_S)
            assert serving.worker() == worker, "it went on by itself"
        refused = sum(1 for a in under_way.answered if a.status == 503)
        broken += [f"answered {a.status}" for a in under_way.answered if a.status >= 300 and a.status != 503]
        broken += [f"{record} was acknowledged and is lost" for record in sorted(under_way.acknowledged() - kept(desk))]
    tally("P11", "push while the small disk under the data directory was full", injected=refused, violations=broken)


def test_a_worker_that_dies_on_a_full_disk_is_followed_by_one_that_opens_once_there_is_room(five: Town) -> None:
    deaths, lost = as_many(quick=1, full=5), list[str]()
    desk = beside_a_gone_hubspot(five)
    desk.environment["HOTLEAD_LOG_LEVEL"] = "warning"
    with on_a_small_disk(desk.data, megabytes=SMALL_DISK_MB) as disk:
        with _under_load(desk) as (serving, under_way):
            for _ in range(deaths):
                worker = serving.worker()
                _while_full(disk, serving, under_way, seconds=0)
                os.kill(worker, signal.SIGKILL)
                said = serving.command.err.read_text(encoding="utf-8").count("cannot open yet")
                until(partial(_says_that_it_cannot_open, disk, serving, more_often_than=said), what="a worker that says it cannot open")
                disk.make_room()
                _wait_for_acknowledged(under_way, more_than=len(under_way.acknowledged()) + 20)
        lost = sorted(under_way.acknowledged() - kept(desk))
    tally("P11", "worker killed while the disk was full", injected=deaths, violations=lost)


def _says_that_it_cannot_open(disk: SmallDisk, serving: Up, *, more_often_than: int) -> bool:
    disk.fill()
    return serving.command.err.read_text(encoding="utf-8").count("cannot open yet") > more_often_than


def _while_full(disk: SmallDisk, serving: Up, under_way: Pushing, *, seconds: float) -> tuple[str, ...]:
    """Fills the disk until pushes are refused, and so long after that; what health warned of meanwhile.

    A body that still fits beside what was given back by one that did not may be taken meanwhile: it is kept as every other.
    """
    known, warned = len(under_way.answered), set[str]()

    def is_refusing() -> bool:
        disk.fill()
        return any(a.status == 503 for a in under_way.answered[known:])

    until(is_refusing, what="the first refusal")
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        disk.fill()
        warned.update(until(lambda: serving.health()["warnings"], what="a warning of health"))
        time.sleep(0.1)
    return tuple(sorted(warned))


def _is_troubled(serving: Up) -> bool:
    return any("could not be kept" in warning for warning in serving.health()["warnings"])


@pytest.fixture
def world(small: Town) -> Iterator[Simulated]:
    def live(desk: Desk) -> None:
        assert desk.connect("hubspot", calls_per_10s="off", searches_per_second="off").code == 0
        desk.go_live("fields")
        desk.ok("write-back", "--allow", "100000")

    with small.fresh() as desk, simulated(desk, prepare=live) as world:
        world.subscribe()
        yield world


def test_crms_that_are_down_for_an_hour(world: Simulated) -> None:
    """Their people go on working meanwhile, and their pushes come in."""
    edited = {crm: _people(world.desk, crm, many=as_many(quick=12, full=50)) for crm in CRMS}
    for sandbox in world.desk.sandboxes.values():
        sandbox.fault("*", "status", status=503, body={"message": "down"})
    title = {"salesforce": "Title", "hubspot": "jobtitle"}
    rounds = as_many(quick=2, full=12)
    for number in range(rounds):
        for crm in CRMS:
            for record in edited[crm][number::rounds]:
                world.desk.sandboxes[crm].edit(PEOPLE[crm], record, {title[crm]: f"Chief of {number}"})
        world.deliver(world.pushed())
        world.advance(HOUR_S / rounds)
        world.beside.settle()
    refused = sum(sandbox.bitten() for sandbox in world.desk.sandboxes.values())
    assert world.beside.waiting(), "what could not be read waits"
    world.desk.heal()
    world.advance(16 * 60)
    world.beside.settle()
    world.advance(16 * 60)
    world.beside.settle()

    wrong = [
        f"{crm} {record}"
        for crm, source in PEOPLE.items()
        for record in edited[crm]
        if _title_here(world.desk, crm, source, record, title[crm]) != world.desk.value(crm, source, record, title[crm])
    ]
    tally("P11", "call refused while both CRMs were down for an hour", injected=refused, violations=wrong)
    assert sum(world.beside.waiting().values()) == 0, world.beside.waiting()


def _people(desk: Desk, crm: str, *, many: int) -> list[str]:
    found = desk.rows(
        "SELECT r.id FROM raw r JOIN sources o ON o.no = r.source WHERE o.source = ? AND NOT r.deleted AND r.survivor IS NULL"
        " AND r.fields NOT LIKE '%\"IsConverted\": true%' AND r.fields NOT LIKE '%\"IsConverted\":true%' ORDER BY r.id LIMIT ?",
        PEOPLE[crm],
        many,
    )
    return [record for (record,) in found]


def _title_here(desk: Desk, crm: str, source: str, record: str, name: str) -> object:
    ((title,),) = desk.rows(
        "SELECT json_extract(r.fields, ?) FROM raw r JOIN sources o ON o.no = r.source"
        " WHERE o.connection = ? AND o.source = ? AND r.id = ?",
        f"$.{name}",
        crm,
        source,
        record,
    )
    return title
