"""What each object does of itself when a record is saved: names, closed flags, stages, and what it refuses.

Station: Salesforce sandbox. Called by `records.py` with the row as it will be; changes the row in place.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.salesforce.sandbox.errors import RowRefusal
from adapters.salesforce.sandbox.standard_sales import RESPONDED_STATUSES, STAGES

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """One record about to be saved. `old` is None for a new one; `row` is the whole row as it will be."""

    db: sqlite3.Connection
    row: Row
    old: Mapping[str, Any] | None
    stamp: str

    def changed(self, *names: str) -> bool:
        """True when any of the fields is new or different."""
        return self.old is None or any(self.row.get(name) != self.old.get(name) for name in names)

    def parent(self, kind: str, record_id: str | None, column: str) -> Any:
        """One column of another record; None when there is no such record."""
        if record_id is None:
            return None
        found = self.db.execute(f'SELECT "{column}" FROM "{kind}" WHERE Id = ?', (record_id,)).fetchone()
        return found[0] if found else None


def apply_rules(kind: str, saving: Saving) -> None:
    """Works out what follows from the record's fields and refuses what the object refuses (RowRefusal)."""
    for rule in _RULES.get(kind, ()):
        rule(saving)


def person_name(first: str | None, last: str | None) -> str:
    """The full name that the platform puts together."""
    return " ".join(part for part in (first, last) if part)


def _name(saving: Saving) -> None:
    saving.row["Name"] = person_name(saving.row.get("FirstName"), saving.row.get("LastName"))


def _converted_lead(saving: Saving) -> None:
    if saving.old is not None and saving.old["IsConverted"]:
        raise RowRefusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")


def _who(saving: Saving) -> None:
    row = saving.row
    who, what = row.get("WhoId"), row.get("WhatId")
    if who and who.startswith("00Q") and saving.changed("WhoId", "WhatId"):
        if what:
            raise RowRefusal(
                "FIELD_INTEGRITY_EXCEPTION",
                "field integrity exception: WhatId (when the name is a lead, related to must be empty)",
                ("WhatId",),
            )
        if saving.changed("WhoId") and saving.parent("Lead", who, "IsConverted"):
            raise RowRefusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead", ("WhoId",))
    if saving.changed("WhoId", "WhatId"):
        row["AccountId"] = _account_of_activity(saving, who, what)


def _account_of_activity(saving: Saving, who: str | None, what: str | None) -> Any:
    if what and what.startswith("001"):
        return what
    if what and what.startswith("006"):
        return saving.parent("Opportunity", what, "AccountId")
    return saving.parent("Contact", who, "AccountId") if who and who.startswith("003") else None


def _task(saving: Saving) -> None:
    row = saving.row
    was_closed = saving.old is not None and saving.old["IsClosed"]
    row["IsClosed"] = int(row["Status"] == "Completed")
    row["IsHighPriority"] = int(row["Priority"] == "High")
    if row["IsClosed"] and not was_closed:
        row["CompletedDateTime"] = row.get("CompletedDateTime") or saving.stamp
    elif not row["IsClosed"]:
        row["CompletedDateTime"] = None
    row["TaskSubtype"] = row.get("TaskSubtype") or "Task"


def _event(saving: Saving) -> None:
    row = saving.row
    start = row.get("StartDateTime") or row.get("ActivityDateTime")
    if start is None and not row.get("IsAllDayEvent"):
        raise RowRefusal("REQUIRED_FIELD_MISSING", "Required fields are missing: [ActivityDateTime]", ("ActivityDateTime",))
    if row.get("DurationInMinutes") is None and row.get("EndDateTime") is None:
        raise RowRefusal("REQUIRED_FIELD_MISSING", "Required fields are missing: [DurationInMinutes]", ("DurationInMinutes",))
    start = start or f"{row['ActivityDate']}T00:00:00.000+0000"
    minutes = row.get("DurationInMinutes")
    row["StartDateTime"] = row["ActivityDateTime"] = start
    if row.get("EndDateTime") is None:
        row["EndDateTime"] = saving.db.execute(
            "SELECT strftime('%Y-%m-%dT%H:%M:%S.000+0000', substr(?, 1, 19), ?)", (start, f"+{minutes} minutes")
        ).fetchone()[0]
    row["DurationInMinutes"] = saving.db.execute(
        "SELECT CAST(round((julianday(substr(?, 1, 19)) - julianday(substr(?, 1, 19))) * 1440) AS INTEGER)",
        (row["EndDateTime"], start),
    ).fetchone()[0]
    row["ActivityDate"] = start[:10]
    row["EventSubtype"] = row.get("EventSubtype") or "Event"


