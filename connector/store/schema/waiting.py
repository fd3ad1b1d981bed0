"""What is still to be done, and who does it: bodies, hints, marks, leases, workers, held events."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, SmallInteger, Table

from connector.store.schema.ground import METADATA, NUMBER, number, source_number, text, time

ledger = Table(
    "ledger",
    METADATA,
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("turn", BigInteger, nullable=False),
    text("writer"),
)
"""One row: the last turn given out, and which process wrote last (where several may write)."""

inbox = Table(
    "inbox",
    METADATA,
    Column("no", NUMBER, primary_key=True, autoincrement=True),
    text("lane"),
    time("at"),
    Column("body", LargeBinary, nullable=False),
    Index(None, "lane", "no"),
    sqlite_autoincrement=True,
)
"""A number is never used twice, so that whoever is late takes no other body away."""

hints = Table(
    "hints",
    METADATA,
    source_number(key=True),
    text("id", key=True),
    Column("kind", SmallInteger, nullable=False),
    Column("turn", BigInteger, nullable=False),
    time("arrived_at"),
    Column("tries", Integer, nullable=False),
    time("next_try_at"),
    Index(None, "source", "arrived_at"),
)
"""`kind`: the place of the kind of hint in their order, the strongest last."""

seen_events = Table(
    "seen_events",
    METADATA,
    text("lane", key=True),
    Column("event", LargeBinary, primary_key=True),
    time("at"),
    Index(None, "at"),
    sqlite_with_rowid=False,
)
"""`event` is a hash, so that it is short whatever the sender wrote."""

marks = Table(
    "marks",
    METADATA,
    text("lane", key=True),
    number("person", key=True),
    Column("turn", BigInteger, nullable=False),
    time("since"),
    Index(None, "lane", "since"),
)

leases = Table("leases", METADATA, text("name", key=True), text("holder"), Column("fence", BigInteger, nullable=False), time("until"))
"""A row stays for ever, so that its fence never goes back; a holder of no name holds nothing."""

workers = Table("workers", METADATA, text("name", key=True), text("role"), time("started_at"), time("beat_at"), text("facts"))

held_events = Table(
    "held_events",
    METADATA,
    text("id", key=True),
    text("visitor"),
    text("email"),
    time("at"),
    text("text"),
    Index(None, "visitor"),
    Index(None, "email"),
    Index(None, "at"),
)

visitors = Table("visitors", METADATA, text("visitor", key=True), text("email"), time("at"), Index(None, "email"))
"""Who a visitor said they were, newest."""

erased = Table("erased", METADATA, Column("digest", LargeBinary, primary_key=True), sqlite_with_rowid=False)
"""Hashes of the keys of rows that must not come back."""
