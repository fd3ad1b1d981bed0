"""Changed values into HubSpot, a hundred records a call, with one outcome a record.

Station: HubSpot adapter, Write -> Outcome. Writing the same values twice does nothing more, so a call whose fate is unknown is made again.
"""

from collections.abc import Iterator, Mapping, Sequence

from adapters.hubspot.batch import RowResult, send_batch
from adapters.hubspot.client import Hub
from adapters.hubspot.errors import Complaint, refusal
from adapters.kit.budget import Purpose
from connector.ports.crm import Json, Outcome, Write

WRITE_ROWS = 100
"""Inputs of one batch update. Source: HubSpot "CRM objects" guide, batch limits, 2026-11."""
STAGE = "lifecyclestage"
"""The property that HubSpot moves forward only, ignoring a backward write without a word (facts gathered 2026-11 from its community)."""


def write_records(hub: Hub, writes: Sequence[Write]) -> Iterator[Outcome]:
    """One outcome a write, in the order given. Raises CrmError when a whole batch could not be made; outcomes given stand."""
    done: dict[int, Outcome] = {}
    given = 0
    for places in group_places(writes):
        done |= zip(places, _write_batch(hub, [writes[place] for place in places]), strict=True)
        while given in done:
            yield done.pop(given)
            given += 1


def to_text(value: Json) -> str:
    """A value as HubSpot takes it: text, `true`/`false`, numbers in digits, several options joined by `;`, nothing as the empty text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(to_text(one) for one in value)
    return str(value)


def group_places(writes: Sequence[Write]) -> list[list[int]]:
    """Places of the writes that go together: one source each, no record twice (HubSpot refuses that), in the order of their first."""
    batches: list[list[int]] = []
    latest: dict[str, tuple[list[int], set[str]]] = {}
    for place, write in enumerate(writes):
        places, ids = latest.get(write.key.source, ([], set()))
        if not places or len(places) == WRITE_ROWS or write.key.id in ids:
            places, ids = [], set()
            batches.append(places)
            latest[write.key.source] = (places, ids)
        places.append(place)
        ids.add(write.key.id)
    return batches


def _write_batch(hub: Hub, writes: Sequence[Write]) -> list[Outcome]:
    source = writes[0].key.source
    inputs = [
        {
            "id": write.key.id,
            "properties": {name: to_text(value) for name, value in write.fields.items()},
            "objectWriteTraceId": str(place),
        }
        for place, write in enumerate(writes)
    ]
    results = send_batch(hub, f"{hub.paths.objects(source)}/batch/update", inputs, purpose=Purpose.WRITE)
    stages = _stages_now(hub, writes, results)
    return [_outcome(write, results[str(place)], stages) for place, write in enumerate(writes)]


def _stages_now(hub: Hub, writes: Sequence[Write], results: Mapping[str, RowResult]) -> Mapping[str, str]:
    """The stage each written record has now, by the id it was written under; read again where the answer leaves it out."""
    stages: dict[str, str] = {}
    silent: dict[str, str] = {}
    for place, write in enumerate(writes):
        row = results[str(place)].row
        if row is None or not write.fields.get(STAGE):
            continue
        told = (row.get("properties") or {}).get(STAGE)
        if told is None:
            silent[str(row["id"])] = write.key.id
        else:
            stages[write.key.id] = str(told)
    if silent:
        body = {"inputs": [{"id": one} for one in silent], "properties": [STAGE]}
        path = f"{hub.paths.objects(writes[0].key.source)}/batch/read"
        for row in hub.call("POST", path, purpose=Purpose.REREAD, body=body).body["results"]:
            written_as = silent.get(str(row["id"]))
            if written_as:
                stages[written_as] = str(row["properties"].get(STAGE) or "")
    return stages


def _outcome(write: Write, result: RowResult, stages: Mapping[str, str]) -> Outcome:
    if result.complaint is not None:
        return Outcome(key=write.key.id, ok=False, refusal=refusal(result.complaint))
    record = str(result.row["id"]) if result.row else write.key.id
    wanted = write.fields.get(STAGE)
    if wanted and stages.get(write.key.id) != wanted:
        message = f"Written as {wanted}, HubSpot kept {stages.get(write.key.id) or 'none'}."
        complaint = Complaint(code="LIFECYCLE_STAGE_UNMOVED", message=message, field=STAGE)
        return Outcome(key=write.key.id, ok=False, record=record, refusal=refusal(complaint))
    return Outcome(key=write.key.id, ok=True, record=record)
