"""What comes of it: scores, stages, follow-ups, plans, the journal and parked rows."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text

from connector.store.schema.ground import METADATA, NUMBER, number, source_number, text, time

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
    text("model", key=True),
    number("person", key=True),
    *(Column(name, type_, nullable=False) for name, type_ in _SCORE),
)

score_history = Table(
    "score_history",
    METADATA,
    number("person", key=True),
    text("model", key=True),
    *(Column(name, type_, nullable=False, primary_key=name == "as_of", autoincrement=False) for name, type_ in _SCORE),
)

ladder_states = Table("ladder_states", METADATA, number("person", key=True), text("stage"), text("state"))

stage_moves = Table(
    "stage_moves",
    METADATA,
    Column("no", NUMBER, primary_key=True, autoincrement=True),
    number("person"),
    time("at"),
    text("before"),
    text("after"),
    text("why"),
    text("by"),
    Column("run", Integer, nullable=False),
    Index(None, "person"),
)

follow_ups = Table(
    "follow_ups",
    METADATA,
    text("key", key=True),
    number("person"),
    text("rule"),
    text("trigger"),
    text("connection"),
    text("state"),
    text("record"),
    time("made_at", optional=True),
    text("task"),
    Index(None, "person"),
    Index(None, "connection", "state", "key"),
)

plans = Table(
    "plans",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("run", Integer, nullable=False),
    time("created_at"),
    text("calls", optional=True),
    Column("begun_by", Integer, nullable=True),
    time("begun_at", optional=True),
    time("executed_at", optional=True),
)
"""`calls` is empty until the plan is closed: only then can it be executed."""

_PLAN_ROW = (("person", NUMBER), ("person_name", Text), ("state", Text), ("note", Text))


def _plan_row() -> list[Column[object]]:
    return [
        Column("plan", Integer, ForeignKey("plans.id"), primary_key=True, autoincrement=False),
        Column("seq", Integer, primary_key=True, autoincrement=False),
        *(Column(name, type_, nullable=False) for name, type_ in _PLAN_ROW),
    ]


plan_changes = Table("plan_changes", METADATA, *_plan_row(), source_number(), text("id"), text("fields"))

plan_tasks = Table("plan_tasks", METADATA, *_plan_row(), text("connection"), text("rule"), text("trigger"), text("task"))

plan_ladder = Table(
    "plan_ladder",
    METADATA,
    Column("no", NUMBER, primary_key=True, autoincrement=True),
    Column("plan", Integer, ForeignKey("plans.id"), nullable=False),
    text("what"),
    text("body"),
    Index(None, "plan"),
)

journal = Table(
    "journal",
    METADATA,
    Column("no", NUMBER, primary_key=True, autoincrement=True),
    Column("run", Integer, nullable=False),
    source_number(),
    text("id"),
    number("person"),
    text("field"),
    text("name"),
    text("before"),
    text("after"),
    time("at"),
    text("model"),
    Column("model_version", Integer, nullable=False),
    Index(None, "run"),
    Index(None, "source", "id", "field"),
)

parked = Table(
    "parked",
    METADATA,
    source_number(key=True),
    text("id", key=True),
    text("what", key=True),
    number("person"),
    text("refusal"),
    time("at"),
    Column("tries", Integer, nullable=False),
    time("next_try_at"),
)
