"""A checked field mapping → `field_mapping.FieldMapping`.

Station: the second half of `compile.compile_fields`. Readers are put together once here; a row then costs only their calls.
"""

import json
from collections.abc import Container, Mapping
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from connector.core.ladder import Ladder, StageField
from mappings.activity_rows import ActivityRows
from mappings.convert.money import Currencies
from mappings.convert.registry import Spec, Surroundings
from mappings.field_mapping import FieldMapping, Recipe, RowMapper, SourceRead
from mappings.record_rows import CompanyRows, ContactRows, DealRows
from mappings.writing import WriteField, stage_write_field, write_field

ORDER = ("company", "contact", "deal", "activity")
"""Kinds of source in the order of pulling, so that what rows name is there before them."""


def build_field_mapping(
    read: Mapping[str, Any], *, connection: str, version: int, ladder: Ladder, zone: str, sources: Container[str] | None
) -> FieldMapping:
    """The mapping that the document says, for one connection. `sources`: those that its CRM has; None means all of the document's."""
    around = Surroundings(
        zone=ZoneInfo(zone),
        country=read["country"] or "",
        currencies=_currencies(read["currencies"]),
        free_mail=frozenset(domain.lower() for domain in read["free_mail"]),
        role_mailboxes=frozenset(name.lower() for name in read["role_mailboxes"]),
    )
    there = {name: spec for name, spec in read["sources"].items() if not spec["optional"] or sources is None or name in sources}
    stages = {field.source: field for field in ladder.stage_fields if field.crm == read["crm"]}
    mappers: dict[str, RowMapper] = {}
    reads: list[SourceRead] = []
    written: dict[str, tuple[WriteField, ...]] = {}
    roll_ups: dict[str, frozenset[str]] = {}
    for name, spec in sorted(there.items(), key=lambda entry: ORDER.index(entry[1]["kind"])):
        stage = stages.get(name) if spec["kind"] == "contact" else None
        rows = _rows(name, spec, connection=connection, around=around, stage=stage, there=there)
        writes = _writes(spec, stage)
        mappers[name] = rows
        written[name] = writes
        roll_ups[name] = rows.roll_ups if isinstance(rows, ContactRows) else frozenset()
        reads.append(_source_read(name, spec, rows, writes))
    return FieldMapping(
        crm=read["crm"],
        connection=connection,
        recipe=Recipe(version=version, zone=zone, sources=tuple(sorted(there)), stages=_fingerprint(stages)),
        reads=tuple(reads),
        mappers=mappers,
        written=written,
        roll_ups=roll_ups,
    )


def _fingerprint(stages: Mapping[str, StageField]) -> str:
    """Of what the ladder reads; what it writes changes no record."""
    read = {source: [field.field, sorted(field.read.items())] for source, field in stages.items()}
    return sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()[:16]


def _currencies(read: Spec) -> Currencies:
    return Currencies(base=read["base"], own=read["own"] or read["base"], rates=read["rates"])


def _rows(
    name: str, spec: Spec, *, connection: str, around: Surroundings, stage: StageField | None, there: Container[str]
) -> ContactRows | CompanyRows | DealRows | ActivityRows:
    if spec["kind"] == "contact":
        return ContactRows(
            spec, connection=connection, around=around, stage=stage, told_elsewhere=lambda roll_up: roll_up["instead_of"] in there
        )
    if spec["kind"] == "company":
        return CompanyRows(spec, connection=connection, around=around)
    if spec["kind"] == "deal":
        return DealRows(spec, connection=connection, around=around)
    return ActivityRows(spec, source=name, connection=connection, around=around)


def _writes(spec: Spec, stage: StageField | None) -> tuple[WriteField, ...]:
    own = tuple(
        write_field(field=field, name=entry["from"], ownership=entry["ownership"], values=entry["values"])
        for field, entry in spec.get("write", {}).items()
    )
    return (*own, stage_write_field(stage)) if stage and stage.write else own


def _source_read(
    name: str, spec: Spec, rows: ContactRows | CompanyRows | DealRows | ActivityRows, writes: tuple[WriteField, ...]
) -> SourceRead:
    return SourceRead(
        source=name,
        kind=spec["kind"],
        fields=tuple(sorted({*rows.fields, *(field.field for field in writes)})),
        related=tuple(sorted(rows.related)),
        since_field=spec.get("since") or "",
        where=spec["where"],
        optional=spec["optional"],
    )
