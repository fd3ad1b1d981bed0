"""The list and record pages: what a rep sees of this org.

Station: Salesforce sandbox, behind the kit's page templates.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.kit.sandbox.control import UnknownRecordError
from adapters.kit.sandbox.pages import Hotlead, ListPage, ListRow, RecordPage, Section, TaskLine, TimelineLine
from adapters.salesforce.sandbox.ids import full_id
from adapters.salesforce.sandbox.org import Org

_PEOPLE = ("Lead", "Contact")
_OURS = {
    "score": "Hotlead_Score__c", "fit": "Hotlead_Fit__c", "engagement": "Hotlead_Engagement__c",
    "grade": "Hotlead_Grade__c", "temperature": "Hotlead_Temperature__c", "reasons": "Hotlead_Reasons__c",
    "stage": "Hotlead_Stage__c", "next_action": "Hotlead_Next_Action__c",
}  # fmt: skip
_SECTIONS = {
    "Lead": {
        "Lead": ("Company", "Title", "Status", "LeadSource", "Industry", "NumberOfEmployees", "Rating", "Description"),
        "Reach": ("Email", "Phone", "MobilePhone", "City", "Country", "HasOptedOutOfEmail", "EmailBouncedReason"),
    },
    "Contact": {
        "Contact": ("Title", "Department", "LeadSource", "Description"),
        "Reach": ("Email", "Phone", "MobilePhone", "MailingCity", "MailingCountry", "HasOptedOutOfEmail"),
    },
}

_SHOWN_NAME = "CASE WHEN t.LastName > 'ぁ' AND t.FirstName IS NOT NULL THEN t.LastName || ' ' || t.FirstName ELSE t.Name END"
_SHOWN_USER = _SHOWN_NAME.replace("t.", "u.")
"""Names in Japanese letters family name first, as this org's users read them."""

_HOT_FIRST = "CASE temperature WHEN 'hot' THEN 0 WHEN 'warm' THEN 1 WHEN 'cold' THEN 2 ELSE 3 END"


