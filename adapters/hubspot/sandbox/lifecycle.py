"""HubSpot's lifecycle stage rule: it moves forward only, and a backward write is ignored without a word.

Station: HubSpot sandbox, pure rules. To go back, a caller clears the stage in one request and sets it in a later one.
Source: facts §6.4.
"""

from __future__ import annotations

from collections.abc import Sequence

OPEN_DEAL_STAGE = "opportunity"
WON_DEAL_STAGE = "customer"


def next_stage(current: str | None, wanted: str | None, order: Sequence[str]) -> str | None:
    """The stage after a write of `wanted` over `current`; `order` lists the stages' internal values, earliest first.

    None is no stage: any stage may follow it, and writing it clears. A stage missing from `order` counts as the earliest.
    """
    if current is None or wanted is None:
        return wanted
    return wanted if _rank(wanted, order) >= _rank(current, order) else current


def _rank(stage: str, order: Sequence[str]) -> int:
    return order.index(stage) if stage in order else -1


def stage_of_deal(is_won: bool, is_lost: bool) -> str | None:
    """The stage a deal brings its contacts and companies to; a lost deal brings none."""
    if is_lost:
        return None
    return WON_DEAL_STAGE if is_won else OPEN_DEAL_STAGE
