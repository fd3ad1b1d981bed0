"""Writes and tasks: which calls are made, in what order outcomes come, and how many calls a bad batch may cost."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import responses

from adapters.salesforce.errors import ROWS
from connector.core.records import RecordKey
from connector.ports.crm import NewTask, Priority, TaskType, Write
from connector.ports.errors import Action, CrmUnreachable
from tests.unit.adapters.salesforce.orgs import DATA, Reply, answers, connect, logs_in, page

COLLECTIONS = f"{DATA}/composite/sobjects"
Row = dict[str, Any]


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """A wire that ends in an org which logs us in."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        logs_in(mock)
        yield mock


def _takes(wire: responses.RequestsMock, answer: Callable[[list[Row]], Any], *, url: str = COLLECTIONS) -> list[list[Row]]:
    """Answers collection calls by what `answer` makes of their rows; the rows of each call are collected in the list."""
    calls: list[list[Row]] = []

    def reply(request: requests.PreparedRequest) -> Reply:
        body = json.loads(request.body or b"{}")
        assert body["allOrNone"] is False
        calls.append(body["records"])
        told = answer(body["records"])
        status, content = told if isinstance(told, tuple) else (200, told)
        return status, {}, json.dumps(content)

    wire.add_callback(responses.PATCH, url, callback=reply)
    return calls


def _all_well(rows: list[Row]) -> list[Row]:
    return [{"id": row.get("Id", "00T000000000001AAA"), "success": True, "errors": []} for row in rows]


def _write(number: int, source: str = "Lead", **fields: Any) -> Write:
    return Write(key=RecordKey("acme", source, f"{number:015d}AAA"), fields=fields or {"Title": "x"})


def test_sources_that_alternate_share_calls_and_outcomes_keep_the_given_order(wire: responses.RequestsMock) -> None:
    calls = _takes(wire, _all_well)
    writes = [_write(number, "Lead" if number % 2 else "Contact") for number in range(10)]

    outcomes = list(connect().write(writes))

    assert [outcome.key for outcome in outcomes] == [write.key.id for write in writes]
    assert [len(rows) for rows in calls] == [5, 5]
    assert [{row["attributes"]["type"] for row in rows} for rows in calls] == [{"Contact"}, {"Lead"}]


def test_outcomes_given_before_a_failure_stand(wire: responses.RequestsMock) -> None:
    _takes(wire, lambda rows: _all_well(rows) if rows[0]["Id"].startswith(f"{0:015d}") else (503, []))
    given = []

    with pytest.raises(CrmUnreachable):
        for outcome in connect().write([_write(number) for number in range(201)]):
            given.append(outcome)  # each outcome must be seen before the failure

    assert len(given) == 200
    assert all(outcome.ok for outcome in given)


