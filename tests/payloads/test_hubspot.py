"""Each recorded HubSpot answer gives its expected result through the whole adapter.

A payload of calls is `adapters/hubspot/payloads/<deed>__<variant>.json`, what it gives stands beside it in `….expected.json`;
`hook__<variant>.json` is a body that HubSpot pushes.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.hubspot.adapter import KIND
from connector.core.records import RecordKey
from connector.ports.crm import Ask, Crm, NewTask, Priority, TaskType, Write
from connector.ports.errors import CrmError
from tests.support.canned import canned_server

FOLDER = Path(__file__).resolve().parents[2] / "adapters" / "hubspot" / "payloads"
ALL = sorted(path for path in FOLDER.glob("*.json") if not path.name.endswith(".expected.json"))
PUSHED = [path for path in ALL if path.stem.startswith("hook__")]
PAYLOADS = [path for path in ALL if path not in PUSHED]


def _read(source: str, *related: str) -> Callable[[Crm], Any]:
    fields = {"contacts": ("email", "firstname"), "deals": ("dealname",), "events:e_visited_page": ("hs_url", "occurredAt")}

    def read(crm: Crm) -> Any:
        return [asdict(record) for page in crm.read(Ask(source=source, fields=fields[source], related=related)) for record in page.records]

    return read


def _write(crm: Crm) -> Any:
    keys = [RecordKey("eu", "contacts", one) for one in ("101", "102", "103")]
    return [asdict(outcome) for outcome in crm.write([Write(key=key, fields={"hotlead_grade": "A1"}) for key in keys])]


def _task(crm: Crm) -> Any:
    task = NewTask(
        key="mql-7",
        contact=RecordKey("eu", "contacts", "101"),
        subject="Call",
        body="",
        due_at=datetime(2026, 12, 1, 9, 0, tzinfo=UTC),
        due_on=date(2026, 12, 1),
        type=TaskType.CALL,
        priority=Priority.HIGH,
        owner="51",
    )
    return [asdict(outcome) for outcome in crm.make_tasks([task])]


def _reread(crm: Crm) -> Any:
    rows = crm.reread(source="contacts", ids=["101", "102", "103"], fields=("email", "firstname"), related=("companies",))
    return [asdict(row) for row in rows]


def _feed(crm: Crm) -> Any:
    feed = crm.feed()
    assert feed is not None
    pages = [asdict(page) for page in feed.hints(None)]
    events = [one.pop("event") for page in pages for one in page["told"] if "event" in one]
    assert len(set(events)) == len(events)
    return pages


def _refused(crm: Crm) -> Any:
    with pytest.raises(CrmError) as refusal:
        crm.users()
    told = refusal.value
    return {
        "class": type(told).__name__,
        "action": told.action,
        "code": told.code,
        "field": getattr(told, "field", ""),
        "message": str(told),
        "until": told.until,
    }


DEEDS: Mapping[str, Callable[[Crm], Any]] = {
    "read_contacts": _read("contacts", "companies"),
    "read_deals": _read("deals", "contacts"),
    "read_page_views": _read("events:e_visited_page", "contacts"),
    "reread_contacts": _reread,
    "write_contacts": _write,
    "make_task": _task,
    "catalog": lambda crm: [asdict(field) for field in crm.catalog(sources=["contacts"]).sources["contacts"].values()],
    "identity": lambda crm: asdict(crm.identity()),
    "users": lambda crm: [asdict(user) for user in crm.users()],
    "feed": _feed,
    "refused": _refused,
}


def _plain(value: Any) -> Any:
    """The value as JSON keeps it."""
    return json.loads(json.dumps(value, default=lambda one: one.isoformat() if isinstance(one, datetime) else str(one)))


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda path: path.stem)
def test_a_recorded_answer_gives_its_expected_result(payload: Path) -> None:
    told = json.loads(payload.read_text(encoding="utf-8"))
    expected = json.loads(payload.with_suffix(".expected.json").read_text(encoding="utf-8"))

    with canned_server(told["answers"]) as url:
        app = {"journal_client_id": "app", "journal_client_secret": "not-to-be-seen"}
        crm = KIND.open(connection="eu", settings={"token": "pat-na1-payload", "base_url": url, "timeout_s": "5", **app})
        result = _plain(DEEDS[payload.stem.split("__")[0]](crm))
        crm.close()

    assert told["source"]
    assert result == expected


@pytest.mark.parametrize("payload", PUSHED, ids=lambda path: path.stem)
def test_a_pushed_body_gives_its_hints(payload: Path) -> None:
    told = json.loads(payload.read_text(encoding="utf-8"))
    expected = json.loads(payload.with_suffix(".expected.json").read_text(encoding="utf-8"))

    found = [_plain(asdict(one)) for one in KIND.hooks.split(json.dumps(told["body"]).encode())]

    assert told["source"]
    assert [{name: part for name, part in one.items() if name != "event"} for one in found] == expected
    events = [one["event"] for one in found if "event" in one]
    assert len(set(events)) == len(events)


def test_every_deed_has_a_payload() -> None:
    assert {path.stem.split("__")[0] for path in PAYLOADS} == set(DEEDS)
