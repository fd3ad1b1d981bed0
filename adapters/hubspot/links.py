"""Which records go with which: inline with a list page, or by the associations API in batches of up to 1,000.

Station: HubSpot adapter, beside read. A link is `{"id": …, "role": …}`; the role is the association's label, `Primary` first, one link a
label; a record without a label has the role "".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from adapters.hubspot.client import Hub
from adapters.kit.budget import Purpose
from adapters.kit.paging import batches
from connector.ports.crm import Json

INPUTS_A_CALL = 1000
"""Inputs of one associations batch read. Source: HubSpot "Associations v4" guide, limits, 2026-11."""
MOST_INLINE = 100
"""From so many inline entries on, a list row is not trusted to name all: HubSpot does not document how many it sends."""
PRIMARY = "Primary"
INLINE_SOURCES = ("contacts", "companies")
"""Between these, a list row's own associations say all we keep (which one is the primary); elsewhere the labels that only the associations
API tells are wanted."""

Links = dict[str, list[Json]]
"""Links by the id of the record they start from; no entry: none."""


def read_links(hub: Hub, *, source: str, other: str, ids: Sequence[str], purpose: Purpose = Purpose.READ) -> Links:
    """Links from these records to records of `other`, however many each has. One call per 1,000 ids, more where a record has many."""
    path = f"{hub.paths.associations(source, other)}/batch/read"
    found: dict[str, list[tuple[str, str]]] = {}
    kept = (PRIMARY,) if source in INLINE_SOURCES and other in INLINE_SOURCES else ()
    for batch in batches(ids, INPUTS_A_CALL):
        inputs: list[dict[str, str]] = [{"id": one} for one in batch]
        while inputs:
            # A 207 lists the records without any association among its errors; they simply have no links.
            reply = hub.call("POST", path, purpose=purpose, body={"inputs": inputs})
            inputs = []
            for result in reply.body["results"]:
                start = str(result["from"]["id"])
                found.setdefault(start, []).extend(_labelled(result.get("to") or (), kept=kept))
                after = _next_after(result)
                if after:
                    inputs.append({"id": start, "after": after})
    return {start: as_links(pairs) for start, pairs in found.items()}


def inline_links(row: Mapping[str, Any], other: str) -> list[Json] | None:
    """Links that came with a list row; None when it may have more than came."""
    block = (row.get("associations") or {}).get(other)
    if not block:
        return []
    results = block.get("results") or ()
    if _next_after(block) or len(results) >= MOST_INLINE:
        return None
    return as_links((str(result["id"]), _role_of_type(str(result.get("type") or ""))) for result in results)


def as_links(pairs: Iterable[tuple[str, str]]) -> list[Json]:
    """(id, role) pairs as links, each once, `Primary` first; the role "" only for a record that has no other."""
    roles: dict[str, dict[str, None]] = {}
    for one, role in pairs:
        roles.setdefault(one, {})[role] = None
    links = [(one, role) for one, held in roles.items() for role in (sorted(filter(None, held)) or [""])]
    links.sort(key=lambda link: link[1] != PRIMARY)
    return [{"id": one, "role": role} for one, role in links]


def _labelled(ends: Iterable[Mapping[str, Any]], *, kept: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    """(id, label) of every association; labels other than `kept` count as none, unless `kept` is empty."""
    for end in ends:
        other = str(end["toObjectId"])
        labels = [str(kind.get("label") or "") for kind in end.get("associationTypes") or ()]
        yield from ((other, label if not kept or label in kept else "") for label in labels or [""])


def _role_of_type(name: str) -> str:
    """`Primary` for the unadorned type name: a list row writes `contact_to_company` for it and `…_unlabeled` for the plain one."""
    return PRIMARY if name in ("contact_to_company", "company_to_contact") else ""


def _next_after(block: Mapping[str, Any]) -> str:
    return str(((block.get("paging") or {}).get("next") or {}).get("after") or "")
