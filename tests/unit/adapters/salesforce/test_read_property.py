"""The law of reading: whatever the ties, the commit lag, the kills and the page size, no row's last state is missed."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.kit.budget import Purpose
from adapters.salesforce.client import Answer, SalesforceClient
from adapters.salesforce.read import Reader
from connector.ports.crm import Ask, FieldType, RawRecord
from tests.support.clocks import StillClock

BEGIN = datetime(2026, 11, 2, 0, 0, tzinfo=UTC)
LONGEST_TRANSACTION_S = 595


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One state of a row: stamped when its statement ran, seen from when its transaction ended."""

    row: int
    stamp_s: int
    seen_from_s: int
    deleted: bool


@dataclass(slots=True)
class LaggingOrg:
    """Answers the reader's queries over versions of rows, as they are seen at the moment of the query."""

    versions: list[Version]
    pauses: list[int]
    connection: str = "sf"
    clock: StillClock = field(default_factory=lambda: StillClock(BEGIN))
    now_s: int = 0

    def query(self, soql: str, *, purpose: Purpose, every_row: bool) -> Answer:
        assert every_row
        self.now_s += self.pauses[self.now_s % len(self.pauses)]
        rows = [row for row in self._seen() if all(_holds(condition, row) for condition in _conditions(soql))]
        order = ("SystemModstamp", "Id") if "ORDER BY SystemModstamp" in soql else ("Id",)
        rows.sort(key=lambda row: [row[name] for name in order])
        limit = re.search(r"LIMIT (\d+)", soql)
        page = rows[: int(limit[1])] if limit else rows[:3]
        return Answer(
            {"totalSize": len(rows), "done": bool(limit) or len(rows) <= 3, "records": page}, BEGIN + timedelta(seconds=self.now_s)
        )

    def call(self, method: str, path: str, *, purpose: Purpose) -> Answer:
        assert "/deleted/" in path
        body = {"deletedRecords": [], "latestDateCovered": _text(self.now_s)}
        return Answer(body, BEGIN + timedelta(seconds=self.now_s))

    def _seen(self) -> list[dict[str, Any]]:
        last: dict[int, Version] = {}
        for version in self.versions:
            if version.seen_from_s <= self.now_s:
                last[version.row] = version
        return [
            {"Id": _id(version.row), "SystemModstamp": _text(version.stamp_s), "IsDeleted": version.deleted, "Subject": version.stamp_s}
            for version in last.values()
        ]


def _id(row: int) -> str:
    return f"00T{row:012d}AAA"


def _text(seconds: int) -> str:
    return (BEGIN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _conditions(soql: str) -> list[str]:
    where = soql.partition(" WHERE ")[2].partition(" ORDER BY ")[0]
    return re.split(r" AND (?![^(]*\))", where)


def _holds(condition: str, row: dict[str, Any]) -> bool:
    if condition == "IsDeleted = false":
        return not row["IsDeleted"]
    if condition.startswith("("):
        later, tie = condition[1:-1].split(" OR ")
        return _holds(later, row) or all(_holds(part, row) for part in tie.strip("()").split(" AND "))
    name, sign, value = condition.split(" ", 2)
    left: Any = row[name] if name == "Id" else datetime.fromisoformat(row[name])
    right: Any = value.strip("'") if name == "Id" else datetime.fromisoformat(value)
    return bool({">": left > right, "=": left == right, ">=": left >= right, "<=": left <= right}[sign])


@st.composite
def histories(draw: st.DrawFn) -> list[Version]:
    """Versions of up to nine rows over some hours, many on the same second, each seen up to ten minutes late."""
    versions: list[Version] = []
    free_from = dict.fromkeys(range(9), 0)
    for _ in range(draw(st.integers(1, 25))):
        row = draw(st.integers(0, 8))
        stamp_s = free_from[row] + draw(st.sampled_from([0, 0, 1, 60, 599, 600, 601, 3600]))
        lag_s = draw(st.sampled_from([0, 0, 1, 300, LONGEST_TRANSACTION_S]))
        versions.append(Version(row=row, stamp_s=stamp_s, seen_from_s=stamp_s + lag_s, deleted=draw(st.integers(0, 9)) == 0))
        free_from[row] = stamp_s + lag_s
    return versions


@settings(max_examples=200, deadline=None)
@given(
    versions=histories(),
    pauses=st.lists(st.sampled_from([0, 1, 5, 60, 400]), min_size=1, max_size=7),
    waits=st.lists(st.sampled_from([0, 30, 300, 601, 4000]), max_size=12),
    kills=st.lists(st.integers(0, 4), max_size=12),
    page_rows=st.integers(1, 4),
)
def test_no_last_state_of_a_row_is_missed(
    versions: list[Version], pauses: list[int], waits: list[int], kills: list[int], page_rows: int
) -> None:
    org = LaggingOrg(versions=sorted(versions, key=lambda version: version.seen_from_s), pauses=pauses)
    stored: dict[str, RawRecord] = {}
    cursor: str | None = None

    def run(pages: int) -> None:
        nonlocal cursor
        reader = Reader(client=cast(SalesforceClient, org), field_type=lambda _source, _name: FieldType.TEXT, page_rows=page_rows)
        for number, page in enumerate(reader.read(Ask(source="Task", fields=("Subject",), cursor=cursor)), start=1):
            stored.update({record.key.id: record for record in page.records})
            cursor = page.cursor
            if number == pages:
                return

    for wait_s, kill in zip(waits, [*kills, *[99] * 12], strict=False):
        run(pages=kill)
        org.now_s += wait_s
    end_s = max(version.seen_from_s for version in versions)
    org.now_s = max(org.now_s, end_s) + 1
    run(pages=10_000)
    run(pages=10_000)

    last = {version.row: version for version in org.versions}
    for row, version in last.items():
        told = stored.get(_id(row))
        if told is None:
            assert version.deleted, f"row {row} was never told"
        else:
            assert (told.fields["Subject"], told.deleted) == (version.stamp_s, version.deleted)
