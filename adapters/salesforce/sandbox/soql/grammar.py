"""SOQL text to a tree, by a real grammar.

Station: Salesforce sandbox, pure. What it leaves out (TYPEOF, WITH DATA CATEGORY, FOR, USING SCOPE) is MALFORMED_QUERY here.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken, VisitError

from adapters.salesforce.sandbox.errors import ApiRefusal, malformed_query, pointer
from adapters.salesforce.sandbox.soql.tree import (
    Among,
    Call,
    Comparison,
    Condition,
    Either,
    Every,
    FieldSet,
    Literal,
    Not,
    Path,
    Picked,
    Query,
    Sort,
)

GRAMMAR = r"""
query: SELECT select_list FROM NAME [alias] [where] [security] [group] [having] [order] [limit] [offset]
select_list: selected ("," selected)*
?selected: path [alias] -> selected_path
    | call [alias] -> selected_call
    | FIELDS "(" NAME ")" -> field_set
    | "(" query ")" -> child_query
alias: NAME
path: NAME ("." NAME)*
call: NAME "(" [path] ")"
where: WHERE condition
security: WITH NAME
?condition: term
    | term (AND term)+ -> every
    | term (OR term)+ -> either
?term: NOT term -> negation
    | "(" condition ")" -> grouped
    | operand OPERATOR literal -> comparison
    | operand LIKE literal -> like
    | path [NOT] IN "(" literal ("," literal)* ")" -> among
    | path [NOT] IN "(" query ")" -> among_query
    | path INCLUDES "(" literal ("," literal)* ")" -> includes
    | path EXCLUDES "(" literal ("," literal)* ")" -> excludes
?operand: path | call
literal: STRING -> string
    | DATETIME -> instant
    | DATE -> day
    | NUMBER -> number
    | NAME -> word
    | NAME ":" NUMBER -> span
group: GROUP BY path ("," path)*
having: HAVING condition
order: ORDER BY sort ("," sort)*
sort: operand [DIRECTION] [NULLS WHICH]
limit: LIMIT NUMBER
offset: OFFSET NUMBER

