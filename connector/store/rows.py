"""Canonical rows as the tables hold them, and back. No statement is made here."""

from typing import Any

from connector.core.records import Company, Contact, Deal, DealContact, DealState, Money, RecordKey
from connector.store.instants import from_us, from_us_or_none, to_us, to_us_or_none
from connector.store.transaction import AnyRow, Transaction
from connector.store.values import dump, dump_key, dump_value, dump_values, load, load_key, load_value, load_values

Columns = dict[str, Any]


def link(t: Transaction, key: RecordKey | None) -> tuple[int | None, str | None]:
    """A link to another row as two columns. The other row may be unknown still."""
    return (None, None) if key is None else (t.source(key.connection, key.source), key.id)


def linked(t: Transaction, source: int | None, id_: str | None) -> RecordKey | None:
    return None if source is None or id_ is None else t.key(source, id_)


def contact_columns(t: Transaction, contact: Contact) -> Columns:
    company_source, company_id = link(t, contact.company)
    return {
        "emails": dump(list(contact.emails)),
        "company_source": company_source,
        "company_id": company_id,
        "owner": contact.owner,
        "mapped": dump_values(contact.values),
        "created_at": to_us_or_none(contact.created_at),
        "modified_at": to_us(contact.modified_at),
        "deleted": contact.deleted,
        "survivor": dump_key(contact.survivor),
    }


def contact_of(t: Transaction, row: AnyRow) -> Contact:
    """`row` also carries `source` and `id`."""
    return Contact(
        key=t.key(row.source, row.id),
        emails=tuple(load(row.emails)),
        company=linked(t, row.company_source, row.company_id),
        owner=row.owner,
        values=load_values(row.mapped),
        created_at=from_us_or_none(row.created_at),
        modified_at=from_us(row.modified_at),
        deleted=row.deleted,
        survivor=load_key(row.survivor),
    )


def company_columns(_t: Transaction, company: Company) -> Columns:
    return {
        "owner": company.owner,
        "mapped": dump_values(company.values),
        "modified_at": to_us(company.modified_at),
        "deleted": company.deleted,
        "survivor": dump_key(company.survivor),
    }


def company_of(t: Transaction, row: AnyRow) -> Company:
    return Company(
        key=t.key(row.source, row.id),
        owner=row.owner,
        values=load_values(row.mapped),
        modified_at=from_us(row.modified_at),
        deleted=row.deleted,
        survivor=load_key(row.survivor),
    )


def deal_columns(t: Transaction, deal: Deal) -> Columns:
    company_source, company_id = link(t, deal.company)
    return {
        "name": deal.name,
        "state": deal.state.value,
        "company_source": company_source,
        "company_id": company_id,
        "contacts": dump([[c.contact.connection, c.contact.source, c.contact.id, c.role] for c in deal.contacts]),
        "owner": deal.owner,
        "amount": None if deal.amount is None else dump_value(deal.amount),
        "created_at": to_us_or_none(deal.created_at),
        "closed_at": to_us_or_none(deal.closed_at),
        "mapped": dump_values(deal.values),
        "modified_at": to_us(deal.modified_at),
        "deleted": deal.deleted,
    }


def deal_of(t: Transaction, row: AnyRow) -> Deal:
    amount = None if row.amount is None else load_value(row.amount)
    return Deal(
        key=t.key(row.source, row.id),
        name=row.name,
        state=DealState(row.state),
        company=linked(t, row.company_source, row.company_id),
        contacts=tuple(DealContact(contact=RecordKey(*parts), role=role) for *parts, role in load(row.contacts)),
        owner=row.owner,
        amount=amount if isinstance(amount, Money) else None,
        created_at=from_us_or_none(row.created_at),
        closed_at=from_us_or_none(row.closed_at),
        values=load_values(row.mapped),
        modified_at=from_us(row.modified_at),
        deleted=row.deleted,
    )