class OrgPages:
    """The kit's `CrmPages` over this org. Looks as an admin does, past field-level security."""

    def __init__(self, *, org: Org) -> None:
        self._org = org

    def people(self, *, text: str, offset: int, limit: int) -> ListPage:
        """Leads that are not converted, and contacts; hot first, within that by grade and score, unscored last."""
        pattern = "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        union = " UNION ALL ".join(self._select(kind) for kind in _PEOPLE)
        found = f"({union})"
        where = " WHERE name LIKE :t ESCAPE '\\' OR plain LIKE :t ESCAPE '\\' OR company LIKE :t ESCAPE '\\' OR email LIKE :t ESCAPE '\\' "
        where += "OR owner LIKE :t ESCAPE '\\'"
        with self._org.database.reading() as db:
            total = int(db.execute(f"SELECT COUNT(*) FROM {found}{where}", {"t": pattern}).fetchone()[0])
            rows = db.execute(
                f"SELECT * FROM {found}{where} ORDER BY {_HOT_FIRST}, grade, score DESC, name LIMIT :limit OFFSET :offset",
                {"t": pattern, "limit": limit, "offset": offset},
            ).fetchall()
        return ListPage(rows=tuple(self._list_row(row) for row in rows), total=total)

    def record(self, *, source: str, record_id: str) -> RecordPage:
        """The page of a lead or contact. Raises UnknownRecordError for anything else."""
        kind = self._org.catalogue.kind(source)
        full = full_id(record_id)
        if kind is None or kind.name not in _PEOPLE or full is None:
            raise UnknownRecordError(f"there is no page for {source} {record_id}")
        with self._org.database.reading() as db:
            row = self._org.records.raw(db, kind, full)
            if row is None:
                raise UnknownRecordError(f"there is no {kind.name} {record_id}")
            return self._page(db, kind.name, row)

    def _select(self, name: str) -> str:
        kind = self._org.catalogue.known(name)
        ours = {key: f't."{field}"' if kind.has(field) else "NULL" for key, field in _OURS.items()}
        is_lead = name == "Lead"
        company = "t.Company" if is_lead else '(SELECT a.Name FROM "Account" a WHERE a.Id = t.AccountId)'
        stage = f"COALESCE({ours['stage']}, {'t.Status' if is_lead else 'NULL'})"
        alive = "NOT t.IsDeleted AND NOT t.IsConverted" if is_lead else "NOT t.IsDeleted"
        user = f'SELECT {_SHOWN_USER} FROM "User" u WHERE u.Id = t.OwnerId'
        owner = f'COALESCE(({user}), (SELECT g.Name FROM "Group" g WHERE g.Id = t.OwnerId))'
        return (
            f"SELECT '{name}' AS source, t.Id AS id, {_SHOWN_NAME} AS name, {company} AS company, t.Title AS title, "
            f"{owner} AS owner, {stage} AS stage, {ours['score']} AS score, {ours['grade']} AS grade, "
            f"{ours['temperature']} AS temperature, {ours['reasons']} AS reasons, t.Email AS email, t.Name AS plain "
            f"FROM {kind.table} t WHERE {alive}"
        )

    def _page(self, db: sqlite3.Connection, name: str, row: Mapping[str, Any]) -> RecordPage:
        account = _one(db, "Account", row.get("AccountId"), "Name")
        company = row.get("Company") or account
        return RecordPage(
            source=name,
            record_id=row["Id"],
            name=db.execute(f'SELECT {_SHOWN_NAME} FROM "{name}" AS t WHERE Id = ?', (row["Id"],)).fetchone()[0],
            headline=", ".join(part for part in (row.get("Title"), company) if part),
            owner=_owner(db, row.get("OwnerId")),
            hotlead=self._hotlead(name, row),
            sections=tuple(
                Section(title=title, lines=tuple(self._line(name, field, row.get(field)) for field in fields))
                for title, fields in _SECTIONS[name].items()
            ),
            tasks=_tasks(db, row["Id"]),
            timeline=_timeline(db, row["Id"]),
            links=_links(row),
            note=_note(row),
        )

    def _hotlead(self, name: str, row: Mapping[str, Any]) -> Hotlead | None:
        kind = self._org.catalogue.known(name)
        ours = [field for field in kind.fields() if field.name.startswith("Hotlead_")]
        if not ours:
            return None
        more = tuple(
            self._line(name, field.name, row.get(field.name))
            for field in ours
            if field.name not in _OURS.values() and field.length < 1000 and row.get(field.name) is not None
        )
        numbers = {key: _whole(row.get(_OURS[key])) for key in ("score", "fit", "engagement")}
        words = {key: self._line(name, field, row.get(field))[1] for key, field in _OURS.items() if key not in numbers}
        return Hotlead(
            score=numbers["score"],
            fit=numbers["fit"],
            engagement=numbers["engagement"],
            grade=words["grade"],
            temperature=words["temperature"],
            reasons=words["reasons"],
            stage=words["stage"],
            next_action=words["next_action"],
            more=more,
        )

    def _line(self, name: str, field_name: str, value: Any) -> tuple[str, str]:
        field = self._org.catalogue.known(name).field(field_name)
        if field is not None and field.type == "boolean":
            return field.label, "Yes" if value else "No"
        if field is not None and field.type == "datetime" and value:
            return field.label, f"{_moment(value):%Y-%m-%d %H:%M} UTC"
        labels = {pick.value: pick.label for pick in field.picks} if field is not None else {}
        return (field.label if field else field_name), labels.get(value, _shown(value))

    def _list_row(self, row: tuple[Any, ...]) -> ListRow:
        source, record_id, name, company, title, owner, stage, score, grade, temperature, reasons, _, _ = row
        return ListRow(
            source=source,
            record_id=record_id,
            name=name or "",
            company=company or "",
            title=title or "",
            owner=owner or "",
            stage=self._line(source, _OURS["stage"], stage)[1],
            score=_whole(score),
            grade=grade or "",
            temperature=temperature or "",
            reasons=reasons or "",
        )


