"""Grades and temperatures, by hand."""

import numpy as np

from connector.core.facts import Column, People
from connector.core.grading import fit_unknown, grade, grades_of, temperature_of
from connector.core.model import Bands

BANDS = Bands(
    fit=(("A", 65), ("B", 45), ("C", 25), ("D", 0)),
    engagement=(("1", 45), ("2", 25), ("3", 8), ("4", 0)),
    unknown_when_missing=("company.industry", "company.employees"),
    hot=("A1", "A2", "B1"),
    warm=("A3", "B2", "C1", "U1"),
)


def graded(fit: int, engagement: int, *, unknown: bool = False) -> tuple[str, str]:
    grades, temperatures = grade(BANDS, fit=np.array([fit]), engagement=np.array([engagement]), unknown=np.array([unknown]))
    name = grades_of(BANDS)[grades[0]]
    temperature = ("hot", "warm", "cold")[temperatures[0]]
    assert temperature == temperature_of(BANDS, fit=fit, engagement=engagement, unknown=unknown)
    return name, temperature


def test_a_band_begins_at_its_least_points() -> None:
    assert graded(65, 45) == ("A1", "hot")
    assert graded(64, 44) == ("B2", "warm")
    assert graded(25, 7) == ("C4", "cold")
    assert graded(0, 0) == ("D4", "cold")


def test_below_every_band_the_last_one_holds() -> None:
    assert graded(-5, -1) == ("D4", "cold")


def test_unknown_fit_is_u_whatever_its_points() -> None:
    assert graded(10, 50, unknown=True) == ("U1", "warm")


def test_fit_is_unknown_only_where_everything_it_needs_is_missing() -> None:
    people = People(
        ids=np.array([1, 2, 3]), facts={"company.industry": Column(codes=np.array([0, -1, -1], dtype=np.int32), words=("Software",))}
    )

    assert fit_unknown(BANDS, people).tolist() == [False, True, True]


def test_a_model_that_needs_nothing_knows_everybody() -> None:
    bands = Bands(fit=(("A", 0),), engagement=(("1", 0),), unknown_when_missing=(), hot=(), warm=())

    assert fit_unknown(bands, People(ids=np.array([1]), facts={})).tolist() == [False]
