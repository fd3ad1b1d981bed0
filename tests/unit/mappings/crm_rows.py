"""Rows as the two CRMs give them, and the packaged mappings to read them by."""

from collections.abc import Container, Mapping
from datetime import UTC, datetime

from connector.core.records import Activity, Contact, RecordKey
from connector.ports.crm import Json, RawRecord
from mappings.compile import FieldMapping, Mapped, compile_fields, compile_lifecycle
from mappings.document import packaged

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
LADDER = compile_lifecycle(packaged("lifecycle", "b2b_default"), file="lifecycle", version=1)
EVENTLESS = frozenset({"companies", "contacts", "deals", "calls", "emails", "meetings"})
"""Sources of a HubSpot portal below Enterprise."""


def mapping_of(crm: str, *, text: str | None = None, sources: Container[str] | None = None) -> FieldMapping:
    """The packaged mapping of a CRM, or another text, for the connection `c` in Tokyo."""
    return compile_fields(
        text or packaged("fields", crm), file=crm, connection="c", version=1, ladder=LADDER, zone="Asia/Tokyo", sources=sources
    )


def row(source: str, record_id: str = "1", /, **fields: Json) -> RawRecord:
    """A row last changed at NOW. `related_contacts=["7"]` stands for ids that come along."""
    named = {name.replace("related_", "@"): _related(value) if name.startswith("related_") else value for name, value in fields.items()}
    return RawRecord(key=RecordKey("c", source, record_id), modified_at=NOW, fields=named)


def _related(ids: Json) -> Json:
    return [one if isinstance(one, dict) else {"id": str(one), "role": ""} for one in ids] if isinstance(ids, list) else ids


def mapped(mapping: FieldMapping, raw: RawRecord, *, before: Mapping[str, Json] | None = None, seen_at: datetime = NOW) -> Mapped:
    return mapping.records(raw, before=before, seen_at=seen_at)


def contact_of(mapping: FieldMapping, raw: RawRecord) -> Contact:
    """The one contact of a row."""
    (contact,) = [record for record in mapped(mapping, raw).records if isinstance(record, Contact)]
    return contact


def activities_of(
    mapping: FieldMapping, raw: RawRecord, *, before: Mapping[str, Json] | None = None, seen_at: datetime = NOW
) -> list[Activity]:
    """The activities of a row."""
    return [record for record in mapped(mapping, raw, before=before, seen_at=seen_at).records if isinstance(record, Activity)]
