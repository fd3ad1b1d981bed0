"""Connections, documents, cursors and runs."""

from sqlalchemy import Column, Integer, LargeBinary, Table, UniqueConstraint

from connector.store.schema.ground import METADATA, flag, source_number, text, time

made_by = Table("made_by", METADATA, text("version", key=True), text("revision"))
"""One row: which version of hotlead last made or upgraded this database."""

connections = Table(
    "connections",
    METADATA,
    text("name", key=True),
    text("crm"),
    text("settings"),
    text("account"),
    flag("production"),
    text("zone"),
    text("live"),
    text("live_people", optional=True),
    Column("write_limit", Integer, nullable=False),
    time("created_at"),
    Column("sealed", LargeBinary, nullable=True),
)

documents = Table(
    "documents",
    METADATA,
    text("kind", key=True),
    text("name", key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    text("text"),
    time("published_at"),
    text("note"),
)

sources = Table(
    "sources",
    METADATA,
    Column("no", Integer, primary_key=True, autoincrement=False),
    text("connection"),
    text("source"),
    UniqueConstraint("connection", "source"),
)

cursors = Table("cursors", METADATA, source_number(key=True), text("cursor"), time("at"))

sealing = Table("sealing", METADATA, Column("no", Integer, primary_key=True, autoincrement=False), text("key"))
"""One row: the id of the key that seals new secrets."""

budgets = Table("budgets", METADATA, text("connection", key=True), text("spent"))
"""What the processes that share a connection have spent, as `store.budgets` writes it."""

runs = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    text("verb"),
    time("started_at"),
    time("ended_at", optional=True),
    text("state"),
    text("counts"),
    text("message"),
    text("worker"),
)
