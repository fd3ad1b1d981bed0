"""What a Prometheus server reads."""

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from connector.flows.health_states import ConnectionState, Health, JobState, ParkedCause, Queue, State, WorkerState
from connector.ports.telemetry import LABELS, Count, Timing
from connector.web.metrics import PrometheusMeter, standing
from tests.unit.connector.web.outside import NOW, Outside

STANDING = Health(
    state=State.DEGRADED,
    version="1",
    at=NOW,
    database="ok",
    queues=(Queue(kind="bodies", name="crm", waiting=3, oldest_s=12),),
    held_events=4,
    jobs=(JobState(job="pull", key="crm", last_error="CrmAuth: no"), JobState(job="score")),
    connections=(
        ConnectionState(
            name="crm",
            crm="salesforce",
            production=True,
            live="off",
            receiving=True,
            calls_today=7,
            calls_budget=None,
            clock_skew_s=-1.5,
            last_pull_at=NOW - timedelta(hours=1),
        ),
    ),
    parked=5,
    parked_causes=(
        ParkedCause(code="LOCKED", cause="a", mended_by="nobody", rows=2),
        ParkedCause(code="LOCKED", cause="b", mended_by="nobody", rows=1),
        ParkedCause(code="FLIPPING", cause="c", mended_by="nobody", rows=2),
    ),
    scheduler="host-1",
    workers=(WorkerState(name="a", role="up", alive=True, seen_s=1), WorkerState(name="b", role="work", alive=False, seen_s=900)),
)


def read(text: bytes) -> dict[tuple[str, ...], float]:
    """Values by name and label values, labels in the order of the alphabet."""
    families = text_string_to_metric_families(text.decode())
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_everything_the_port_names_is_counted_or_timed() -> None:
    meter = PrometheusMeter()
    for count in Count:
        meter.count(count, by=2, **dict.fromkeys(LABELS[count], "x"))
    for timing in Timing:
        meter.observe(timing, seconds=3, **dict.fromkeys(LABELS[timing], "x"))

    values = read(meter.text())

    assert values["hotlead_received_total", "x"] == 2
    assert values["hotlead_refused_total", "x", "x"] == 2
    assert values["hotlead_calls_total", "x", "x"] == 2
    assert values["hotlead_errors_total", "x", "x"] == 2
    assert (values["hotlead_event_to_write_back_seconds_bucket", "2.0"], values["hotlead_event_to_write_back_seconds_bucket", "5.0"]) == (
        0,
        1,
    )
    assert values["hotlead_job_seconds_sum", "x"] == 3


def test_a_clock_that_went_back_is_no_negative_time() -> None:
    meter = PrometheusMeter()

    meter.observe(Timing.LAG, seconds=-5)

    assert read(meter.text())["hotlead_event_to_write_back_seconds_sum",] == 0


def test_how_the_store_stands_is_read_at_the_scrape() -> None:
    values = read(standing(STANDING))

    assert values["hotlead_state",] == 1
    assert (values["hotlead_waiting", "bodies", "crm"], values["hotlead_oldest_seconds", "bodies", "crm"]) == (3, 12)
    assert (values["hotlead_parked_rows",], values["hotlead_parked_rows_by_code", "LOCKED"]) == (5, 3)
    assert (values["hotlead_job_failing", "pull", "crm"], values["hotlead_job_failing", "score", ""]) == (1, 0)
    assert (values["hotlead_calls_today", "crm"], values["hotlead_clock_skew_seconds", "crm"]) == (7, -1.5)
    assert ("hotlead_calls_budget", "crm") not in values
    assert values["hotlead_last_pull_timestamp_seconds", "crm"] == NOW.timestamp() - 3600
    assert (values["hotlead_workers_alive",], values["hotlead_scheduler_up",]) == (1, 1)


def test_a_database_that_is_away_is_said_and_nothing_guessed() -> None:
    values = read(standing(replace(STANDING, state=State.DOWN, database="StoreError")))

    assert values == {("hotlead_state",): 2, ("hotlead_database_up",): 0}


def test_the_page_holds_both_and_counts_what_the_receivers_refused() -> None:
    meter = PrometheusMeter()
    client = Outside(health=STANDING).client(meter=meter, metrics=meter.text)
    client.post("/hooks/nobody")

    answer = client.get("/metrics")

    values = read(answer.data)
    assert answer.content_type.startswith("text/plain")
    assert (values["hotlead_refused_total", "unknown", ""], values["hotlead_held_events",]) == (1, 4)


@pytest.mark.parametrize(
    ("given", "status"), [("Bearer t0ken", 200), ("Bearer t0ke", 401), ("t0ken", 401), ("Bearer tökén", 401), ("", 401)]
)
def test_a_token_is_asked_for_where_one_is_set(given: str, status: int) -> None:
    answer = Outside().client(metrics_token="t0ken").get("/metrics", headers={"Authorization": given})

    assert answer.status_code == status
    assert (answer.headers.get("WWW-Authenticate") == "Bearer") == (status == 401)
