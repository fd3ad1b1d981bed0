"""How everything stands, as the store tells it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import cast

import pytest

from connector.flows.asking import Question, ask
from connector.flows.health import health
from connector.flows.health_states import CallsToday, Health, JobState, Queue, State
from connector.flows.progress import silent
from connector.flows.road import Road, pull_stretch
from connector.flows.runs import Running
from connector.flows.unreadable import note
from connector.ports.connections import Connection
from connector.ports.crm import Ask, Crm, Page, Refusal
from connector.ports.errors import Action, CrmUnreachable, SecretsError, StoreError
from connector.ports.hooks import Hint
from connector.ports.inbox import SITE, Arrived, Lane, Worker
from connector.ports.runs import Parked
from connector.ports.store import Store, Tx
from connector.web.metrics import standing
from mappings.document import names, packaged
from tests.support.jobs import no_pool
from tests.support.stores import at, connection, contact, key, put_contact

NOW = at(1)
ONE_SOURCE = """
crm: shelf
currencies: {base: USD}
sources:
  people: {kind: contact, emails: [mail]}
"""


def seen(store: Store, *, jobs: tuple[JobState, ...] = (), calls: Mapping[str, CallsToday] | None = None, receives: bool = False) -> Health:
    return health(store=store, now=NOW, version="1", jobs=jobs, calls=calls or {}, receives=lambda name: receives and name == "crm")


def run_the_clock(store: Store) -> None:
    store.write(lambda tx: tx.leases.take("scheduler", holder="host-1", at=NOW, until=NOW + timedelta(minutes=1)))


def beat(store: Store, *, ago: timedelta = timedelta(0), facts: Mapping[str, float] | None = None, name: str = "host-1") -> None:
    store.write(lambda tx: tx.workers.beat(Worker(name=name, role="up", started_at=at(), beat_at=NOW - ago, facts=facts or {})))


def parked(id_: str, *, code: str = "LOCKED", cause: str = "somebody edits it") -> Parked:
    refusal = Refusal(action=Action.RETRY, code=code, message="ann@example.com is locked", cause=cause, mended_by="nobody")
    return Parked(key=key(id_), what="fields", person=1, refusal=refusal, at=at(), tries=1, next_try_at=at(2))


def test_an_installation_whose_clock_runs_is_ok(store: Store) -> None:
    run_the_clock(store)
    beat(store)

    found = seen(store)

    assert (found.state, found.warnings, found.scheduler, found.database) == (State.OK, (), "host-1", "ok")
    assert [(c.name, c.production, c.live) for c in found.connections] == [
        ("crm", True, "off"),
        ("hub", True, "off"),
        ("play", False, "off"),
    ]


def test_a_clock_that_nobody_runs_is_said(store: Store) -> None:
    store.write(lambda tx: tx.leases.take("scheduler", holder="host-1", at=at(), until=at()))

    found = seen(store)

    assert (found.state, found.scheduler) == (State.DEGRADED, "")
    assert found.warnings[0].startswith("Nobody runs the clock")


def test_whatever_waits_is_counted_with_the_age_of_its_oldest(store: Store) -> None:
    run_the_clock(store)
    store.write(
        lambda tx: tx.inbox.put(
            [
                Arrived(lane="crm", body=b"1", at=NOW - timedelta(seconds=90)),
                Arrived(lane="crm", body=b"2", at=NOW),
                Arrived(lane=SITE, body=b"3", at=NOW),
            ]
        )
    )
    store.write(
        lambda tx: tx.hints.put([Hint(event="e", source="Lead", record="1")], connection="hub", arrived_at=NOW - timedelta(seconds=5))
    )
    person = put_contact(store, contact("1"))
    store.write(lambda tx: tx.marks.done([person], lane=Lane.SCORE, until=tx.marks.high()))
    store.write(lambda tx: tx.marks.put([person], lane=Lane.WRITE, since=NOW - timedelta(seconds=7)))

    assert seen(store).queues == (
        Queue(kind="bodies", name="crm", waiting=2, oldest_s=90),
        Queue(kind="bodies", name=SITE, waiting=1, oldest_s=0),
        Queue(kind="hints", name="hub", waiting=1, oldest_s=5),
        Queue(kind="people", name="write", waiting=1, oldest_s=7),
    )


@pytest.mark.parametrize(("age", "state"), [(timedelta(minutes=10), State.OK), (timedelta(minutes=10, seconds=1), State.DEGRADED)])
def test_work_that_waits_too_long_needs_a_look(store: Store, age: timedelta, state: State) -> None:
    run_the_clock(store)
    store.write(lambda tx: tx.inbox.put([Arrived(lane="crm", body=b"1", at=NOW - age)]))

    assert seen(store).state is state


def test_parked_rows_are_told_by_cause_without_what_the_crm_said_of_them(store: Store) -> None:
    run_the_clock(store)
    store.write(lambda tx: tx.parked.put([parked("1"), parked("2"), parked("3", code="FLIPPING", cause="a workflow rewrites it")]))

    found = seen(store)

    assert found.parked == 3
    assert [(c.code, c.cause, c.rows) for c in found.parked_causes] == [
        ("LOCKED", "somebody edits it", 2),
        ("FLIPPING", "a workflow rewrites it", 1),
    ]
    assert (found.flipping, found.state) == (1, State.DEGRADED)
    assert "example.com" not in repr(found)


@pytest.mark.parametrize(("skew", "said"), [(61.0, "61 s ahead of"), (-75.0, "75 s behind"), (60.0, None)])
def test_a_clock_that_is_off_is_said(store: Store, skew: float, said: str | None) -> None:
    run_the_clock(store)
    beat(store, name="older", ago=timedelta(seconds=30), facts={"crm clock skew": 500.0})
    beat(store, facts={"crm clock skew": skew})

    found = seen(store)

    assert found.connections[0].clock_skew_s == skew
    assert len(found.warnings) == (1 if said else 0)
    assert said is None or said in found.warnings[0]


def test_a_worker_that_is_silent_is_said(store: Store) -> None:
    run_the_clock(store)
    beat(store, ago=timedelta(minutes=3))

    found = seen(store)

    assert [(w.name, w.alive, w.seen_s) for w in found.workers] == [("host-1", False, 180)]
    assert found.warnings == ("Worker host-1 (up) has not shown itself for 180 s.",)


def test_a_job_that_failed_and_a_budget_that_is_used_up_are_said(store: Store) -> None:
    run_the_clock(store)
    jobs = (
        JobState(job="pull", key="crm", last_run_at=at(0.5), last_error="Salesforce 'crm' refuses. Connect it again."),
        JobState(job="score"),
    )

    found = seen(store, jobs=jobs, calls={"crm": CallsToday(made=100, budget=100), "hub": CallsToday(made=5)}, receives=True)

    crm, hub, _ = found.connections
    assert (crm.calls_today, crm.calls_budget, crm.receiving) == (100, 100, True)
    assert (hub.calls_today, hub.calls_budget, hub.receiving) == (5, None, False)
    assert found.warnings == (
        "Job pull crm failed last time. Salesforce 'crm' refuses. Connect it again.",
        "'crm' has used its budget of 100 calls for today; it goes on tomorrow.",
    )


@dataclass(slots=True)
class EmptyCrm:
    """Has one source and no row in it."""

    connection: str

    def read(self, ask: Ask) -> Iterator[Page]:
        yield Page(records=(), cursor="0")


def publish(tx: Tx) -> None:
    for kind in ("scoring", "lifecycle"):
        for name in names(kind):
            tx.documents.publish(kind=kind, name=name, text=packaged(kind, name), at=at())
    for name in ("crm", "hub"):
        tx.documents.publish(kind="fields", name=name, text=ONE_SOURCE, at=at())


def test_a_pull_counts_as_the_last_one_whoever_asked_for_it_and_one_that_failed_does_not(store: Store) -> None:
    def opened(one: Connection) -> Crm:
        if one.name == "hub":
            raise CrmUnreachable("The CRM is away.", connection="hub")
        return cast(Crm, EmptyCrm(one.name))

    store.write(publish)
    road = Road(store=store, open=opened, pool=no_pool, clock=lambda: at(0.5), progress=silent, deal_history=timedelta(days=1))
    running = Running(id=0)

    pull_stretch(road, connections=[connection("crm"), connection("hub")], running=running)

    assert len(running.failures) == 1
    assert {c.name: c.last_pull_at for c in seen(store).connections} == {"crm": at(0.5), "hub": None, "play": None}


def test_a_store_that_cannot_be_read_is_down_and_told_by_its_class_and_what_to_do(store: Store) -> None:
    def broken(name: str) -> bool:
        raise StoreError(f"secret of {name}", hint="Start it, or see why it is down.")

    found = health(store=store, now=NOW, version="1", jobs=(), calls={}, receives=broken)

    assert (found.state, found.database) == (State.DOWN, "StoreError")
    assert found.warnings == ("The database cannot be read (StoreError). Start it, or see why it is down.",)
    assert "secret" not in repr(found)


def test_a_connection_without_a_fact_has_no_skew(store: Store) -> None:
    store.write(lambda tx: tx.connections.put(connection("other")))
    beat(store, facts={"crm clock skew": 1.0})

    assert {c.name: c.clock_skew_s for c in seen(store).connections} == {"crm": 1.0, "hub": None, "other": None, "play": None}


def test_a_question_says_who_waits_why_and_the_command_that_answers(store: Store) -> None:
    run_the_clock(store)
    asked = Question(connection="crm", lane=Lane.WRITE, asked_at=at(0.5), limit=2000, records=2050, until=1)
    store.write(lambda tx: ask(tx, [asked]))

    found = seen(store)

    assert found.questions == (asked,)
    assert found.state is State.DEGRADED
    (warning,) = found.warnings
    assert "2,050 changed or new records in 'crm'" in warning
    assert "its limit of 2,000" in warning
    assert "`hotlead write-back --allow N`" in warning
    assert b'hotlead_asked_records{connection="crm",lane="write"} 2050.0' in standing(found)


def test_one_connection_whose_secrets_cannot_be_opened_is_told_and_the_others_stand(store: Store) -> None:
    def receives(name: str) -> bool:
        if name == "crm":
            raise SecretsError("The stored credentials are damaged.", hint="Connect again.")
        return True

    run_the_clock(store)

    found = health(store=store, now=NOW, version="1", jobs=(), calls={}, receives=receives)

    assert (found.state, found.database) == (State.DEGRADED, "ok")
    assert found.warnings == ("'crm' is not worked with: The stored credentials are damaged. Connect again.",)
    assert {c.name: (c.receiving, bool(c.trouble)) for c in found.connections} == {
        "crm": (False, True),
        "hub": (True, False),
        "play": (True, False),
    }


def test_events_that_could_not_be_read_are_shown_for_a_day(store: Store) -> None:
    run_the_clock(store)
    for events, hours in ((7, 30), (2, 3), (1, 0)):
        then = NOW - timedelta(hours=hours)
        store.write(partial(note, lane="crm", events=events, reason="no record id", now=then))
    store.write(partial(note, lane="hub", events=5, reason="old", now=NOW - timedelta(hours=30)))

    found = seen(store)

    assert [(one.lane, one.events, one.last_at, one.reason) for one in found.unreadable] == [("crm", 3, NOW, "no record id")]
    assert found.warnings == ("3 events of 'crm' could not be read within a day, the last at 09:00 UTC: no record id.",)
