"""The door between requests and the store: together where they wait together, bounded, and never for long."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event, Lock
from time import monotonic, sleep

import pytest

from connector.ports.errors import StoreError, StoreFull
from connector.ports.inbox import Arrived
from connector.web.intake import BUSY_BODIES, MOST_BYTES, MOST_WAITING, UNIT_BODIES, Intake, Overloaded
from tests.unit.connector.web.outside import NOW


def body(text: bytes = b"x") -> Arrived:
    return Arrived(lane="crm", body=text, at=NOW)


class Keeper:
    """Keeps what it is given, once `free` is set; `units` are what came together."""

    def __init__(self) -> None:
        self.units: list[list[bytes]] = []
        self.free = Event()
        self.entered = Event()
        self.trouble: Callable[[Sequence[Arrived]], None] = lambda bodies: None

    def __call__(self, bodies: Sequence[Arrived]) -> None:
        self.entered.set()
        self.free.wait(timeout=30)
        self.trouble(bodies)
        self.units.append([b.body for b in bodies])


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


def test_bodies_that_wait_together_are_kept_in_one_unit(keeper: Keeper) -> None:
    intake = Intake(keeper, patience_s=20)
    with ThreadPoolExecutor(max_workers=50) as threads:
        first = threads.submit(intake.put, body(b"first"))
        keeper.entered.wait(timeout=20)
        rest = [threads.submit(intake.put, body(b"%d" % n)) for n in range(40)]
        while intake.waiting < 41:
            pass
        keeper.free.set()
        wait([first, *rest], timeout=20)

    assert all(done.exception() is None for done in (first, *rest))
    assert [len(unit) for unit in keeper.units] == [1, 40]
    assert sorted(keeper.units[1]) == sorted(b"%d" % n for n in range(40))


def test_a_unit_has_at_most_so_many_bodies(keeper: Keeper) -> None:
    intake = Intake(keeper, patience_s=20)
    many = UNIT_BODIES + 20
    with ThreadPoolExecutor(max_workers=many + 1) as threads:
        threads.submit(intake.put, body())
        keeper.entered.wait(timeout=20)
        for _ in range(many):
            threads.submit(intake.put, body())
        while intake.waiting < many + 1:
            pass
        keeper.free.set()

    assert [len(unit) for unit in keeper.units] == [1, UNIT_BODIES, 20]


def test_after_a_busy_unit_the_next_waits_for_company(keeper: Keeper) -> None:
    intake = Intake(keeper, patience_s=20, quiet_s=0.2)
    with ThreadPoolExecutor(max_workers=50) as threads:
        threads.submit(intake.put, body())
        keeper.entered.wait(timeout=20)
        for _ in range(BUSY_BODIES):
            threads.submit(intake.put, body())
        while intake.waiting < BUSY_BODIES + 1:
            pass
        keeper.free.set()
        while len(keeper.units) < 2:
            pass
        for _ in range(3):
            threads.submit(intake.put, body())
            sleep(0.05)

    assert [len(unit) for unit in keeper.units] == [1, BUSY_BODIES, 3]


def test_a_unit_that_fails_fails_for_all_who_waited_for_it_and_the_next_goes_on(keeper: Keeper) -> None:
    def full(bodies: Sequence[Arrived]) -> None:
        raise StoreFull("The disk is full.", hint="Free space.")

    intake = Intake(keeper, patience_s=20)
    keeper.free.set()
    keeper.trouble = full

    with pytest.raises(StoreFull):
        intake.put(body())
    told = intake.trouble
    keeper.trouble = lambda bodies: None
    intake.put(body(b"later"))

    assert (told, intake.trouble, keeper.units) == ("The disk is full. Free space.", "", [[b"later"]])


def test_of_a_fault_whose_text_may_quote_what_came_in_only_the_kind_is_told(keeper: Keeper) -> None:
    def refused(bodies: Sequence[Arrived]) -> None:
        raise StoreError("The database refused: ann@example.com")

    intake = Intake(keeper, patience_s=20)
    keeper.free.set()
    keeper.trouble = refused

    with pytest.raises(StoreError):
        intake.put(body())

    assert intake.trouble == "StoreError"


def test_who_waits_too_long_is_sent_away_and_the_place_is_free_again_later(keeper: Keeper) -> None:
    intake = Intake(keeper, patience_s=0.05)
    begun = monotonic()

    with pytest.raises(Overloaded):
        intake.put(body())
    took = monotonic() - begun
    keeper.free.set()
    while intake.waiting:
        pass

    assert took < 0.8
    assert intake.waiting == 0


@pytest.mark.parametrize(("each", "most"), [(b"x", MOST_WAITING), (b"x" * (1024 * 1024), MOST_BYTES // (1024 * 1024))])
def test_only_so_much_may_wait(keeper: Keeper, each: bytes, most: int) -> None:
    intake = Intake(keeper, patience_s=0.0)
    taken = 0
    for _ in range(most + 5):
        with pytest.raises(Overloaded):
            intake.put(body(each))
        taken = max(taken, intake.waiting)

    keeper.free.set()

    assert taken == most


def test_every_acknowledged_body_was_kept_whatever_failed_around_it(keeper: Keeper) -> None:
    keeper.free.set()
    kept: set[bytes] = set()
    guard = Lock()
    turn = iter(range(10_000))

    def now_and_then(bodies: Sequence[Arrived]) -> None:
        with guard:
            if next(turn) % 3 == 0:
                raise StoreFull("full")
            kept.update(b.body for b in bodies)

    keeper.trouble = now_and_then
    intake = Intake(keeper, patience_s=20)

    def put(n: int) -> bytes | None:
        try:
            intake.put(body(b"%d" % n))
        except StoreFull:
            return None
        return b"%d" % n

    with ThreadPoolExecutor(max_workers=16) as threads:
        acknowledged = {told for told in threads.map(put, range(500)) if told is not None}

    assert acknowledged and acknowledged == kept


def test_requests_on_a_loop_and_in_threads_share_units_and_each_hears_of_its_own(keeper: Keeper) -> None:
    intake = Intake(keeper, patience_s=20)

    async def taken() -> None:
        waiting = [asyncio.create_task(intake.take(body(b"%d" % n))) for n in range(20)]
        while intake.waiting < 22:
            await asyncio.sleep(0.01)
        keeper.free.set()
        await asyncio.gather(*waiting)
        assert sum(map(len, keeper.units)) == 22

    with ThreadPoolExecutor(max_workers=2) as threads:
        first = threads.submit(intake.put, body(b"first"))
        keeper.entered.wait(timeout=20)
        second = threads.submit(intake.put, body(b"second"))
        asyncio.run(taken())
        wait([first, second], timeout=20)

    assert [len(unit) for unit in keeper.units] == [1, 21]
    assert first.exception() is None and second.exception() is None


def test_on_a_loop_too_a_unit_that_fails_is_told_and_who_waits_too_long_is_sent_away(keeper: Keeper) -> None:
    def full(bodies: Sequence[Arrived]) -> None:
        raise StoreFull("The disk is full.")

    intake = Intake(keeper, patience_s=0.05)

    async def late_and_refused() -> tuple[BaseException | None, ...]:
        (late,) = await asyncio.gather(intake.take(body()), return_exceptions=True)
        keeper.trouble = full
        keeper.free.set()
        while intake.waiting:
            await asyncio.sleep(0.01)
        (refused,) = await asyncio.gather(intake.take(body()), return_exceptions=True)
        return late, refused

    late, refused = asyncio.run(late_and_refused())

    assert isinstance(late, Overloaded) and isinstance(refused, StoreFull)


def test_a_loop_that_has_ended_holds_up_nobody(keeper: Keeper) -> None:
    intake = Intake(keeper, patience_s=20)

    async def left() -> None:
        waiting = asyncio.create_task(intake.take(body(b"left")))
        while not intake.waiting:
            await asyncio.sleep(0.01)
        waiting.cancel()

    asyncio.run(left())
    keeper.free.set()
    intake.put(body(b"later"))

    assert keeper.units == [[b"left"], [b"later"]]
