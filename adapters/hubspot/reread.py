"""Named records as they are now, equal to what `read` gives of them.

Station: HubSpot adapter, CRM batch -> RawRecord, beside read. Calls: one a hundred ids, and one a thousand for each related source.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from adapters.hubspot.catalog import require_properties
from adapters.hubspot.client import Hub
from adapters.hubspot.links import INPUTS_A_CALL, Links, read_links
from adapters.hubspot.read import MERGEABLE, MERGED_IDS, READ_ROWS, changed_at, live_record, merged_ids, tombstone
from adapters.kit.budget import Purpose
from adapters.kit.paging import batches
from connector.core.records import RecordKey
from connector.ports.crm import RawRecord

Rows = dict[str, Mapping[str, Any]]
"""Rows by their own ids."""


def reread_objects(
    hub: Hub, *, source: str, ids: Sequence[str], fields: Sequence[str], related: Sequence[str] = (), essential: bool = False
) -> Iterator[RawRecord]:
    """One record an id, in the order asked; one that is gone with `deleted` set, and its survivor where HubSpot names one.

    Raises CrmField for a property that is not there, of which HubSpot itself says nothing.
    """
    # As many ids at a time as one associations call serves, where there is one to make.
    for portion in batches(ids, INPUTS_A_CALL if related else READ_ROWS):
        rows, at = _rows(hub, source, portion, fields, essential)
        links = _links(hub, source, portion, rows, related)
        heirs = {old: kept for kept, row in rows.items() for old in merged_ids(row)}
        for one in portion:
            key = RecordKey(hub.connection, source, one)
            row = rows.get(one)
            if row is not None:
                yield live_record(row, key=key, fields=fields, links=links)
            elif one in heirs:
                heir = RecordKey(hub.connection, source, heirs[one])
                yield tombstone(key, at=changed_at(rows[heir.id]), survivor=heir)
            else:
                yield tombstone(key, at=at)


def _rows(hub: Hub, source: str, ids: Sequence[str], fields: Sequence[str], essential: bool) -> tuple[Rows, datetime]:
    """The rows there are, and HubSpot's clock. A merged record answers under its survivor's id; one that is gone does not answer."""
    wanted = tuple(dict.fromkeys((*fields, *(MERGED_IDS if source in MERGEABLE else ())))) or ("hs_object_id",)
    found: Rows = {}
    at = hub.clock.now()
    for batch in batches(tuple(dict.fromkeys(ids)), READ_ROWS):
        body = {"inputs": [{"id": one} for one in batch], "properties": list(wanted)}
        # A 207 names the ids that are not there; they are those without a row.
        reply = hub.call("POST", f"{hub.paths.objects(source)}/batch/read", purpose=Purpose.REREAD, essential=essential, body=body)
        found |= {str(row["id"]): row for row in reply.body["results"]}
        at = reply.at
    if any(name not in row["properties"] for row in found.values() for name in fields):
        # An empty property comes as null, one that was deleted not at all: then it is not to be taken for empty.
        require_properties(hub, source=source, names=fields)
    return found, at


def _links(hub: Hub, source: str, ids: Sequence[str], rows: Rows, related: Sequence[str]) -> Mapping[str, Links]:
    alive = [one for one in dict.fromkeys(ids) if one in rows]
    return {other: read_links(hub, source=source, other=other, ids=alive, purpose=Purpose.REREAD) if alive else {} for other in related}
