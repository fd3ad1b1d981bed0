"""`/_sandbox/` over HTTP: clock, lag, counters, and a person's edits."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.adapters.kit.sandbox.conftest import NOON, Served
from tests.unit.adapters.kit.sandbox.small_crm import API_USER, REP


def test_a_frozen_clock_moves_only_when_told(served: Served) -> None:
    assert served.call("GET", "/_sandbox/clock").json() == {"now": "2026-11-02T12:00:00+00:00", "frozen": True}

    moved = served.call("PUT", "/_sandbox/clock", json={"advance_s": 90}).json()

    assert moved == {"now": "2026-11-02T12:01:30+00:00", "frozen": True}
    assert served.crm.control.now() == NOON + timedelta(seconds=90)


def test_a_released_clock_runs_on_from_where_it_stood(served: Served) -> None:
    released = served.call("PUT", "/_sandbox/clock", json={"now": "2027-01-01T09:00:00+09:00", "frozen": False}).json()

    assert released["now"].startswith("2027-01-01T00:00:0")
    assert released["frozen"] is False
    first = served.crm.control.now()
    assert served.crm.control.now() > first


@pytest.mark.parametrize("asked", [{"now": "2027-01-01T09:00:00"}, {"noww": "x"}, ["now"]])
def test_a_clock_setting_that_cannot_be_meant_changes_nothing(served: Served, asked: object) -> None:
    refused = served.call("PUT", "/_sandbox/clock", json=asked)

    assert refused.status_code == 400
    assert refused.json()["error"]
    assert served.crm.control.now() == NOON


def test_every_second_row_written_is_seen_late(served: Served) -> None:
    control = served.crm.control
    served.call("PUT", "/_sandbox/lag", json={"seconds": 60, "every": 2})

    seen = [control.visible_at(NOON) - NOON for _ in range(4)]
    served.call("PUT", "/_sandbox/lag", json={"seconds": 0})

    assert seen == [timedelta(0), timedelta(seconds=60), timedelta(0), timedelta(seconds=60)]
    assert control.visible_at(NOON) == NOON


def test_calls_are_counted_by_method_and_path_template(served: Served) -> None:
    for record_id in ("a", "b"):
        served.call("PATCH", f"/api/things/{record_id}", json={"name": "Sato"})
    served.call("GET", "/api/things/a?fields=name")
    served.call("GET", "/api/nothing")

    counters = served.call("GET", "/_sandbox/counters").json()

    assert counters["calls"] == {
        "PATCH /api/things/<record_id>": 2,
        "GET /api/things/<record_id>": 1,
        "GET (no such path) /api/nothing": 1,
    }
    assert counters["calls_total"] == 4


def test_a_call_that_is_cut_off_before_its_effect_still_counts(served: Served) -> None:
    served.add_fault(fault="status", status=503)
    served.call("PATCH", "/api/things/a", json={"name": "Sato"})

    counters = served.call("GET", "/_sandbox/counters").json()

    assert counters["calls"] == {"PATCH /api/things/<record_id>": 1}
    assert counters["writes"] == {}


def test_writes_are_counted_by_record_and_field_until_reset(served: Served) -> None:
    served.call("PATCH", "/api/things/a", json={"name": "Sato", "score": 1})
    served.call("PATCH", "/api/things/a", json={"score": 2})

    counted = served.call("GET", "/_sandbox/counters").json()
    reset = served.call("DELETE", "/_sandbox/counters").json()

    assert counted["writes"] == {"Thing/a/name": 1, "Thing/a/score": 2}
    assert counted["writes_total"] == 3
    assert reset == {
        "calls": {},
        "calls_total": 0,
        "writes": {},
        "writes_total": 0,
        "third_party_calls_total": 0,
        "third_party_writes": {},
    }


def test_a_person_edits_under_their_own_name_and_is_not_counted_as_the_api(served: Served) -> None:
    served.call("PATCH", "/api/things/a", json={"name": "Sato"})
    assert served.crm.things["a"]["changed_by"] == API_USER
    served.call("DELETE", "/_sandbox/counters")

    edited = served.call("PATCH", "/_sandbox/records/Thing/a", json={"name": "Suzuki"})
    by_name = served.call("PATCH", "/_sandbox/records/Thing/a?by=kato@crm.test", json={"name": "Kato"})

    assert (edited.json()["name"], edited.json()["changed_by"]) == ("Suzuki", REP)
    assert by_name.json()["changed_by"] == "kato@crm.test"
    assert served.call("GET", "/_sandbox/counters").json()["writes"] == {}


def test_a_person_creates_and_deletes(served: Served) -> None:
    made = served.call("POST", "/_sandbox/records/Thing", json={"name": "Sato"})
    record_id = made.json()["id"]

    gone = served.call("DELETE", f"/_sandbox/records/Thing/{record_id}")

    assert (made.status_code, gone.status_code) == (201, 200)
    assert served.crm.things[record_id]["name"] == "Sato"
    assert served.crm.deleted == {record_id}


def test_an_edit_the_crm_refuses_is_400_and_an_unknown_record_404(served: Served) -> None:
    record_id = served.call("POST", "/_sandbox/records/Thing", json={}).json()["id"]

    refused = served.call("PATCH", f"/_sandbox/records/Thing/{record_id}", json={"locked": 1})
    unknown = served.call("GET", "/_sandbox/records/Thing/zzz")

    assert (refused.status_code, refused.json()["error"]) == (400, "'locked' is read-only")
    assert unknown.status_code == 404


def test_many_rows_are_stamped_with_one_equal_time(served: Served) -> None:
    for _ in range(3):
        served.call("POST", "/_sandbox/records/Thing", json={})

    touched = served.call("POST", "/_sandbox/bulk_touch", json={"source": "Thing", "count": 2, "at": "2026-11-01T00:00:00Z"})

    assert touched.json()["touched"] == 2
    stamps = [thing["changed_at"] for thing in served.crm.things.values()]
    assert stamps == ["2026-11-01T00:00:00+00:00", "2026-11-01T00:00:00+00:00", NOON.isoformat()]


@pytest.mark.parametrize("asked", [{"source": "Thing"}, {"count": 1}, {"source": "Thing", "count": 1, "ids": []}])
def test_a_bulk_touch_must_say_which_rows(served: Served, asked: dict[str, object]) -> None:
    assert served.call("POST", "/_sandbox/bulk_touch", json=asked).status_code == 400
