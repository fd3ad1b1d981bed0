"""Persons: their rows, addresses, joins and packed facts."""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, SmallInteger, Table, UniqueConstraint

from connector.store.schema.ground import METADATA, NUMBER, flag, number, source_number, text, time

persons = Table(
    "persons",
    METADATA,
    number("id", key=True),
    time("created_at"),
    Column("joined_into", NUMBER, nullable=True),
    flag("live"),
    text("name"),
    text("email"),
    text("company"),
    text("search"),
    number("scored"),
)
"""`scored`: the turn of marks up to which the kept scores know everything.

`search` is the folded text that a name or company is looked for in. Joined persons stay, so that a number is never used twice.
"""

members = Table(
    "members",
    METADATA,
    number("no", key=True),
    source_number(),
    text("id"),
    Column("person", NUMBER, ForeignKey("persons.id"), nullable=False),
    text("why"),
    Column("confidence", Integer, nullable=False),
    time("at"),
    UniqueConstraint("source", "id"),
    Index(None, "person"),
)

addresses = Table(
    "addresses",
    METADATA,
    text("address", key=True),
    Column("member", NUMBER, ForeignKey("members.no"), primary_key=True, autoincrement=False),
    Index(None, "member"),
    sqlite_with_rowid=False,
)

identity_events = Table(
    "identity_events",
    METADATA,
    Column("no", NUMBER, primary_key=True, autoincrement=True),
    time("at"),
    text("what"),
    number("person"),
    number("other"),
    text("members"),
    text("why"),
    Column("confidence", Integer, nullable=False),
    text("state"),
    Index(None, "person"),
    Index(None, "other"),
)
"""`join`: `other` went into `person` with these members and this ladder state; `move`: one row went from `other` to `person`."""

person_facts = Table(
    "person_facts",
    METADATA,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    number("person", key=True),
    Column("facts", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Persons with a live row. `facts` is little-endian int32 pairs (list, word): see `store.facts`."""
