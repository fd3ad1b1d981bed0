"""One call for up to 200 rows of one object, and what became of each.

Station: beneath `write.py` and `tasks.py`. Rows that somebody else held are sent again, alone; a call that is refused as a whole because of
one row's form is cut up until that row stands alone.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.kit.budget import Purpose
from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.errors import field_named, is_lock
from connector.ports.errors import CrmField, CrmRefused

BATCH_ROWS = 200
"""Rows of one collection call ("REST API Developer Guide", sObject Collections)."""

LOCK_WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Ceilings of the waits before locked rows are sent again; after the last they are parked."""

ALONE_AT_MOST = 8
"""Rows of a call refused for its form that are found one by one; with more of them the rest is refused together, for calls cost quota."""

_HEADERS = {"Sforce-Duplicate-Rule-Header": "allowSave=true", "Sforce-Auto-Assign": "FALSE"}
FORM_CODES = ("JSON_PARSER_ERROR", "INVALID_FIELD", "MALFORMED_ID", "INVALID_TYPE_ON_FIELD_IN_RECORD")
"""Codes of a call that was refused as a whole because of the form of one row, or of a field."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """What became of one row: `id` where it was written, else `errors` as Salesforce gives them."""

    id: str = ""
    errors: tuple[Mapping[str, Any], ...] = ()


class Collections:
    """Sends rows to one org. Thread-safe. Every call may be made twice: rows are named by id or by external id."""

    def __init__(self, *, client: SalesforceClient) -> None:
        self._client = client
        self._chance = random.Random()

    def update(self, rows: Sequence[Row], *, essential: bool = False) -> tuple[RowResult, ...]:
        """Results of updating rows by their `Id`, in order. At most 200 rows, all of one object."""
        return self._until_free("composite/sobjects", rows, essential=essential)

    def upsert(self, source: str, key_field: str, rows: Sequence[Row], *, essential: bool = False) -> tuple[RowResult, ...]:
        """Results of making rows, or updating those whose external id is there already."""
        return self._until_free(f"composite/sobjects/{source}/{key_field}", rows, essential=essential)

    def _until_free(self, path: str, rows: Sequence[Row], *, essential: bool) -> tuple[RowResult, ...]:
        results = list(self._send(path, rows, essential=essential, alone=[0]))
        for ceiling_s in LOCK_WAITS_S:
            locked = [index for index, result in enumerate(results) if is_lock(result.errors)]
            if not locked:
                break
            self._client.clock.sleep(self._chance.uniform(ceiling_s / 2, ceiling_s))
            again = self._send(path, [rows[index] for index in locked], essential=essential, alone=[0])
            for index, result in zip(locked, again, strict=True):
                results[index] = result
        return tuple(results)

    def _send(self, path: str, rows: Sequence[Row], *, essential: bool, alone: list[int]) -> list[RowResult]:
        """Results of one call; `alone` counts the rows already found to spoil it."""
        body = {"allOrNone": False, "records": rows}
        try:
            told = self._client.call("PATCH", path, purpose=Purpose.WRITE, essential=essential, body=body, headers=_HEADERS).body
        except (CrmField, CrmRefused) as refusal:
            if refusal.code not in FORM_CODES:
                raise
            return self._without_the_spoiler(path, rows, refusal, essential=essential, alone=alone)
        return [RowResult(id=row.get("id") or "", errors=() if row["success"] else tuple(row["errors"])) for row in told]

    def _without_the_spoiler(
        self, path: str, rows: Sequence[Row], refusal: CrmField | CrmRefused, *, essential: bool, alone: list[int]
    ) -> list[RowResult]:
        spoilt = RowResult(errors=({"statusCode": refusal.code, "message": str(refusal), "fields": []},))
        field = field_named(str(refusal))
        if refusal.code == "INVALID_FIELD" and field:
            return self._without_field(path, rows, field, spoilt, essential=essential, alone=alone)
        if len(rows) == 1:
            alone[0] += 1
            return [spoilt]
        if alone[0] >= ALONE_AT_MOST:
            return [spoilt] * len(rows)
        middle = len(rows) // 2
        first = self._send(path, rows[:middle], essential=essential, alone=alone)
        return first + self._send(path, rows[middle:], essential=essential, alone=alone)

    def _without_field(
        self, path: str, rows: Sequence[Row], field: str, spoilt: RowResult, *, essential: bool, alone: list[int]
    ) -> list[RowResult]:
        """A field that is not there spoils every row that carries it; the others go on."""
        fit = [row for row in rows if field not in row]
        sent = iter(self._send(path, fit, essential=essential, alone=alone) if fit and len(fit) < len(rows) else ())
        return [next(sent, spoilt) if field not in row else spoilt for row in rows]
