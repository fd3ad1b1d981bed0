"""The web sites and products whose events are taken."""

from sqlalchemy import Column, LargeBinary, Table

from connector.store.schema.ground import METADATA, flag, text, time

sites = Table(
    "sites",
    METADATA,
    text("name", key=True),
    text("public_key"),
    text("origins"),
    flag("needs_consent"),
    flag("production"),
    Column("sealed", LargeBinary, nullable=False),
    time("created_at"),
)