def test_a_call_that_every_row_spoils_costs_a_bounded_number_of_calls(wire: responses.RequestsMock) -> None:
    error = [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize instance of double from VALUE_STRING value many"}]
    calls = _takes(wire, lambda _: (400, error))

    outcomes = list(connect().write([_write(number) for number in range(200)]))

    assert len(outcomes) == 200
    assert not any(outcome.ok for outcome in outcomes)
    assert len(calls) <= 40


def test_an_unknown_field_on_every_row_costs_one_call(wire: responses.RequestsMock) -> None:
    error = [{"errorCode": "INVALID_FIELD", "message": "No such column 'Nope__c' on sobject of type Lead"}]
    calls = _takes(wire, lambda _: (400, error))

    outcomes = list(connect().write([_write(number, Nope__c=1) for number in range(200)]))

    assert len(calls) == 1
    assert {outcome.refusal.field for outcome in outcomes if outcome.refusal} == {"Nope__c"}


def test_text_beyond_ascii_goes_as_utf_8(wire: responses.RequestsMock) -> None:
    calls = _takes(wire, _all_well)

    list(connect().write([_write(1, Title="部長")]))

    assert calls[0][0]["Title"] == "部長"


@pytest.mark.parametrize("code", sorted(ROWS))
def test_every_known_row_code_says_who_can_mend_it(code: str) -> None:
    meaning = ROWS[code]

    assert meaning.cause.endswith(".")
    assert meaning.mended_by in ("admin of the CRM", "admin of the mapping", "owner of the record", "nobody")
    assert (meaning.mended_by == "nobody") <= (meaning.action in (Action.RETRY, Action.SKIP_RECORD))


def _task(key: str) -> NewTask:
    return NewTask(
        key=key,
        contact=RecordKey("acme", "Lead", "00Q000000000001AAA"),
        subject="Call",
        body="Because",
        due_at=datetime(2026, 12, 1, 1, 0, tzinfo=UTC),
        due_on=date(2026, 12, 1),
        type=TaskType.TODO,
        priority=Priority.NORMAL,
        owner="005000000000001AAA",
    )


def _knows_tasks(wire: responses.RequestsMock, *known: Row) -> list[str]:
    wire.add(responses.GET, f"{DATA}/sobjects/Task/describe", json={"name": "Task", "fields": []})
    return answers(wire, lambda _: page(*known))


def test_two_hundred_tasks_cost_two_looks_and_one_upsert(wire: responses.RequestsMock) -> None:
    asked = _knows_tasks(wire)
    calls = _takes(wire, _all_well, url=f"{COLLECTIONS}/Task/Hotlead_Key__c")

    outcomes = list(connect().make_tasks([_task(f"key-{number}") for number in range(200)]))

    assert len(asked) == 2
    assert [len(rows) for rows in calls] == [200]
    assert all(outcome.ok for outcome in outcomes)
    assert calls[0][0] == {
        "attributes": {"type": "Task"},
        "Hotlead_Key__c": "key-0",
        "WhoId": "00Q000000000001AAA",
        "Subject": "Call",
        "Description": "Because",
        "ActivityDate": "2026-12-01",
        "Priority": "Normal",
        "OwnerId": "005000000000001AAA",
    }


def test_only_new_keys_are_upserted(wire: responses.RequestsMock) -> None:
    known = {"Id": "00T000000000009AAA", "Hotlead_Key__c": "old", "IsClosed": False, "IsDeleted": False}
    _knows_tasks(wire, known)
    calls = _takes(wire, _all_well, url=f"{COLLECTIONS}/Task/Hotlead_Key__c")

    outcomes = list(connect().make_tasks([_task("old"), _task("new")]))

    assert [outcome.record for outcome in outcomes] == ["00T000000000009AAA", "00T000000000001AAA"]
    assert [[row["Hotlead_Key__c"] for row in rows] for rows in calls] == [["new"]]


def test_quotes_in_a_key_do_not_break_out_of_the_look(wire: responses.RequestsMock) -> None:
    asked = _knows_tasks(wire)
    _takes(wire, _all_well, url=f"{COLLECTIONS}/Task/Hotlead_Key__c")

    list(connect().make_tasks([_task("a' OR Id != '")]))

    assert r"IN ('a\' OR Id != \'')" in asked[0]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((200, page({"ApiName": "Erledigt"}, {"ApiName": "Weg"})), "Erledigt"),
        ((400, [{"errorCode": "INVALID_TYPE", "message": "no"}]), "Completed"),
    ],
)
def test_a_task_is_closed_with_the_orgs_own_word(wire: responses.RequestsMock, statuses: tuple[int, Any], expected: str) -> None:
    known = {"Id": "00T000000000009AAA", "Hotlead_Key__c": "old", "IsClosed": False, "IsDeleted": False}
    _knows_tasks(wire, known)
    wire.add(responses.GET, f"{DATA}/query", status=statuses[0], json=statuses[1])
    calls = _takes(wire, _all_well)

    (outcome,) = connect().close_tasks(["old"])

    assert outcome.ok
    assert [rows[0]["Status"] for rows in calls] == [expected]
    soql = parse_qs(urlsplit(str(wire.calls[2].request.url)).query)["q"][0]
    assert "FROM TaskStatus WHERE IsClosed = true" in soql
