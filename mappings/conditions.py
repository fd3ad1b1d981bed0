"""Conditions as YAML says them → `core.model` conditions.

Station: a kind of value for the tables of keys of scoring models and ladders. A condition is data: one `fact` with one comparison, or
`all` / `any` / `not` of conditions. `$name` stands for a list of the document's `lists`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from connector.core.model import All, AnyOf, Condition, DetailTest, Literal, Not, Op, Test
from connector.core.records import ACTIVITY_KINDS, DETAILS
from mappings.kinds import BAD, Bad, Name, wrong
from mappings.problems import Findings, Path, nearest, nearest_word
from mappings.yamltext import Plain

JOINS = ("all", "any", "not")
OPS = tuple(op.value for op in Op)

_DEAL = ("deal.open", "deal.won", "deal.lost")
_PERSON = (
    "name first_name last_name email email_domain free_mail role_mailbox title seniority department phone country region need is_student "
    "unreachable unsubscribed source work_status created crm_stage budget authority timing"
)
_COMPANY = "name domain industry employees country region annual_revenue do_not_trade type"
USUAL_FACTS = (*_DEAL, *(f"person.{name}" for name in _PERSON.split()), *(f"company.{name}" for name in _COMPANY.split()))
"""Facts that the packaged mappings fill, or leave a place for. A mapping may name others."""

USUAL_KINDS = (*ACTIVITY_KINDS, "call_connected", "meeting_held", "email_sent")
"""Kinds of activity that the packaged mappings name."""

LADDER_FACTS = ("score.total", "score.fit", "score.engagement", "score.grade", "score.temperature", "rep.days_since_touch", "crm.stage")
"""Facts that only a ladder can ask for, beside `hand_off.<id>`."""


def nearest_fact(fact: str, known: Iterable[str] = USUAL_FACTS) -> str:
    """`Did you mean 'person.seniority'?` for a known fact of the same kind with a near name, or the empty text."""
    prefix, _, name = fact.partition(".")
    near = nearest_word(name, [other.removeprefix(f"{prefix}.") for other in known if other.startswith(f"{prefix}.")], cutoff=0.7)
    return f"Did you mean '{prefix}.{near}'?" if near else ""


@dataclass(frozen=True, slots=True)
class ConditionKind:
    """A condition over facts. `ladder`: also over the score, hand-offs and the CRM's stage."""

    ladder: bool = False
    says: str = "[condition](#conditions)"

    def read(self, value: Plain, path: Path, found: Findings) -> Condition | Bad:
        if not isinstance(value, dict):
            return wrong(value, path, found, wanted="a condition such as {fact: company.employees, at_least: 50}")
        joins = [key for key in JOINS if key in value]
        if "fact" in value and not joins:
            return self._test(value, path, found)
        if len(joins) == 1 and len(value) == 1:
            return self._join(joins[0], value[joins[0]], path, found)
        known = ("fact", *JOINS)
        strange = [key for key in value if key not in known and key not in OPS]
        for key in strange:
            hint = nearest(key, (*known, *OPS)) or f"Known here: {', '.join((*known, *OPS))}."
            found.error((*path, key, ""), "unknown_key", f"there is no key '{key}' here.", hint=hint)
        if not strange:
            hint = "Join conditions: {all: [{…}, {…}]}."
            found.error(path, "condition", "a condition has one `fact`, or one of `all`, `any`, `not`.", hint=hint)
        return BAD

    def _join(self, join: str, value: Plain, path: Path, found: Findings) -> Condition | Bad:
        inner = (*path, join)
        if join == "not":
            of = self.read(value, inner, found)
            return BAD if isinstance(of, Bad) else Not(of=of)
        if not isinstance(value, list) or not value:
            return wrong(value, inner, found, wanted="a list of conditions")
        read = [self.read(entry, (*inner, index), found) for index, entry in enumerate(value)]
        good = tuple(entry for entry in read if not isinstance(entry, Bad))
        if len(good) < len(read):
            return BAD
        return All(of=good) if join == "all" else AnyOf(of=good)

    def _test(self, value: dict[str, Plain], path: Path, found: Findings) -> Condition | Bad:
        right = self._check_fact(value["fact"], (*path, "fact"), found)
        ops = [key for key in value if key != "fact"]
        for key in ops:
            if key not in OPS:
                hint = nearest(key, OPS) or f"Comparisons: {', '.join(OPS)}."
                found.error((*path, key, ""), "unknown_key", f"there is no comparison '{key}'.", hint=hint)
                right = False
        if len(ops) != 1:
            hint = f"Comparisons: {', '.join(OPS)}."
            found.error(path, "condition", f"a fact has one comparison, here are {len(ops)}.", hint=hint)
            right = False
        if not right:
            return BAD
        op = Op(ops[0])
        values = _operands(op, value[ops[0]], (*path, ops[0]), found)
        if isinstance(values, Bad):
            return BAD
        return Test(fact=str(value["fact"]), op=_exists_or_missing(op, values), values=() if op in (Op.EXISTS, Op.MISSING) else values)

    def _check_fact(self, value: Plain, path: Path, found: Findings) -> bool:
        usual = (*USUAL_FACTS, *LADDER_FACTS) if self.ladder else USUAL_FACTS
        prefixes = ("person", "company", "deal", *(("score", "rep", "crm", "hand_off") if self.ladder else ()))
        prefix, dot, rest = value.partition(".") if isinstance(value, str) else ("", "", "")
        if prefix not in prefixes or not dot or not rest:
            hint = (nearest(value, usual) if isinstance(value, str) else "") or f"A fact begins with {', '.join(p + '.' for p in prefixes)}"
            found.error(path, "fact", f"'{value}' is no fact.", hint=hint)
            return False
        if value in usual or prefix == "hand_off":
            return True
        if prefix in ("deal", "score", "rep", "crm"):
            known = [fact for fact in usual if fact.startswith(prefix)]
            found.error(path, "fact", f"there is no fact '{value}'.", hint=nearest(str(value), known) or f"Known: {', '.join(known)}.")
            return False
        message = f"no packaged field mapping fills '{value}'; it is unknown for everybody unless yours does."
        found.warn(path, "unusual_fact", message, hint=nearest_fact(str(value), usual))
        return True


