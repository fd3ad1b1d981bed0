"""The keys of a stage ladder.

Station: the table by which a lifecycle document is checked (`validate`), built (`build_lifecycle`) and explained (README.md).
"""

from typing import Any

from connector.core.ladder import STAGES, OwnerRule
from connector.core.model import Condition
from mappings.conditions import ConditionKind
from mappings.kinds import BAD, Bad, Country, Day, DueIn, Duration, Name, Text, TimeOfDay, Whole, YesNo, Zone
from mappings.problems import Findings, Path
from mappings.shapes import REQUIRED, Key, ListOf, Shape, TableOf, Words, listed_tables, refuse_twice, table
from mappings.yamltext import Plain

CONDITION = ConditionKind(ladder=True)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
TEMPERATURES = ("hot", "warm", "cold")


class EnterKind:
    """How a stage is entered: by a condition, or `by_people` (None)."""

    says = "`by_people`, or [condition](#conditions)"

    def read(self, value: Plain, path: Path, found: Findings) -> Condition | Bad | None:
        return None if value == "by_people" else CONDITION.read(value, path, found)


class TriggerKind:
    """What a follow-up or a next action is for: a temperature, or `hand_off.<id>`."""

    def __init__(self, *temperatures: str) -> None:
        self._temperatures = temperatures
        self.says = " / ".join(f"`{word}`" for word in (*temperatures, "hand_off.<id>"))

    def read(self, value: Plain, path: Path, found: Findings) -> str | Bad:
        if isinstance(value, str) and (value in self._temperatures or (value.startswith("hand_off.") and len(value) > 9)):
            return value
        found.error(path, "trigger", f"'{value}' triggers nothing.", hint=f"Take {self.says.replace('`', '')}.")
        return BAD


STAGE = Shape(
    name="Stage",
    doc="A step of the relationship. A person stands on the highest one that holds and never falls back by itself.",
    keys=(
        Key(
            name="label", kind=Words(), default=REQUIRED, doc="What people read.", example="label: {en: MQL, ja: MQL（マーケティング認定）}"
        ),
        Key(
            name="enter",
            kind=EnterKind(),
            default=REQUIRED,
            doc="When a person gets here; `by_people`: only people set it, in the CRM.",
            example="enter: {fact: score.temperature, equals: hot}",
        ),
    ),
)

STAGE_FIELD = Shape(
    name="Stage field",
    doc="Where a CRM keeps the stage in a field of its own.",
    keys=(
        Key(name="crm", kind=Text(), default=REQUIRED, doc="Kind of CRM.", example="crm: hubspot"),
        Key(name="source", kind=Text(), default=REQUIRED, doc="The CRM's name for the kind of row.", example="source: contacts"),
        Key(name="field", kind=Text(), default=REQUIRED, doc="The CRM's field.", example="field: lifecyclestage"),
        Key(
            name="write",
            kind=TableOf(Text(), keys=STAGES),
            default={},
            doc="Stage → value that may be written. A stage that is not here is never written.",
            example="write: {mql: marketingqualifiedlead}",
        ),
        Key(
            name="read",
            kind=TableOf(Text(choices=STAGES)),
            default={},
            doc="Value → stage. Written values are read back by themselves.",
            example="read: {customer: customer}",
        ),
    ),
    checks=((("write", "read"), lambda read, path, found: _check_stage_field(read, path, found)),),
)


def _check_stage_field(read: dict[str, Any], path: Path, found: Findings) -> None:
    written: dict[str, str] = {}
    for stage, value in read["write"].items():
        said = read["read"].get(value, stage)
        if said != stage:
            found.error((*path, "read", value), "stage_field", f"'{value}' is written for {stage} but read as {said}.")
        if value in written:
            message = f"'{value}' is written for {written[value]} and for {stage}; read back it could be either."
            found.error((*path, "write", stage), "stage_field", message)
        written[value] = stage


HYSTERESIS = Shape(
    name="Hysteresis",
    doc="Keeps a temperature from flipping with a score that breathes.",
    keys=(
        Key(
            name="down_by",
            kind=Whole(0, 100),
            default=8,
            doc="A temperature falls at once when so many more points on each side would not hold it.",
            example="down_by: 8",
        ),
        Key(name="dwell", kind=Duration(), default="7d", doc="Else it falls after this long.", example="dwell: 7d"),
    ),
)

