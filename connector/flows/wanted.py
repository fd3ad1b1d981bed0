"""What should stand in the CRM about a person: every value that can be written, by our name for it."""

import json
from collections.abc import Sequence
from datetime import datetime

from connector.core.model import Model
from connector.core.qualification import LadderState
from connector.core.records import Value
from connector.flows.explain import Reason, exclusion_label, lines_of, reasons
from connector.ports.connections import LiveStep
from connector.ports.people import ScoreRow

REASONS_LENGTH = 255
BREAKDOWN_LENGTH = 32_000

_SAID = {
    "not_scored": {"en": "Not scored: {}", "ja": "スコア対象外: {}"},
    "more": {"en": "{} more", "ja": "ほか{}件"},
    "limits": {"en": "capped by the limits {:+d}", "ja": "上限超過分 {:+d}"},
    "floors": {"en": "raised to the minimum {:+d}", "ja": "下限までの補い {:+d}"},
}
"""What the line of reasons says beside the model's own labels, by language."""

STAGE_VALUES = frozenset({"stage", "origin", "disposition", "disposition_reason", "stage_since", "hold_until"})
"""Written from the step `stages` on; everything else from `fields` on."""


def written_at(step: LiveStep, *, name: str) -> bool:
    """Whether a value is written by a connection that has gone live this far."""
    if step is LiveStep.OFF:
        return False
    return name not in STAGE_VALUES or step is not LiveStep.FIELDS


def wanted_values(*, row: ScoreRow, state: LadderState) -> dict[str, Value | None]:
    """Values by name that may give cause to write; None where there is nothing to say (an excluded person has no score)."""
    scored = not row.excluded
    return {
        "score": row.total if scored else None,
        "fit": row.fit if scored else None,
        "engagement": row.engagement if scored else None,
        "grade": row.grade if scored else None,
        "temperature": state.temperature if scored else None,
        "next_action": state.next_action or None,
        "stage": state.stage,
        "origin": state.origin or None,
        "disposition": state.disposition or None,
        "disposition_reason": state.disposition_reason or None,
        "stage_since": _whole_seconds(state.stage_since),
        "hold_until": _whole_seconds(state.hold_until) if state.hold_until else None,
    }


def wanted_companions(*, row: ScoreRow, model: Model, language: str) -> dict[str, Value | None]:
    """The values that go along with a write and never cause one (`core.changes.COMPANIONS`), by name."""
    said = reasons(lines_of(row.lines), model=model, language=language)
    excluded = exclusion_label(model, row.excluded, language=language)
    return {
        "reasons": _SAID["not_scored"][language].format(excluded) if row.excluded else one_line(said, language=language),
        "breakdown": _breakdown(row, said=said, excluded=excluded),
        "model": f"{row.model} v{row.model_version}",
        "scored_at": _whole_seconds(row.as_of),
    }


def one_line(said: Sequence[Reason], *, language: str, length: int = REASONS_LENGTH) -> str | None:
    """The reasons by weight as one line that a rep can read, such as `Decision maker +25; Pricing page +18; capped by the limits -3`.

    A rule stands with what its own limit leaves of it; the other limits and floors are summed up at the end. What does not fit is counted.
    """
    parts, clamped = _net(said)
    ends = [_SAID["limits" if clamped < 0 else "floors"][language].format(clamped)] if clamped else []
    for shown in range(len(parts), 0, -1):
        rest = [_SAID["more"][language].format(len(parts) - shown)] if shown < len(parts) else []
        line = "; ".join([*parts[:shown], *rest, *ends])
        if len(line) <= length:
            return line
    return None


def _net(said: Sequence[Reason]) -> tuple[list[str], int]:
    """Rules with the points that count, weightiest first, and the points that limits and floors above them took or gave."""
    own_limit = {r.id: r.points for r in said if r.clamp and r.level == "rule"}
    net = [(r.text, r.points + own_limit.get(r.id, 0)) for r in said if not r.clamp]
    weighty = sorted((n for n in net if n[1]), key=lambda n: -abs(n[1]))
    return [f"{text} {points:+d}" for text, points in weighty], sum(r.points for r in said if r.clamp and r.level != "rule")


def _breakdown(row: ScoreRow, *, said: Sequence[Reason], excluded: str) -> str:
    """JSON for the page component: the sides and every line. What does not fit loses its smallest lines and says how many."""
    by_weight = sorted(range(len(said)), key=lambda n: -abs(said[n].points))
    text = ""
    for left_out in range(len(said) + 1):
        shown = sorted(by_weight[: len(said) - left_out])
        lines = [{"side": said[n].side, "text": said[n].text, "points": said[n].points, "count": said[n].count} for n in shown]
        text = json.dumps(
            {
                "model": f"{row.model} v{row.model_version}",
                "as_of": _whole_seconds(row.as_of).isoformat(),
                "fit": row.fit,
                "engagement": row.engagement,
                "score": row.total,
                "grade": row.grade,
                "excluded": excluded,
                "lines": lines,
                "left_out": left_out,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        if len(text) <= BREAKDOWN_LENGTH:
            break
    return text


def _whole_seconds(instant: datetime) -> datetime:
    return instant.replace(microsecond=0)