_STAGES = {name: (probability, category, state) for name, probability, category, state in STAGES}


def _opportunity(saving: Saving) -> None:
    row = saving.row
    probability, category, state = _STAGES.get(row["StageName"], (0, "Pipeline", "open"))
    if saving.changed("StageName"):
        if saving.old is not None or row.get("Probability") is None:
            row["Probability"] = float(probability)
        row["ForecastCategory"] = category
        row["ForecastCategoryName"] = category
        row["LastStageChangeDate"] = saving.stamp if saving.old is not None else None
    row["IsClosed"], row["IsWon"] = int(state != "open"), int(state == "won")
    amount = row.get("Amount")
    row["ExpectedRevenue"] = None if amount is None else amount * (row.get("Probability") or 0) / 100
    year, month = int(row["CloseDate"][:4]), int(row["CloseDate"][5:7])
    row["FiscalYear"], row["FiscalQuarter"] = year, (month + 2) // 3


def _member(saving: Saving) -> None:
    row = saving.row
    if bool(row.get("LeadId")) == bool(row.get("ContactId")):
        raise RowRefusal("REQUIRED_FIELD_MISSING", "Required fields are missing: [LeadId or ContactId]", ("LeadId",))
    if saving.old is None:
        twin = saving.db.execute(
            'SELECT 1 FROM "CampaignMember" WHERE CampaignId = ? AND LeadId IS ? AND ContactId IS ? AND IsDeleted = 0',
            (row["CampaignId"], row.get("LeadId"), row.get("ContactId")),
        ).fetchone()
        if twin:
            raise RowRefusal("DUPLICATE_VALUE", "Already a campaign member.")
    row["HasResponded"] = int(row["Status"] in RESPONDED_STATUSES)
    if row["HasResponded"] and not row.get("FirstRespondedDate"):
        row["FirstRespondedDate"] = saving.stamp[:10]


def _field_permission(saving: Saving) -> None:
    row = saving.row
    if row.get("PermissionsEdit") and not row.get("PermissionsRead"):
        raise RowRefusal("FIELD_INTEGRITY_EXCEPTION", "Permission Edit depends on permission(s): Read", ("PermissionsEdit",))
    twin = saving.db.execute(
        'SELECT 1 FROM "FieldPermissions" WHERE ParentId = ? AND Field = ?', (row["ParentId"], row["Field"])
    ).fetchone()
    if saving.old is None and twin:
        raise RowRefusal("DUPLICATE_VALUE", f"duplicate value found: Field duplicates value on record with id: {row['Field']}")


def _assignment(saving: Saving) -> None:
    row = saving.row
    twin = saving.db.execute(
        'SELECT Id FROM "PermissionSetAssignment" WHERE PermissionSetId = ? AND AssigneeId = ?',
        (row["PermissionSetId"], row["AssigneeId"]),
    ).fetchone()
    if saving.old is None and twin:
        raise RowRefusal("DUPLICATE_VALUE", f"duplicate value found: PermissionSetId duplicates value on record with id: {twin[0]}")


_RULES: dict[str, tuple[Callable[[Saving], None], ...]] = {
    "Lead": (_converted_lead, _name),
    "Contact": (_name,),
    "User": (_name,),
    "Task": (_who, _task),
    "Event": (_who, _event),
    "Opportunity": (_opportunity,),
    "CampaignMember": (_member,),
    "FieldPermissions": (_field_permission,),
    "PermissionSetAssignment": (_assignment,),
}
