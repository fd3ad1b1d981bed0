"""Rows of the CRMs: raw, canonical, and what changed in them."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from connector.store.schema.ground import METADATA, NUMBER, flag, source_number, text, time

raw = Table(
    "raw",
    METADATA,
    source_number(key=True),
    text("id", key=True),
    time("modified_at"),
    text("fields"),
    flag("deleted"),
    text("survivor", optional=True),
    time("seen_at"),
)

contacts = Table(
    "contacts",
    METADATA,
    Column("no", NUMBER, ForeignKey("members.no"), primary_key=True, autoincrement=False),
    text("emails"),
    Column("company_source", Integer, nullable=True),
    text("company_id", optional=True),
    text("owner", optional=True),
    text("mapped"),
    time("created_at", optional=True),
    time("modified_at"),
    time("changed_at"),
    flag("deleted"),
    text("survivor", optional=True),
    time("seen_at"),
    Index(None, "company_source", "company_id"),
)
"""`changed_at` is the `modified_at` with which the mapped values last changed: what of two rows is newer, untouched by our own writes."""

companies = Table(
    "companies",
    METADATA,
    source_number(key=True),
    text("id", key=True),
    text("owner", optional=True),
    text("mapped"),
    time("modified_at"),
    time("changed_at"),
    flag("deleted"),
    text("survivor", optional=True),
    time("seen_at"),
)

deals = Table(
    "deals",
    METADATA,
    source_number(key=True),
    text("id", key=True),
    text("name"),
    text("state"),
    Column("company_source", Integer, nullable=True),
    text("company_id", optional=True),
    text("contacts"),
    text("owner", optional=True),
    text("amount", optional=True),
    time("created_at", optional=True),
    time("closed_at", optional=True),
    text("mapped"),
    time("modified_at"),
    time("changed_at"),
    flag("deleted"),
    time("seen_at"),
    Index(None, "company_source", "company_id"),
)

deal_contacts = Table(
    "deal_contacts",
    METADATA,
    source_number(key=True, name="contact_source"),
    text("contact_id", key=True),
    source_number(key=True, name="deal_source"),
    text("deal_id", key=True),
    Index(None, "deal_source", "deal_id"),
    sqlite_with_rowid=False,
)

history = Table(
    "history",
    METADATA,
    Column("no", NUMBER, primary_key=True, autoincrement=True),
    source_number(),
    text("id"),
    text("field"),
    time("at"),
    time("seen_at"),
    text("before", optional=True),
    text("after", optional=True),
    Index(None, "source", "id"),
)
"""One mapped value, link or deletion of one row that changed. Links are named `@company`, `@owner`, `@emails`, `@deleted`, …"""

unknown_values = Table(
    "unknown_values",
    METADATA,
    source_number(key=True),
    text("field", key=True),
    text("value", key=True),
    Column("rows", Integer, nullable=False),
)