_OWNER = Text(choices=tuple(rule.value for rule in OwnerRule))

FOLLOW_UP = Shape(
    name="Follow-up",
    doc="A task in the CRM, one at a time for a person. Of several whose trigger has come true, the first in the document is made.",
    keys=(
        Key(name="id", kind=Name(), default=REQUIRED, doc="Names the rule; never change it.", example="id: call_hot"),
        Key(
            name="label",
            kind=Words(),
            default=REQUIRED,
            doc="The task's subject begins with it.",
            example="label: {en: Call now, ja: すぐ電話}",
        ),
        Key(
            name="on",
            kind=ListOf(TriggerKind("hot", "warm"), least=1),
            default=REQUIRED,
            doc="What makes the task.",
            example="on: [hand_off.inquiry]",
        ),
        Key(name="type", kind=Text(choices=("call", "email", "todo")), default="call", doc="Type of the task.", example="type: call"),
        Key(
            name="priority",
            kind=Text(choices=("high", "normal", "low")),
            default="normal",
            doc="Priority of the task.",
            example="priority: high",
        ),
        Key(
            name="owners",
            kind=ListOf(_OWNER, least=1),
            default=["record_owner", "company_owner", "crm"],
            doc="Tried in order; the first that names an active user wins. `crm` leaves it to the CRM's assignment.",
            example="owners: [record_owner, round_robin]",
        ),
        Key(name="due", kind=DueIn(), default=REQUIRED, doc="When it is due.", example="due: 4bh"),
        Key(
            name="cool_down",
            kind=Duration(),
            default="14d",
            doc="Least time between two tasks of this rule for one person.",
            example="cool_down: 14d",
        ),
    ),
)

REDIRECT = Shape(
    name="Redirect",
    doc="Who is told instead; the first whose condition holds.",
    keys=(
        Key(name="id", kind=Name(), default=REQUIRED, doc="Names the redirect.", example="id: open_deal"),
        Key(name="label", kind=Words(), default=REQUIRED, doc="What people read.", example="label: {en: Open deal, ja: 商談中}"),
        Key(name="when", kind=CONDITION, default=REQUIRED, doc="For whom.", example="when: {fact: deal.open, equals: true}"),
        Key(name="to", kind=_OWNER, default=REQUIRED, doc="Who is told.", example="to: deal_owner"),
        Key(name="stage_move", kind=YesNo(), default=False, doc="Whether the person may still become an MQL.", example="stage_move: false"),
    ),
)

CALENDAR = Shape(
    name="Calendar",
    doc="Business hours and days, for due times.",
    keys=(
        Key(name="zone", kind=Zone(), default="UTC", doc="Time zone.", example="zone: Asia/Tokyo"),
        Key(name="opens", kind=TimeOfDay(), default="09:00", doc="First business hour.", example='opens: "09:00"'),
        Key(name="closes", kind=TimeOfDay(), default="18:00", doc="End of business.", example='closes: "18:00"'),
        Key(
            name="weekdays",
            kind=ListOf(Text(choices=WEEKDAYS), least=1),
            default=["mon", "tue", "wed", "thu", "fri"],
            doc="Business days.",
            example="weekdays: [mon, tue, wed, thu, fri]",
        ),
        Key(
            name="country",
            kind=Country(),
            doc="ISO code of the country whose public holidays are off; none without it.",
            example="country: JP",
        ),
        Key(name="off", kind=ListOf(Day()), default=[], doc="More days off.", example="off: [2026-12-29, 2026-12-30]"),
    ),
    checks=((("opens", "closes"), lambda read, path, found: _check_calendar(read, path, found)),),
)


def _check_calendar(read: dict[str, Any], path: Path, found: Findings) -> None:
    if read["opens"] >= read["closes"]:
        found.error((*path, "closes"), "calendar", "business closes before it opens.")


