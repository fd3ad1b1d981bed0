"""The hidden truth, reckoned by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.kit.sandbox.seeds import SeedActivity
from adapters.kit.sandbox.truth import behaviour_of, fit_of, win_probability

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def did(kind: str, *, days_ago: float = 1, path: str = "", asset: str = "", seconds: int = 0) -> SeedActivity:
    return SeedActivity(kind=kind, at=NOON - timedelta(days=days_ago), path=path, asset=asset, seconds=seconds)


def behaviour(*activities: SeedActivity) -> float:
    return behaviour_of(activities, moment=NOON.timestamp())


def test_the_perfect_customer_fits_fully() -> None:
    fit = fit_of(industry="machinery", employees=50, country="JP", seniority="director", department="production", need="stock")

    assert fit == pytest.approx(1.0)


def test_an_edge_size_counts_less_and_an_unknown_one_nothing() -> None:
    def sized(employees: int) -> float:
        return fit_of(industry="", employees=employees, country="", seniority="", department="", need="")

    assert [sized(count) for count in (0, 19, 20, 49, 50, 1000, 1001, 5000, 5001)] == [
        0.0, 0.0, 0.12, 0.12, 0.25, 0.25, 0.12, 0.12, 0.0,
    ]  # fmt: skip


def test_one_inquiry_weighs_four() -> None:
    # 1 - exp(-4 / 10)
    assert behaviour(did("inquiry")) == pytest.approx(0.32968, abs=1e-5)


def test_a_kind_counts_up_to_its_cap() -> None:
    visits = [did("page_view", path="/pricing", seconds=10)] * 5

    # 5 x 2 is capped at 6: 1 - exp(-0.6)
    assert behaviour(*visits) == pytest.approx(0.45119, abs=1e-5)


@pytest.mark.parametrize(
    "idle",
    [
        did("page_view", path="/pricing", seconds=9),
        did("page_view", path="/careers", seconds=600),
        did("page_view", path="/blog", seconds=600),
        did("download", asset="oee-basics.pdf"),
        did("email_open", seconds=500),
        did("email_click", seconds=2),
        did("call"),
        did("inquiry", days_ago=90.1),
        did("inquiry", days_ago=-1),
    ],
)
def test_what_says_nothing_of_buying_weighs_nothing(idle: SeedActivity) -> None:
    assert behaviour(idle) == 0.0


def test_the_probability_is_a_half_where_the_sum_is_nought() -> None:
    # -4.6 + 3.0 * 0.8 + 3.4 * 0.5 + 0.35 * 1 + 0.15 = 0
    assert win_probability(fit=0.8, behaviour=0.5, colleagues=1, noise=0.15) == pytest.approx(0.5)


def test_more_than_three_colleagues_add_nothing() -> None:
    three, nine = (win_probability(fit=0.5, behaviour=0.5, colleagues=count, noise=0.0) for count in (3, 9))

    assert three == nine
