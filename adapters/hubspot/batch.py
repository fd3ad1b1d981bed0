"""One batch call and what became of each of its rows.

Station: HubSpot adapter, under write and tasks. HubSpot answers 200 or 201 when every row was taken, 207 when some were, and refuses the
whole batch with 400, 404 or 409 for what it cannot pin on a row; then the rows it names are taken out, or the batch is halved, so that
one bad row never stops the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.hubspot.client import Hub
from adapters.hubspot.errors import Complaint, complaint_of, read_complaint
from adapters.kit.budget import Purpose
from connector.ports.errors import CrmField, CrmRefused

Input = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowResult:
    """The row HubSpot gave back, or its complaint."""

    row: Mapping[str, Any] | None = None
    complaint: Complaint | None = None


BATCH_WIDE = frozenset({"PROPERTY_DOESNT_EXIST", "READ_ONLY_VALUE", "PROPERTY_READ_ONLY"})
"""Refusals that hold for every row which carries the property."""


def send_batch(
    hub: Hub, path: str, inputs: Sequence[Input], *, purpose: Purpose, key_property: str = "", essential: bool = False
) -> Mapping[str, RowResult]:
    """What became of each input, by its `objectWriteTraceId`. Raises CrmError for what concerns the call and not its rows.

    `key_property` names a property whose values tell the rows of a create apart, where no id does.
    """
    return _Batch(hub, path, purpose, key_property, essential).send(inputs)


@dataclass(frozen=True, slots=True)
class _Batch:
    hub: Hub
    path: str
    purpose: Purpose
    key_property: str
    essential: bool

    def send(self, inputs: Sequence[Input]) -> Mapping[str, RowResult]:
        if not inputs:
            return {}
        try:
            reply = self.hub.call("POST", self.path, purpose=self.purpose, essential=self.essential, body={"inputs": list(inputs)})
        except (CrmField, CrmRefused) as refused:
            return self._apart(inputs, refused)
        return self._results(inputs, reply.body, is_partial=reply.status == 207)

    def _apart(self, inputs: Sequence[Input], refused: CrmField | CrmRefused) -> Mapping[str, RowResult]:
        """The same rows again without those that the refusal holds for, or in halves; a single row's refusal is its own."""
        complaint = complaint_of(refused)
        blamed = RowResult(complaint=complaint)
        if len(inputs) == 1:
            return {_trace(inputs[0]): blamed}
        bearers = [one for one in inputs if complaint.code in BATCH_WIDE and any(name in one["properties"] for name in complaint.fields)]
        if bearers:
            rest = [one for one in inputs if one not in bearers]
            return {_trace(one): blamed for one in bearers} | dict(self.send(rest))
        middle = len(inputs) // 2
        return {**self.send(inputs[:middle]), **self.send(inputs[middle:])}

    def _results(self, inputs: Sequence[Input], body: Mapping[str, Any], *, is_partial: bool) -> Mapping[str, RowResult]:
        traces = {self._name(one): _trace(one) for one in inputs}
        found: dict[str, RowResult] = {}
        unplaced = []
        for row in body.get("results") or ():
            trace = str(row.get("objectWriteTraceId") or "") or traces.get(self._name(row), "")
            if trace:
                found[trace] = RowResult(row=row)
            else:
                unplaced.append(row)
        for error in body.get("errors") or ():
            complaint = read_complaint(error)
            for trace in _traces(error, traces):
                found.setdefault(trace, RowResult(complaint=complaint))
        missing = [_trace(one) for one in inputs if _trace(one) not in found]
        if not is_partial and len(unplaced) == len(missing):
            # Every row was taken; one that came back under another id was merged into that record.
            return found | {trace: RowResult(row=row) for trace, row in zip(missing, unplaced, strict=True)}
        silent = Complaint(code="NO_RESULT", message="HubSpot's answer does not say what became of this record.")
        return found | {trace: RowResult(complaint=silent) for trace in missing}

    def _name(self, one: Input) -> str:
        """What tells an input or a row from the others: its id, or the value of the key property."""
        if self.key_property:
            return str((one.get("properties") or {}).get(self.key_property) or "")
        return str(one.get("id") or "")


def _trace(one: Input) -> str:
    return str(one["objectWriteTraceId"])


def _traces(error: Mapping[str, Any], by_name: Mapping[str, str]) -> Sequence[str]:
    """Which inputs an entry of `errors` is about."""
    context = error.get("context") or {}
    named = context.get("objectWriteTraceId")
    if named:
        return [str(trace) for trace in named]
    return [by_name[str(one)] for one in context.get("ids") or context.get("id") or () if str(one) in by_name]