SELECT.3: /select\b/i
FROM.3: /from\b/i
WHERE.3: /where\b/i
WITH.3: /with\b/i
GROUP.3: /group(?=\s+by\b)/i
ORDER.3: /order(?=\s+by\b)/i
BY.3: /by\b/i
HAVING.3: /having\b/i
LIMIT.3: /limit\b/i
OFFSET.3: /offset\b/i
FIELDS.3: /fields(?=\s*\()/i
AND.3: /and\b/i
OR.3: /or\b/i
NOT.3: /not\b/i
IN.3: /in\b/i
LIKE.3: /like\b/i
INCLUDES.3: /includes\b/i
EXCLUDES.3: /excludes\b/i
DIRECTION.3: /(asc|desc)\b/i
NULLS.3: /nulls\b/i
WHICH.3: /(first|last)\b/i
OPERATOR: "=" | "!=" | "<>" | "<=" | ">=" | "<" | ">"
STRING: /'(?:[^'\\]|\\.)*'/s
DATETIME.4: /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})/i
DATE.3: /\d{4}-\d{2}-\d{2}/
NUMBER: /[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?/i
NAME: /[A-Za-z][A-Za-z0-9_]*/
%ignore /\s+/
"""

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "'": "'", '"': '"', "\\": "\\"}


@v_args(inline=True)
class _Builder(Transformer[Token, Query]):
    """Turns lark's tree into ours, bottom up."""

    def alias(self, name: Token) -> str:
        return str(name)

    def path(self, *names: Token) -> Path:
        return Path(parts=tuple(str(name) for name in names), position=names[0].start_pos or 0)

    def call(self, name: Token, path: Path | None) -> Call:
        return Call(function=str(name).upper(), path=path, position=name.start_pos or 0)

    def selected_path(self, path: Path, alias: str | None) -> Path:
        return Path(parts=path.parts, position=path.position, alias=alias)

    def selected_call(self, call: Call, alias: str | None) -> Call:
        return Call(function=call.function, path=call.path, position=call.position, alias=alias)

    def field_set(self, keyword: Token, which: Token) -> FieldSet:
        return FieldSet(which=str(which).upper(), position=keyword.start_pos or 0)

    def child_query(self, query: Query) -> Query:
        return query

    def select_list(self, *selected: Any) -> tuple[Any, ...]:
        return selected

    def string(self, token: Token) -> Literal:
        return Literal(kind="string", value=_unescape(str(token)[1:-1]), position=token.start_pos or 0)

    def number(self, token: Token) -> Literal:
        text = str(token)
        value: int | float = int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)
        return Literal(kind="number", value=value, position=token.start_pos or 0)

    def instant(self, token: Token) -> Literal:
        return Literal(kind="datetime", value=str(token), position=token.start_pos or 0)

    def day(self, token: Token) -> Literal:
        return Literal(kind="date", value=str(token), position=token.start_pos or 0)

    def word(self, token: Token) -> Literal:
        position, word = token.start_pos or 0, str(token).lower()
        if word in ("true", "false"):
            return Literal(kind="boolean", value=word == "true", position=position)
        if word == "null":
            return Literal(kind="null", value=None, position=position)
        return Literal(kind="span", value=(str(token).upper(), None), position=position)

    def span(self, name: Token, count: Token) -> Literal:
        return Literal(kind="span", value=(str(name).upper(), int(float(count))), position=name.start_pos or 0)

    def comparison(self, left: Path | Call, operator: Token, value: Literal) -> Comparison:
        return Comparison(left=left, operator="!=" if operator == "<>" else str(operator), value=value)

    def like(self, left: Path | Call, _like: Token, value: Literal) -> Comparison:
        return Comparison(left=left, operator="like", value=value)

    def among(self, path: Path, negated: Token | None, _in: Token, *values: Literal) -> Among:
        return Among(path=path, negated=negated is not None, values=values)

    def among_query(self, path: Path, negated: Token | None, _in: Token, query: Query) -> Among:
        return Among(path=path, negated=negated is not None, values=query)

    def includes(self, path: Path, _word: Token, *values: Literal) -> Picked:
        return Picked(path=path, negated=False, values=values)

    def excludes(self, path: Path, _word: Token, *values: Literal) -> Picked:
        return Picked(path=path, negated=True, values=values)

    def negation(self, _not: Token, condition: Condition) -> Not:
        return Not(condition=condition)

    def grouped(self, condition: Condition) -> Condition:
        return condition

    def either(self, *parts: Any) -> Condition:
        return Either(conditions=tuple(part for part in parts if not isinstance(part, Token)))

    def every(self, *parts: Any) -> Condition:
        return Every(conditions=tuple(part for part in parts if not isinstance(part, Token)))

    def where(self, _where: Token, condition: Condition) -> Condition:
        return condition

    def having(self, _having: Token, condition: Condition) -> Condition:
        return condition

    def security(self, _with: Token, name: Token) -> str:
        return str(name)

    def group(self, _group: Token, _by: Token, *paths: Path) -> tuple[Path, ...]:
        return paths

    def order(self, _order: Token, _by: Token, *sorts: Sort) -> tuple[Sort, ...]:
        return sorts

    def sort(self, by: Path | Call, direction: Token | None, _nulls: Token | None, which: Token | None) -> Sort:
        return Sort(
            by=by,
            descending=direction is not None and direction.lower() == "desc",
            nulls_last=None if which is None else which.lower() == "last",
        )

    def limit(self, _limit: Token, count: Token) -> int:
        return int(count)

    def offset(self, _offset: Token, count: Token) -> int:
        return int(count)

    def query(self, _select: Token, select: Any, _from: Token, source: Token, *rest: Any) -> Query:
        alias, where, _security, group, having, order, limit, offset = rest
        return Query(
            select=select,
            source=str(source),
            source_position=source.start_pos or 0,
            alias=alias,
            where=where,
            group=group or (),
            having=having,
            order=order or (),
            limit=limit,
            offset=offset,
        )


@lru_cache(maxsize=1)
def _parser() -> Lark:
    return Lark(GRAMMAR, start="query", parser="lalr", maybe_placeholders=True, propagate_positions=False)


def parse_soql(text: str) -> Query:
    """The tree of a query. Raises the API's own refusal (MALFORMED_QUERY) with the place of the fault."""
    try:
        return _Builder().transform(_parser().parse(text))
    except UnexpectedToken as err:
        if err.token.type == "$END":
            raise malformed_query("unexpected token: '<EOF>'") from err
        raise malformed_query(f"{pointer(text, err.token.start_pos or 0)}\nunexpected token: '{err.token}'") from err
    except UnexpectedCharacters as err:
        place = err.pos_in_stream or 0
        raise malformed_query(
            f"{pointer(text, place)}\nline {err.line}:{err.column - 1} no viable alternative at character '{text[place]}'"
        ) from err
    except UnexpectedInput as err:
        raise malformed_query(f"unexpected input: {err}") from err
    except VisitError as err:
        if isinstance(err.orig_exc, ApiRefusal):
            raise err.orig_exc from err
        raise malformed_query(f"unexpected value: {err.orig_exc}") from err


def _unescape(text: str) -> str:
    def one(match: re.Match[str]) -> str:
        char = match[1]
        if char in "%_":
            return match[0]
        if char not in _ESCAPES:
            raise malformed_query(f"Invalid string literal '{text}'. Illegal character sequence '\\{char}' in string literal.")
        return _ESCAPES[char]

    return re.sub(r"\\(.)", one, text, flags=re.DOTALL)