def _tasks(db: sqlite3.Connection, who: str) -> tuple[TaskLine, ...]:
    found = db.execute(
        "SELECT Subject, ActivityDate, ReminderDateTime, OwnerId, Status, Priority, Description, IsClosed "
        "FROM \"Task\" WHERE WhoId = ? AND NOT IsDeleted AND (NOT IsClosed OR TaskSubtype = 'Task') "
        "ORDER BY IsClosed, ActivityDate DESC LIMIT 20",
        (who,),
    ).fetchall()
    return tuple(
        TaskLine(
            subject=subject or "",
            due=_moment(f"{day}T00:00:00+00:00") if day else None,
            has_time=False,
            owner=_owner(db, owner),
            status=status,
            priority=priority,
            body=body or "",
            is_open=not closed,
        )
        for subject, day, _reminder, owner, status, priority, body, closed in found
    )


def _timeline(db: sqlite3.Connection, who: str) -> tuple[TimelineLine, ...]:
    lines = [
        TimelineLine(
            at=_moment(at),
            kind=subtype or "Task",
            text=subject or "",
            detail=" ".join(part for part in (call_type, disposition) if part),
        )
        for at, subtype, subject, call_type, disposition in db.execute(
            "SELECT CompletedDateTime, TaskSubtype, Subject, CallType, CallDisposition "
            'FROM "Task" WHERE WhoId = ? AND IsClosed AND NOT IsDeleted ORDER BY CompletedDateTime DESC LIMIT 100',
            (who,),
        )
        if at
    ]
    lines += [
        TimelineLine(at=_moment(at), kind="Meeting", text=subject or "", detail=f"{minutes} min")
        for at, subject, minutes in db.execute(
            'SELECT StartDateTime, Subject, DurationInMinutes FROM "Event" WHERE WhoId = ? AND NOT IsDeleted', (who,)
        )
    ]
    column = "LeadId" if who.startswith("00Q") else "ContactId"
    lines += [
        TimelineLine(at=_moment(at), kind="Campaign", text=campaign or "", detail=status or "")
        for at, campaign, status in db.execute(
            f'SELECT m.CreatedDate, c.Name, m.Status FROM "CampaignMember" m JOIN "Campaign" c ON c.Id = m.CampaignId '
            f"WHERE m.{column} = ? AND NOT m.IsDeleted",
            (who,),
        )
    ]
    return tuple(sorted(lines, key=lambda line: line.at, reverse=True))


def _links(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    links = []
    if row.get("ConvertedContactId"):
        links.append(("Converted to contact", f"/record/Contact/{row['ConvertedContactId']}"))
    if row.get("MasterRecordId"):
        source = "Lead" if row["Id"].startswith("00Q") else "Contact"
        links.append(("Merged into", f"/record/{source}/{row['MasterRecordId']}"))
    return tuple(links)


def _note(row: Mapping[str, Any]) -> str:
    if row.get("MasterRecordId"):
        return "This record was merged into another."
    if row.get("IsDeleted"):
        return "This record is in the recycle bin."
    return "This lead was converted." if row.get("IsConverted") else ""


def _one(db: sqlite3.Connection, name: str, record_id: str | None, column: str) -> str:
    if record_id is None:
        return ""
    found = db.execute(f'SELECT "{column}" FROM "{name}" WHERE Id = ?', (record_id,)).fetchone()
    return str(found[0]) if found else ""


def _owner(db: sqlite3.Connection, record_id: str | None) -> str:
    if record_id is None or record_id.startswith("00G"):
        return _one(db, "Group", record_id, "Name")
    found = db.execute(f'SELECT {_SHOWN_USER} FROM "User" u WHERE u.Id = ?', (record_id,)).fetchone()
    return str(found[0]) if found else ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _whole(value: Any) -> int | None:
    return None if value is None else round(float(value))


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
