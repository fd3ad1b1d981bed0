"""The lifecycle stage moves forward only, unless it was cleared before."""

from __future__ import annotations

import pytest

from adapters.hubspot.sandbox.lifecycle import next_stage, stage_of_deal

ORDER = ("subscriber", "lead", "opportunity", "customer")


@pytest.mark.parametrize(
    ("current", "wanted", "after"),
    [
        ("lead", "customer", "customer"),
        ("customer", "lead", "customer"),
        ("lead", "lead", "lead"),
        ("customer", None, None),
        (None, "subscriber", "subscriber"),
        ("unlisted", "subscriber", "subscriber"),
        ("subscriber", "unlisted", "subscriber"),
    ],
)
def test_stage_after_a_write(current: str | None, wanted: str | None, after: str | None) -> None:
    assert next_stage(current, wanted, ORDER) == after


def test_open_and_won_deals_bring_their_people_forward_and_lost_ones_do_not() -> None:
    assert stage_of_deal(is_won=False, is_lost=False) == "opportunity"
    assert stage_of_deal(is_won=True, is_lost=False) == "customer"
    assert stage_of_deal(is_won=False, is_lost=True) is None
