"""The tables. Read by every concern of the store; `migrations/` makes them, and a test holds both equal.

Instants are whole microseconds UTC; JSON is text written by `store.values`. A row of a CRM is (`source`, `id`): the number of its
connection and kind of row, and the CRM's own id.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Number = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only under the word INTEGER."""


def _number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, _Number, primary_key=key, nullable=False, autoincrement=False)


def _time(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional)


def _text(name: str, *, key: bool = False, optional: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=optional)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _source(*, key: bool = False, name: str = "source") -> Column[int]:
    return Column(name, Integer, ForeignKey("sources.no"), primary_key=key, nullable=False, autoincrement=False)


made_by = Table("made_by", METADATA, _text("version", key=True), _text("revision"))
"""One row: which version of hotlead last made or upgraded this database."""

connections = Table(
    "connections",
    METADATA,
    _text("name", key=True),
    _text("crm"),
    _text("settings"),
    _text("account"),
    _flag("production"),
    _text("zone"),
    _text("live"),
    _text("live_people", optional=True),
    Column("write_limit", Integer, nullable=False),
    _time("created_at"),
    Column("sealed", LargeBinary, nullable=True),
)

documents = Table(
    "documents",
    METADATA,
    _text("kind", key=True),
    _text("name", key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    _text("text"),
    _time("published_at"),
    _text("note"),
)

sources = Table(
    "sources",
    METADATA,
    Column("no", Integer, primary_key=True, autoincrement=False),
    _text("connection"),
    _text("source"),
    UniqueConstraint("connection", "source"),
)

cursors = Table("cursors", METADATA, _source(key=True), _text("cursor"), _time("at"))

raw = Table(
    "raw",
    METADATA,
    _source(key=True),
    _text("id", key=True),
    _time("modified_at"),
    _text("fields"),
    _flag("deleted"),
    _text("survivor", optional=True),
    _time("seen_at"),
)

persons = Table(
    "persons",
    METADATA,
    _number("id", key=True),
    _time("created_at"),
    Column("joined_into", _Number, nullable=True),
    _flag("live"),
    _text("name"),
    _text("email"),
    _text("company"),
    _text("search"),
)
"""`search` is the folded text that a name or company is looked for in. Joined persons stay, so that a number is never used twice."""

members = Table(
    "members",
    METADATA,
    _number("no", key=True),
    _source(),
    _text("id"),
    Column("person", _Number, ForeignKey("persons.id"), nullable=False),
    _text("why"),
    Column("confidence", Integer, nullable=False),
    _time("at"),
    UniqueConstraint("source", "id"),
    Index(None, "person"),
)

addresses = Table(
    "addresses",
    METADATA,
    _text("address", key=True),
    Column("member", _Number, ForeignKey("members.no"), primary_key=True, autoincrement=False),
    Index(None, "member"),
    sqlite_with_rowid=False,
)

identity_events = Table(
    "identity_events",
    METADATA,
    Column("no", _Number, primary_key=True, autoincrement=True),
    _time("at"),
    _text("what"),
    _number("person"),
    _number("other"),
    _text("members"),
    _text("why"),
    Column("confidence", Integer, nullable=False),
    _text("state"),
    Index(None, "person"),
    Index(None, "other"),
)
"""`join`: `other` went into `person` with these members and this ladder state; `move`: one row went from `other` to `person`."""

marks = Table("marks", METADATA, _number("person", key=True), _time("at"))

contacts = Table(
    "contacts",
    METADATA,
    Column("no", _Number, ForeignKey("members.no"), primary_key=True, autoincrement=False),
    _text("emails"),
    Column("company_source", Integer, nullable=True),
    _text("company_id", optional=True),
    _text("owner", optional=True),
    _text("mapped"),
    _time("created_at", optional=True),
    _time("modified_at"),
    _time("changed_at"),
    _flag("deleted"),
    _text("survivor", optional=True),
    _time("seen_at"),
    Index(None, "company_source", "company_id"),
)
"""`changed_at` is the `modified_at` with which the mapped values last changed: what of two rows is newer, untouched by our own writes."""

companies = Table(
    "companies",
    METADATA,
    _source(key=True),
    _text("id", key=True),
    _text("owner", optional=True),
    _text("mapped"),
    _time("modified_at"),
    _time("changed_at"),
    _flag("deleted"),
    _text("survivor", optional=True),
    _time("seen_at"),
)

deals = Table(
    "deals",
    METADATA,
    _source(key=True),
    _text("id", key=True),
    _text("name"),
    _text("state"),
    Column("company_source", Integer, nullable=True),
    _text("company_id", optional=True),
    _text("contacts"),
    _text("owner", optional=True),
    _text("amount", optional=True),
    _time("created_at", optional=True),
    _time("closed_at", optional=True),
    _text("mapped"),
    _time("modified_at"),
    _time("changed_at"),
    _flag("deleted"),
    _time("seen_at"),
    Index(None, "company_source", "company_id"),
)

deal_contacts = Table(
    "deal_contacts",
    METADATA,
    _source(key=True, name="contact_source"),
    _text("contact_id", key=True),
    _source(key=True, name="deal_source"),
    _text("deal_id", key=True),
    Index(None, "deal_source", "deal_id"),
    sqlite_with_rowid=False,
)

history = Table(
    "history",
    METADATA,
    Column("no", _Number, primary_key=True, autoincrement=True),
    _source(),
    _text("id"),
    _text("field"),
    _time("at"),
    _time("seen_at"),
    _text("before", optional=True),
    _text("after", optional=True),
    Index(None, "source", "id"),
)
"""One mapped value, link or deletion of one row that changed. Links are named `@company`, `@owner`, `@emails`, `@deleted`, …"""

lists = Table("lists", METADATA, Column("no", Integer, primary_key=True, autoincrement=False), _text("name"), UniqueConstraint("name"))

words = Table(
    "words",
    METADATA,
    Column("list", Integer, ForeignKey("lists.no"), primary_key=True, autoincrement=False),
    Column("id", Integer, primary_key=True, autoincrement=False),
    _text("word"),
    UniqueConstraint("word", "list"),
    sqlite_with_rowid=False,
)
"""Dictionaries: `activity.path` and the like hold texts, `person.seniority` and the like values as JSON. Ids count from 1 in each list."""

person_facts = Table(
    "person_facts",
    METADATA,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    _number("person", key=True),
    Column("facts", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
"""Persons with a live row. `facts` is little-endian int32 pairs (list, word): see `store.facts`."""

activity_ids = Table(
    "activity_ids",
    METADATA,
    _number("no", key=True),
    _source(),
    _text("id"),
    Column("contact", _Number, ForeignKey("members.no"), nullable=False),
    _time("at"),
    UniqueConstraint("source", "id"),
)
"""The text id of an activity, and where it lies: the person through its contact row, and the time."""

activities = Table(
    "activities",
    METADATA,
    Column("shard", SmallInteger, primary_key=True, autoincrement=False),
    _number("person", key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    _number("id", key=True),
    *(Column(name, Integer, nullable=False) for name in ("kind", "path", "form", "asset", "campaign", "feature", "mark", "seconds")),
    _number("contact"),
    _time("seen_at"),
    sqlite_with_rowid=False,
)
"""Clustered by shard and person. `id` is `activity_ids.no`; kind and details are words (0: empty)."""

_SCORE = (
    ("model_version", Integer),
    ("as_of", BigInteger),
    ("fit", Integer),
    ("engagement", Integer),
    ("total", Integer),
    ("rank", Integer),
    ("grade", Text),
    ("temperature", Text),
    ("excluded", Text),
    ("lines", Text),
    ("fired", Text),
)

scores = Table(
    "scores",
    METADATA,
    _text("model", key=True),
    _number("person", key=True),
    *(Column(name, type_, nullable=False) for name, type_ in _SCORE),
)

score_history = Table(
    "score_history",
    METADATA,
    _number("person", key=True),
    _text("model", key=True),
    *(Column(name, type_, nullable=False, primary_key=name == "as_of", autoincrement=False) for name, type_ in _SCORE),
)

ladder_states = Table("ladder_states", METADATA, _number("person", key=True), _text("stage"), _text("state"))

stage_moves = Table(
    "stage_moves",
    METADATA,
    Column("no", _Number, primary_key=True, autoincrement=True),
    _number("person"),
    _time("at"),
    _text("before"),
    _text("after"),
    _text("why"),
    _text("by"),
    Column("run", Integer, nullable=False),
    Index(None, "person"),
)

follow_ups = Table(
    "follow_ups",
    METADATA,
    _text("key", key=True),
    _number("person"),
    _text("rule"),
    _text("trigger"),
    _text("connection"),
    _text("state"),
    _text("record"),
    _time("made_at", optional=True),
    _text("task"),
    Index(None, "person"),
)

runs = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    _text("verb"),
    _time("started_at"),
    _time("ended_at", optional=True),
    _text("state"),
    _text("counts"),
    _text("message"),
)

plans = Table(
    "plans",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("run", Integer, nullable=False),
    _time("created_at"),
    _text("calls", optional=True),
    Column("begun_by", Integer, nullable=True),
    _time("begun_at", optional=True),
    _time("executed_at", optional=True),
)
"""`calls` is empty until the plan is closed: only then can it be executed."""

_PLAN_ROW = (("person", _Number), ("person_name", Text), ("state", Text), ("note", Text))


def _plan_row() -> list[Column[object]]:
    return [
        Column("plan", Integer, ForeignKey("plans.id"), primary_key=True, autoincrement=False),
        Column("seq", Integer, primary_key=True, autoincrement=False),
        *(Column(name, type_, nullable=False) for name, type_ in _PLAN_ROW),
    ]


plan_changes = Table("plan_changes", METADATA, *_plan_row(), _source(), _text("id"), _text("fields"))
plan_tasks = Table(
    "plan_tasks", METADATA, *_plan_row(), _text("connection"), _text("rule"), _text("trigger"), _flag("close"), _text("task")
)
plan_ladder = Table(
    "plan_ladder",
    METADATA,
    Column("no", _Number, primary_key=True, autoincrement=True),
    Column("plan", Integer, ForeignKey("plans.id"), nullable=False),
    _text("what"),
    _text("body"),
    Index(None, "plan"),
)

journal = Table(
    "journal",
    METADATA,
    Column("no", _Number, primary_key=True, autoincrement=True),
    Column("run", Integer, nullable=False),
    _source(),
    _text("id"),
    _number("person"),
    _text("field"),
    _text("name"),
    _text("before"),
    _text("after"),
    _time("at"),
    _text("model"),
    Column("model_version", Integer, nullable=False),
    Index(None, "run"),
    Index(None, "source", "id", "field"),
)

parked = Table(
    "parked",
    METADATA,
    _source(key=True),
    _text("id", key=True),
    _text("what", key=True),
    _number("person"),
    _text("refusal"),
    _time("at"),
    Column("tries", Integer, nullable=False),
    _time("next_try_at"),
)

unknown_values = Table(
    "unknown_values",
    METADATA,
    _source(key=True),
    _text("field", key=True),
    _text("value", key=True),
    Column("rows", Integer, nullable=False),
)