def _check_stages(value: dict[str, Plain], path: Path, found: Findings) -> None:
    named = [stage for stage in table(value.get("stages")) if stage in STAGES]
    ordered = [stage for stage in STAGES if stage in named]
    if named != ordered:
        found.error((*path, "stages"), "stages", f"stages stand in the order {', '.join(ordered)}.", hint="Move them.")
    if len(named) == 1:
        found.error((*path, "stages"), "stages", "a ladder has at least two stages.")
    for index, field in enumerate(listed_tables(value.get("stage_fields"))):
        written = [(("write", stage, ""), stage) for stage in table(field.get("write"))]
        read = [(("read", word), stage) for word, stage in table(field.get("read")).items()]
        for where, stage in (*written, *read):
            if stage in STAGES and stage not in named:
                found.error((*path, "stage_fields", index, *where), "stage_field", f"this ladder has no stage '{stage}'.")


def _check_round_robin(read: dict[str, Any], path: Path, found: Findings) -> None:
    if not read["round_robin"] and any("round_robin" in rule["owners"] for rule in read["follow_ups"]):
        message = "follow-ups name `round_robin`, and nobody is listed to share the work."
        found.warn((*path, "round_robin"), "round_robin", message, hint="List e-mail addresses of CRM users.")


LIFECYCLE = Shape(
    name="Stage ladder",
    doc="Where a relationship stands, and what is done about it. Key by key:",
    keys=(
        Key(name="ladder", kind=Name(), default=REQUIRED, doc="The ladder's name.", example="ladder: b2b_default"),
        Key(
            name="label", kind=Words(), default=REQUIRED, doc="What people call it.", example="label: {en: Standard ladder, ja: 標準ラダー}"
        ),
        Key(name="model", kind=Name(), default=REQUIRED, doc="The scoring model whose score decides.", example="model: b2b_default"),
        Key(
            name="language",
            kind=Text(choices=("en", "ja")),
            default="en",
            doc="Language of what is written into the CRM.",
            example="language: ja",
        ),
        Key(
            name="stages",
            kind=TableOf(STAGE, keys=STAGES),
            default=REQUIRED,
            doc="Stages by id, lowest first.",
            example="stages: {lead: {label: Lead, enter: …}, mql: {…}}",
        ),
        Key(
            name="stage_fields",
            kind=ListOf(STAGE_FIELD),
            default=[],
            doc="Fields in which a CRM keeps the stage itself.",
            example="stage_fields: [{crm: hubspot, source: contacts, field: lifecyclestage, …}]",
        ),
        Key(name="hysteresis", kind=HYSTERESIS, default={}, doc="When a temperature falls.", example="hysteresis: {down_by: 8, dwell: 7d}"),
        Key(
            name="follow_ups",
            kind=ListOf(FOLLOW_UP),
            default=[],
            doc="Tasks.",
            example="follow_ups: [{id: call_hot, label: Call now, on: hot, due: 8bh}]",
        ),
        Key(
            name="redirects",
            kind=ListOf(REDIRECT),
            default=[],
            doc="Who is told instead.",
            example="redirects: [{id: open_deal, label: Open deal, when: {fact: deal.open, equals: true}, to: deal_owner}]",
        ),
        Key(
            name="tasks_in",
            kind=ListOf(Text()),
            default=["salesforce", "hubspot"],
            doc="Kinds of CRM, in the order in which one is chosen for a person's one task.",
            example="tasks_in: [hubspot]",
        ),
        Key(
            name="round_robin",
            kind=ListOf(Text()),
            default=[],
            doc="E-mail addresses of users who share the work.",
            example="round_robin: [mei@example.com]",
        ),
        Key(name="calendar", kind=CALENDAR, default={}, doc="Business hours.", example="calendar: {zone: Asia/Tokyo, country: JP}"),
        Key(
            name="next_actions",
            kind=TableOf(Words(), key=TriggerKind(*TEMPERATURES)),
            default={},
            doc="The one line a rep reads, by what is so.",
            example="next_actions: {hot: {en: Call today, ja: 本日中に電話}}",
        ),
    ),
    checks=((("follow_ups", "round_robin"), _check_round_robin),),
    raw_checks=(_check_stages, refuse_twice("follow_ups", "follow-ups"), refuse_twice("redirects", "redirects")),
)
