"""Each Salesforce answer in `adapters/salesforce/payloads` gives what stands beside it."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.salesforce.adapter import KIND
from adapters.salesforce.catalog import field_of
from adapters.salesforce.errors import call_refused, login_refused, row_refusal
from adapters.salesforce.rows import SourceRows
from connector.ports.hooks import Hint

PAYLOADS = Path(__file__).parents[2] / "adapters" / "salesforce" / "payloads"


def _cases(prefix: str) -> list[Any]:
    paths = sorted(path for path in PAYLOADS.glob(f"{prefix}__*.json") if not path.name.endswith(".expected.json"))
    return [pytest.param(_read(path), _read(path.with_suffix(".expected.json")), id=path.stem) for path in paths]


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("given", "expected"), _cases("query"))
def test_rows_become_these_records(given: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    ask = given["ask"]
    rows = SourceRows(connection="sf", source=ask["source"], fields=ask["fields"], related=ask["related"])

    records = [rows.record(row) for row in given["answer"]["records"]]

    told = [
        {
            "id": record.key.id,
            "modified_at": record.modified_at.isoformat(),
            "deleted": record.deleted,
            "survivor": [record.survivor.source, record.survivor.id] if record.survivor else None,
            "fields": dict(record.fields),
        }
        for record in records
    ]
    assert told == expected


@pytest.mark.parametrize(("given", "expected"), _cases("collection"))
def test_row_errors_become_these_refusals(given: dict[str, Any], expected: list[dict[str, Any] | None]) -> None:
    refusals = [None if row["success"] else row_refusal(row["errors"]) for row in given["answer"]]

    told = [
        None
        if refusal is None
        else {"action": refusal.action, "code": refusal.code, "field": refusal.field, "mended_by": refusal.mended_by}
        for refusal in refusals
    ]
    assert told == expected
    assert all(refusal is None or refusal.cause for refusal in refusals)


@pytest.mark.parametrize(("given", "expected"), _cases("error"))
def test_refused_calls_become_these_errors(given: dict[str, Any], expected: dict[str, Any]) -> None:
    until = datetime(2026, 11, 2, 9, 15, tzinfo=UTC)

    error = call_refused(status=given["status"], body=given["body"], connection="eu", what="GET query", secrets=(), until=until)

    assert (type(error).__name__, error.code, getattr(error, "field", "")) == (expected["class"], expected["code"], expected["field"])
    assert "eu" in str(error)
    assert error.hint
    assert error.until == (until if expected["class"] == "CrmLimit" else None)


@pytest.mark.parametrize(("given", "expected"), _cases("login"))
def test_refused_logins_say_what_to_do(given: dict[str, Any], expected: dict[str, Any]) -> None:
    body = given["body"]

    error = login_refused(connection="eu", code=body["error"], description=body["error_description"], secrets=())

    assert (type(error).__name__, error.code) == (expected["class"], expected["code"])
    assert expected["hint_mentions"] in error.hint


@pytest.mark.parametrize(("given", "expected"), _cases("field"))
def test_described_fields_become_these_catalog_fields(given: dict[str, Any], expected: dict[str, Any]) -> None:
    field = field_of(given["field"])

    told = {name: getattr(field, name) for name in expected}
    assert {name: list(part) if isinstance(part, tuple) else part for name, part in told.items()} == expected


@pytest.mark.parametrize(("given", "expected"), _cases("hook"))
def test_pushed_messages_give_these_hints_and_leave_no_session(given: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    kept = KIND.hooks.kept("\n".join(given["body"]).encode())

    told = [
        {"event": one.event, "source": one.source, "record": one.record, "kind": one.kind} if isinstance(one, Hint) else one
        for one in KIND.hooks.split(kept)
    ]
    assert told == expected
    assert b"SessionId" not in kept
    assert b"!AQcAQ" not in kept


def test_every_payload_has_what_is_expected_of_it_and_is_tried() -> None:
    prefixes = {path.name.partition("__")[0] for path in PAYLOADS.glob("*.json")}

    assert prefixes == {"query", "collection", "error", "login", "field", "hook"}
