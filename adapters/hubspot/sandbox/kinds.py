"""The object types of the portal: their names, type ids, stamps, default properties and scopes.

Station: HubSpot sandbox, ground. Every other file looks an object type up here by any name HubSpot accepts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One object type of the portal."""

    name: str
    """Plural name, as in `/crm/v3/objects/{name}`; also the name of its SQL table."""
    singular: str
    type_id: str
    created: str
    """The property that holds the creation stamp."""
    modified: str
    """The property that holds the last-modified stamp."""
    defaults: tuple[str, ...]
    """Properties of a reply when the caller names none."""
    scope: str
    """The middle of its scope names: `crm.objects.{scope}.read`."""
    searched: tuple[str, ...]
    """Properties that a search's free-text `query` looks into."""
    first_id: int

    @property
    def label(self) -> str:
        """The upper-case word HubSpot's messages use, e.g. CONTACT."""
        return self.singular.upper()


def _engagement(name: str, singular: str, type_id: str, subject: str, first_id: int) -> Kind:
    stamps = ("hs_createdate", "hs_lastmodifieddate", "hs_object_id")
    return Kind(
        name=name, singular=singular, type_id=type_id, created=stamps[0], modified=stamps[1], defaults=stamps,
        scope="contacts", searched=(subject,), first_id=first_id,
    )  # fmt: skip


KINDS: tuple[Kind, ...] = (
    Kind(
        name="contacts",
        singular="contact",
        type_id="0-1",
        created="createdate",
        modified="lastmodifieddate",
        defaults=("createdate", "email", "firstname", "hs_object_id", "lastmodifieddate", "lastname"),
        scope="contacts",
        searched=("firstname", "lastname", "email", "phone", "company", "hs_additional_emails"),
        first_id=210_000_000_001,
    ),
    Kind(
        name="companies",
        singular="company",
        type_id="0-2",
        created="createdate",
        modified="hs_lastmodifieddate",
        defaults=("createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"),
        scope="companies",
        searched=("name", "domain", "website", "phone"),
        first_id=31_000_000_001,
    ),
    Kind(
        name="deals",
        singular="deal",
        type_id="0-3",
        created="createdate",
        modified="hs_lastmodifieddate",
        defaults=(
            "amount", "closedate", "createdate", "dealname", "dealstage", "hs_lastmodifieddate", "hs_object_id",
            "pipeline",
        ),
        scope="deals",
        searched=("dealname", "description"),
        first_id=42_000_000_001,
    ),
    _engagement("tasks", "task", "0-27", "hs_task_subject", 53_000_000_001),
    _engagement("calls", "call", "0-48", "hs_call_title", 64_000_000_001),
    _engagement("emails", "email", "0-49", "hs_email_subject", 75_000_000_001),
    _engagement("meetings", "meeting", "0-47", "hs_meeting_title", 86_000_000_001),
    _engagement("notes", "note", "0-46", "hs_note_body", 97_000_000_001),
)  # fmt: skip

BY_NAME: dict[str, Kind] = {
    spelling: kind for kind in KINDS for spelling in (kind.name, kind.singular, kind.type_id, kind.singular.upper())
}

ENGAGEMENTS = frozenset({"tasks", "calls", "emails", "meetings", "notes"})


def find_kind(spelling: str) -> Kind | None:
    """The object type of that name or type id, or None. Singular, plural and `0-1` forms are accepted, as HubSpot does."""
    return BY_NAME.get(spelling) or BY_NAME.get(spelling.lower())
