"""Faults a test asks of a sandbox: the rules, and which of them meets which call.

Station: sandbox ground. `control.py` takes the rules in over HTTP, `wire.py` does what they say to the connection.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

KINDS = (
    "status",
    "timeout_before",
    "timeout_after",
    "reset_before",
    "reset_after",
    "cut_body",
    "drip",
    "expired_token",
    "html",
    "rows",
)
"""Every fault a rule can name; `README.md` says what each does."""

_CALL_KEYS = ("calls", "every", "times")
_RULE_KEYS = {"path", "method", "fault", "status", "body", "headers", "seconds", "rows", *_CALL_KEYS}
_ROW_KEYS = {"error", "message", "fields", "ids", "every"}


class BadRuleError(ValueError):
    """A fault rule that cannot be meant as it is written; the message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """How one row of a batch is refused: the CRM's own error code, its message and the fields it names."""

    error: str
    message: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRefusal:
    """Which rows of a batch a `rows` rule refuses: those with these ids, else every k-th row that comes past."""

    fault: RowFault
    ids: frozenset[str] = frozenset()
    every: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One rule. It meets calls whose path matches the glob `path` and whose method is `method` ("*": any).

    Of the calls it meets, counted from 1 since it was added, it bites the ones in `calls`, every `every`-th, or the
    first `times`; with none of the three it bites all.
    """

    number: int
    path: str
    method: str
    kind: str
    calls: frozenset[int] = frozenset()
    every: int = 0
    times: int = 0
    status: int = 500
    body: Any = ""
    headers: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    rows: RowRefusal | None = None
    written: Mapping[str, Any] = field(default_factory=dict)
    """The rule as it came in, for listing."""

    def meets(self, *, method: str, path: str) -> bool:
        """True when a call with this method and path is one this rule counts."""
        return self.method in ("*", method) and fnmatchcase(path, self.path)

    def bites(self, nth: int) -> bool:
        """True when the rule acts on the `nth` call it meets (from 1)."""
        if self.calls:
            return nth in self.calls
        if self.every:
            return nth % self.every == 0
        return not self.times or nth <= self.times


def read_rule(written: Mapping[str, Any], *, number: int) -> FaultRule:
    """The rule that a JSON object asks for. Raises BadRuleError when a key or kind is unknown or two limits contradict."""
    unknown = sorted(set(written) - _RULE_KEYS)
    if unknown:
        raise BadRuleError(f"unknown key {unknown[0]!r}; known keys are {', '.join(sorted(_RULE_KEYS))}")
    kind = written.get("fault")
    if kind not in KINDS:
        raise BadRuleError(f"fault is {kind!r}; it must be one of {', '.join(KINDS)}")
    if sum(key in written for key in _CALL_KEYS) > 1:
        raise BadRuleError("give one of calls, every and times, not several")
    return FaultRule(
        number=number,
        path=str(written.get("path", "*")),
        method=str(written.get("method", "*")).upper(),
        kind=kind,
        calls=frozenset(int(nth) for nth in written.get("calls", ())),
        every=int(written.get("every", 0)),
        times=int(written.get("times", 0)),
        status=int(written.get("status", 500)),
        body=written.get("body", ""),
        headers=tuple((str(name), str(text)) for name, text in dict(written.get("headers", {})).items()),
        seconds=float(written.get("seconds", 0.0)),
        rows=_read_refusal(written.get("rows")) if kind == "rows" else None,
        written=dict(written),
    )


def _read_refusal(written: object) -> RowRefusal:
    if not isinstance(written, Mapping) or "error" not in written:
        raise BadRuleError('a rows rule needs "rows": {"error": code, "message": text, "ids": [...] or "every": k}')
    unknown = sorted(set(written) - _ROW_KEYS)
    if unknown:
        raise BadRuleError(f"unknown key {unknown[0]!r} in rows; known keys are {', '.join(sorted(_ROW_KEYS))}")
    if ("ids" in written) == ("every" in written):
        raise BadRuleError("a rows rule takes either ids or every")
    fault = RowFault(
        error=str(written["error"]),
        message=str(written.get("message", "")),
        fields=tuple(str(name) for name in written.get("fields", ())),
    )
    ids = frozenset(str(record_id) for record_id in written.get("ids", ()))
    return RowRefusal(fault=fault, ids=ids, every=int(written.get("every", 0)))


class FaultBook:
    """The rules in force and how often each was met. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[FaultRule] = []
        self._met: dict[int, int] = {}
        self._bitten: dict[int, int] = {}
        self._rows_seen: dict[int, int] = {}
        self._added = 0

    def add(self, written: Mapping[str, Any]) -> int:
        """Adds the rule and returns its number. Raises BadRuleError."""
        rule = read_rule(written, number=0)
        with self._lock:
            self._added += 1
            self._rules.append(replace(rule, number=self._added))
            return self._added

    def clear(self) -> None:
        """Drops every rule."""
        with self._lock:
            self._rules.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The rules as written, each with its number, how many calls it met and how many it bit."""
        with self._lock:
            return [
                {
                    **rule.written,
                    "number": rule.number,
                    "met": self._met.get(rule.number, 0),
                    "bitten": self._bitten.get(rule.number, 0),
                }
                for rule in self._rules
            ]

    def for_call(self, *, method: str, path: str) -> FaultRule | None:
        """The rule that acts on this call as a whole, the earliest added first; None when the call is let through."""
        with self._lock:
            biting = [rule for rule in self._rules if rule.kind != "rows" and self._bites_now(rule, method, path)]
            return biting[0] if biting else None

    def for_rows(self, *, method: str, path: str, ids: Sequence[str]) -> tuple[RowFault | None, ...]:
        """One entry a row, in the order of `ids`: how that row is refused, or None. Calling it counts as one call."""
        faults: list[RowFault | None] = [None] * len(ids)
        with self._lock:
            for rule in self._rules:
                if rule.rows is not None and self._bites_now(rule, method, path):
                    self._refuse(rule, rule.rows, ids, faults)
        return tuple(faults)

    def _refuse(self, rule: FaultRule, refusal: RowRefusal, ids: Sequence[str], faults: list[RowFault | None]) -> None:
        seen = self._rows_seen.get(rule.number, 0)
        for position, record_id in enumerate(ids):
            is_due = refusal.every > 0 and (seen + position + 1) % refusal.every == 0
            if faults[position] is None and (is_due or record_id in refusal.ids):
                faults[position] = refusal.fault
        self._rows_seen[rule.number] = seen + len(ids)

    def _bites_now(self, rule: FaultRule, method: str, path: str) -> bool:
        if not rule.meets(method=method, path=path):
            return False
        nth = self._met[rule.number] = self._met.get(rule.number, 0) + 1
        if not rule.bites(nth):
            return False
        self._bitten[rule.number] = self._bitten.get(rule.number, 0) + 1
        return True
