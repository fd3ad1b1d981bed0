"""Activities and the dictionaries that they and facts are told in."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, SmallInteger, Table, UniqueConstraint

from connector.store.schema.ground import METADATA, NUMBER, number, source_number, text, time

lists = Table("lists", METADATA, Column("no", Integer, primary_key=True, autoincrement=False), text("name"), UniqueConstraint("name"))

words = Table(
    "words",
    METADATA,
    Column("list", Integer, ForeignKey("lists.no"), primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=False),
    text("word"),
    UniqueConstraint("word", "list"),
    sqlite_with_rowid=False,
)
"""Dictionaries: `activity.path` and the like hold texts, `person.seniority` and the like values as JSON. Ids count from 1 in each list."""

activity_ids = Table(
    "activity_ids",
    METADATA,
    number("no", key=True),
    source_number(),
    text("id"),
    Column("contact", NUMBER, ForeignKey("members.no"), nullable=False),
    time("at"),
    UniqueConstraint("source", "id"),
)
"""The text id of an activity, and where it lies: the person through its contact row, and the time."""

activities = Table(
    "activities",
    METADATA,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    number("person", key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    number("id", key=True),
    *(Column(name, Integer, nullable=False) for name in ("kind", "path", "form", "asset", "campaign", "feature", "mark", "seconds")),
    number("contact"),
    time("seen_at"),
    sqlite_with_rowid=False,
)
"""Clustered by shard and person. `id` is `activity_ids.no`; kind and details are words (0: empty)."""
