"""What only people do: converting a lead, merging records; asked for at `/_sandbox/` by tests.

Station: Salesforce sandbox. Also lets tests use up API calls as the org's other programs would.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, jsonify, request

from adapters.salesforce.sandbox.catalogue import Kind
from adapters.salesforce.sandbox.errors import ApiRefusal, RowRefusal
from adapters.salesforce.sandbox.ids import full_id
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.records import Writer
from adapters.salesforce.sandbox.seed_setup import ADMIN_ID
from adapters.salesforce.sandbox.standard import PREFIXES
from adapters.salesforce.sandbox.standard_people import CONVERTED_STATUS

MERGEABLE = ("Lead", "Contact", "Account")
_TO_CONTACT = {
    "FirstName": "FirstName", "LastName": "LastName", "Salutation": "Salutation", "Title": "Title", "Email": "Email",
    "Phone": "Phone", "MobilePhone": "MobilePhone", "Fax": "Fax", "LeadSource": "LeadSource",
    "Description": "Description", "Street": "MailingStreet", "City": "MailingCity", "State": "MailingState",
    "PostalCode": "MailingPostalCode", "Country": "MailingCountry", "CurrencyIsoCode": "CurrencyIsoCode",
}  # fmt: skip
_TO_ACCOUNT = {
    "Company": "Name", "Industry": "Industry", "NumberOfEmployees": "NumberOfEmployees", "Website": "Website",
    "AnnualRevenue": "AnnualRevenue", "Phone": "Phone", "Country": "BillingCountry", "City": "BillingCity",
    "CurrencyIsoCode": "CurrencyIsoCode",
}  # fmt: skip
_FLAGS = ("HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall")


def conversion_routes(org: Org) -> Blueprint:
    """`/_sandbox/convert`, `/_sandbox/merge` and `/_sandbox/api_usage`."""
    routes = Blueprint("conversions", __name__, url_prefix="/_sandbox")

    @routes.post("/convert")
    def convert() -> Response:
        asked = request.get_json()
        with org.database.writing() as db:
            made = convert_lead(org, db, str(asked["lead"]), opportunity=str(asked.get("opportunity", "")))
        return jsonify(made)

    @routes.post("/merge")
    def merge() -> Response:
        asked = request.get_json()
        with org.database.writing() as db:
            merge_records(org, db, str(asked["master"]), [str(one) for one in asked["losers"]])
        return jsonify(master=asked["master"], merged=asked["losers"])

    @routes.post("/api_usage")
    def api_usage() -> Response:
        now = org.control.now()
        org.meter.spend(now, int(request.get_json()["calls"]))
        return jsonify(used=org.meter.used(now), limit=org.meter.limit)

    @routes.errorhandler(RowRefusal)
    def refused(err: RowRefusal) -> tuple[Response, int]:
        return jsonify(error=str(err)), 400

    @routes.errorhandler(ApiRefusal)
    def not_possible(err: ApiRefusal) -> tuple[Response, int]:
        return jsonify(error=str(err)), 400

    return routes


def convert_lead(org: Org, db: sqlite3.Connection, lead_id: str, *, opportunity: str = "") -> dict[str, str | None]:
    """Makes a contact (and an account, and a deal named `opportunity` unless "") of a lead, as its owner would.

    The account is the first live one of the same name, else a new one. Tasks and events move to the contact.
    """
    lead_kind, contact_kind = org.catalogue.known("Lead"), org.catalogue.known("Contact")
    lead = org.records.existing(db, lead_kind, lead_id)
    if lead["IsConverted"]:
        raise RowRefusal("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
    owner = lead["OwnerId"] if lead["OwnerId"].startswith("005") else ADMIN_ID
    writer = Writer(user_id=owner, by_api=False)
    found = db.execute('SELECT Id FROM "Account" WHERE Name = ? AND NOT IsDeleted', (lead["Company"],)).fetchone()
    account = found[0] if found else _make(org, db, "Account", _copied(lead, _TO_ACCOUNT), writer)
    values = {**_copied(lead, _TO_CONTACT), "AccountId": account, **{flag: bool(lead[flag]) for flag in _FLAGS}}
    contact = org.records.create(db, contact_kind, values, writer)
    deal = None
    if opportunity:
        close = org.control.now().date().isoformat()
        wanted = {"Name": opportunity, "StageName": "Qualification", "CloseDate": close, "AccountId": account}
        deal = _make(org, db, "Opportunity", wanted, writer)
        role = {"OpportunityId": deal, "ContactId": contact, "IsPrimary": True}
        _make(org, db, "OpportunityContactRole", role, writer)
    _repoint(org, db, ("Task", "Event"), "WhoId", lead["Id"], contact)
    db.execute('UPDATE "CampaignMember" SET ContactId = ? WHERE LeadId = ?', (contact, lead["Id"]))
    stamp = org.records.stamp_now()
    db.execute(
        'UPDATE "Lead" SET IsConverted = 1, Status = ?, ConvertedDate = ?, ConvertedAccountId = ?, '
        "ConvertedContactId = ?, ConvertedOpportunityId = ?, LastModifiedDate = ?, LastModifiedById = ?, "
        "SystemModstamp = ?, _seen_from = ? WHERE Id = ?",
        (
            *(CONVERTED_STATUS, stamp[:10], account, contact, deal, stamp, owner, stamp),
            *(org.records.held_until(org.control.now()), lead["Id"]),
        ),
    )
    org.records.notes.touched("Lead", lead["Id"], ("IsConverted", "Status", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId"))
    return {"contact": contact, "account": account, "opportunity": deal}


def merge_records(org: Org, db: sqlite3.Connection, master_id: str, losers: Sequence[str]) -> None:
    """Merges up to two records into the master: what hung on them hangs on it, they lie deleted and point to it."""
    kind = _mergeable(org, master_id)
    master = org.records.existing(db, kind, master_id)
    if not 1 <= len(losers) <= 2:
        raise RowRefusal("INVALID_ARGUMENT", "one or two records can be merged into a master")
    stamp = org.records.stamp_now()
    taken: list[str] = []
    for loser_id in losers:
        loser = org.records.existing(db, kind, loser_id)
        for child in kind.sobject.children:
            _repoint(org, db, (child.child,), child.field, loser["Id"], master["Id"])
        empty = {name: value for name, value in loser.items() if master.get(name) is None and value is not None}
        filled = {name: value for name, value in empty.items() if (field := kind.field(name)) and field.updateable}
        taken += filled
        for name, value in filled.items():
            db.execute(f'UPDATE {kind.table} SET "{name}" = ? WHERE Id = ?', (value, master["Id"]))
            master[name] = value
        db.execute(
            f"UPDATE {kind.table} SET IsDeleted = 1, MasterRecordId = ?, SystemModstamp = ?, LastModifiedDate = ?, "
            "LastModifiedById = ? WHERE Id = ?",
            (master["Id"], stamp, stamp, ADMIN_ID, loser["Id"]),
        )
        org.records.notes.binned(kind.name, loser["Id"], is_binned=True, by=ADMIN_ID)
    db.execute(
        f"UPDATE {kind.table} SET SystemModstamp = ?, LastModifiedDate = ?, LastModifiedById = ? WHERE Id = ?",
        (stamp, stamp, ADMIN_ID, master["Id"]),
    )
    org.records.notes.touched(kind.name, master["Id"], taken)


def _mergeable(org: Org, record_id: str) -> Kind:
    name = PREFIXES.get((full_id(record_id) or "")[:3], "")
    if name not in MERGEABLE:
        raise RowRefusal("INVALID_TYPE_FOR_OPERATION", f"only {', '.join(MERGEABLE)} can be merged")
    return org.catalogue.known(name)


def _make(org: Org, db: sqlite3.Connection, name: str, values: Mapping[str, Any], writer: Writer) -> str:
    return org.records.create(db, org.catalogue.known(name), values, writer)


def _copied(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {target: row[source] for source, target in names.items() if row[source] is not None}


def _repoint(org: Org, db: sqlite3.Connection, kinds: Sequence[str], field: str, old: str, new: str) -> None:
    stamp = org.records.stamp_now()
    for name in kinds:
        if org.catalogue.known(name).has(field):
            db.execute(f'UPDATE "{name}" SET "{field}" = ?, SystemModstamp = ? WHERE "{field}" = ?', (new, stamp, old))