def _exists_or_missing(op: Op, values: tuple[Literal, ...]) -> Op:
    if op is Op.EXISTS and values == (False,):
        return Op.MISSING
    if op is Op.MISSING and values == (False,):
        return Op.EXISTS
    return op


def _operands(op: Op, value: Plain, path: Path, found: Findings) -> tuple[Literal, ...] | Bad:
    if op in (Op.EXISTS, Op.MISSING):
        return (value,) if isinstance(value, bool) else wrong(value, path, found, wanted="`true` or `false`")
    values = listed(value, path, found)
    if isinstance(values, Bad):
        return BAD
    numbers = all(isinstance(v, (int, Decimal)) and not isinstance(v, bool) for v in values)
    times = {type(v) for v in values} in ({date}, {datetime})
    if op is Op.BETWEEN:
        if len(values) != 2 or not (numbers or times):
            return wrong(value, path, found, wanted="two numbers or dates, the lower first, both ends included")
        if values[0] > values[1]:
            found.error(path, "range", f"{values[0]} is above {values[1]}.", hint="Put the lower end first.")
            return BAD
    if op in (Op.AT_LEAST, Op.AT_MOST) and not (len(values) == 1 and (numbers or times)):
        return wrong(value, path, found, wanted="one number or date")
    if op is Op.EQUALS and len(values) != 1:
        return wrong(value, path, found, wanted="one value; for several take `in`")
    if op in (Op.MATCHES, Op.CONTAINS) and not all(isinstance(v, str) for v in values):
        return wrong(value, path, found, wanted="text")
    return values


def listed(value: Plain, path: Path, found: Findings) -> tuple[Any, ...] | Bad:
    """One value, a list of values, or `$name`: the document's list of that name. Lists named inside a list are put in place."""
    values: list[Any] = []
    for index, entry in enumerate(value if isinstance(value, list) else [value]):
        where = (*path, index) if isinstance(value, list) else path
        if isinstance(entry, str) and entry.startswith("$"):
            if entry[1:] not in found.lists:
                hint = nearest(entry[1:], found.lists).replace("'", "'$", 1) or f"Lists: {', '.join('$' + name for name in found.lists)}."
                found.error(where, "list", f"there is no list '{entry}' under `lists`.", hint=hint)
                return BAD
            values.extend(found.lists[entry[1:]])
        elif entry is None or isinstance(entry, (list, dict)):
            return wrong(entry, where, found, wanted="a plain value or $list")
        elif isinstance(entry, datetime) and entry.tzinfo is None:
            return wrong(entry, where, found, wanted="a time with its zone, such as 2026-01-31T09:00:00+09:00")
        else:
            values.append(entry)
    return tuple(values)


@dataclass(frozen=True, slots=True)
class WhereKind:
    """Tests of an activity's details: `{path: "*/pricing*"}`, several globs in a list, `{form: {not: newsletter}}`."""

    says: str = "table: detail → glob, list of globs, or `{not: …}`"

    def read(self, value: Plain, path: Path, found: Findings) -> tuple[DetailTest, ...] | Bad:
        if not isinstance(value, dict):
            return wrong(value, path, found, wanted=f"a table with {', '.join(DETAILS)}")
        read = [self._test(detail, entry, (*path, detail), found) for detail, entry in value.items()]
        good = tuple(entry for entry in read if not isinstance(entry, Bad))
        return good if len(good) == len(read) else BAD

    def _test(self, detail: str, entry: Plain, path: Path, found: Findings) -> DetailTest | Bad:
        if detail not in DETAILS:
            hint = nearest(detail, DETAILS) or f"Details: {', '.join(DETAILS)}."
            found.error((*path, ""), "unknown_key", f"an activity has no detail '{detail}'.", hint=hint)
            return BAD
        negate = isinstance(entry, dict) and set(entry) == {"not"}
        globs = listed(entry["not"] if negate and isinstance(entry, dict) else entry, path, found)
        if isinstance(globs, Bad):
            return BAD
        return DetailTest(detail=detail, globs=tuple(str(glob) for glob in globs), negate=negate)


@dataclass(frozen=True, slots=True)
class ActivityKind:
    """A kind of activity. A mapping may name others than the usual ones, so only what looks misspelt is warned of."""

    says: str = "kind of activity"

    def read(self, value: Plain, path: Path, found: Findings) -> str | Bad:
        name = Name().read(value, path, found)
        if isinstance(name, str) and name not in USUAL_KINDS and (hint := nearest(name, USUAL_KINDS)):
            found.warn(path, "unusual_kind", f"no packaged field mapping names a kind '{name}'.", hint=hint)
        return name
