"""What a write-back changes: each ownership, causes and companions."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.changes import COMPANIONS, DEAD_BAND, Change, FieldChange, Ownership, Target, plan_change, stage_stands
from connector.core.records import RecordKey, Value

ROW = RecordKey("acme", "people", "7")
OURS, CRM_WINS, FILL, APPEND = Ownership.OURS, Ownership.CRM_WINS, Ownership.FILL_IF_BLANK, Ownership.APPEND


def target(
    wanted: Value | None, current: Value | None, *, ownership: Ownership = OURS, name: str = "stage", last: Value | None = None
) -> Target:
    return Target(field=f"crm_{name}", name=name, ownership=ownership, wanted=wanted, current=current, last_written=last)


def plan(*targets: Target) -> Change | None:
    return plan_change(key=ROW, person=3, targets=targets)


def after(*targets: Target) -> dict[str, Value | None]:
    """Field name → what would be written; empty for no change."""
    change = plan(*targets)
    return {} if change is None else {f.field: f.after for f in change.fields}


def test_a_change_names_row_person_field_before_and_after() -> None:
    change = plan(target("mql", "lead"))

    assert change == Change(key=ROW, person=3, fields=(FieldChange(field="crm_stage", name="stage", before="lead", after="mql"),))


def test_nothing_to_do_is_none() -> None:
    assert plan() is None
    assert plan(target("mql", "mql"), target(None, None, name="origin")) is None


@pytest.mark.parametrize(
    ("wanted", "current", "written"),
    [("mql", "lead", {"crm_stage": "mql"}), ("mql", None, {"crm_stage": "mql"}), (None, "lead", {"crm_stage": None}), ("mql", "mql", {})],
)
def test_ours_is_made_as_wanted_and_cleared_when_nothing_is_wanted(
    wanted: Value | None, current: Value | None, written: dict[str, Value | None]
) -> None:
    assert after(target(wanted, current, last="anything")) == written


@pytest.mark.parametrize("name", ["origin", "disposition", "disposition_reason", "hold_until"])
@pytest.mark.parametrize("ownership", Ownership)
def test_what_people_say_is_not_cleared_where_we_have_nothing_to_say(name: str, ownership: Ownership) -> None:
    assert plan(target(None, "recycled", name=name, ownership=ownership, last="recycled")) is None


def test_an_origin_that_we_know_is_written() -> None:
    assert after(target("pql", "partner", name="origin")) == {"crm_origin": "pql"}


@pytest.mark.parametrize(
    ("wanted", "current", "last", "written"),
    [
        ("mql", None, None, {"crm_stage": "mql"}),
        ("mql", "lead", "lead", {"crm_stage": "mql"}),
        ("mql", "sql", "lead", {}),  # somebody moved it
        ("mql", "sql", None, {}),  # it was never ours
        ("mql", None, "lead", {"crm_stage": "mql"}),  # somebody emptied it
        (None, "lead", "lead", {"crm_stage": None}),  # still ours, so we may take it away
        (None, "sql", "lead", {}),
        (None, None, None, {}),
    ],
)
def test_crm_wins_over_us_where_somebody_else_wrote(
    wanted: Value | None, current: Value | None, last: Value | None, written: dict[str, Value | None]
) -> None:
    assert after(target(wanted, current, ownership=CRM_WINS, last=last)) == written


@pytest.mark.parametrize(
    ("wanted", "current", "last", "written"),
    [("Hot", None, None, {"crm_stage": "Hot"}), ("Hot", "Warm", "Warm", {}), (None, "Warm", "Warm", {}), (None, None, None, {})],
)
def test_fill_if_blank_writes_into_an_empty_field_only(
    wanted: Value | None, current: Value | None, last: Value | None, written: dict[str, Value | None]
) -> None:
    assert after(target(wanted, current, ownership=FILL, last=last)) == written


@pytest.mark.parametrize(
    ("wanted", "current", "written"),
    [
        ("b", None, {"crm_stage": "b"}),
        ("b", "a", {"crm_stage": "a\nb"}),
        ("b", "a\nb\nc", {}),
        ("b", "ab", {"crm_stage": "ab\nb"}),  # a part of a line is not the line
        ("b\nc", "a\nb\nc", {}),
        ("b\nc", "a\r\nb\r\nc\r\n", {}),  # line ends as a CRM gives them back
        ("b\nc", "b\na\nc", {"crm_stage": "b\na\nc\nb\nc"}),
        (None, "a", {}),
        ("", "a", {}),
    ],
)
def test_append_adds_lines_below_once(wanted: Value | None, current: Value | None, written: dict[str, Value | None]) -> None:
    assert after(target(wanted, current, ownership=APPEND)) == written


@pytest.mark.parametrize(("before", "now", "is_written"), [(60, 64, False), (60, 65, True), (65, 60, True), (64, 60, False)])
@pytest.mark.parametrize("name", ["score", "fit", "engagement"])
def test_a_number_gives_cause_from_five_points_on(name: str, before: int, now: int, is_written: bool) -> None:
    assert (plan(target(now, before, name=name)) is not None) is is_written


def test_a_number_read_with_decimals_has_the_same_dead_band() -> None:
    assert plan(target(64, Decimal("60.0"), name="score")) is None
    assert after(target(65, Decimal("60.0"), name="score")) == {"crm_score": 65}


@pytest.mark.parametrize(("before", "now"), [(None, 1), (1, None), ("60", 61)])
def test_the_dead_band_is_for_two_numbers_only(before: Value | None, now: Value | None) -> None:
    assert after(target(now, before, name="score")) == {"crm_score": now}


@pytest.mark.parametrize("name", sorted(COMPANIONS))
def test_a_companion_never_causes_a_write(name: str) -> None:
    assert plan(target("new", "old", name=name), target("new", None, name=name)) is None


def test_a_hand_off_shows_by_its_next_action() -> None:
    assert after(target("Answer the inquiry", "Check the need", name="next_action")) == {"crm_next_action": "Answer the inquiry"}


def test_a_row_is_written_whole_once_one_field_gives_cause() -> None:
    small, companion = target(61, 60, name="fit"), target("now", "then", name="scored_at")

    assert after(small, companion) == {}
    assert after(small, companion, target("A1", "B1", name="grade")) == {"crm_fit": 61, "crm_scored_at": "now", "crm_grade": "A1"}


def test_a_whole_row_takes_no_field_that_is_somebody_elses() -> None:
    theirs = target("Hot", "Warm", name="temperature", ownership=FILL)

    assert after(theirs, target("A1", "B1", name="grade")) == {"crm_grade": "A1"}


names = st.sampled_from(["stage", "grade", *DEAD_BAND, *sorted(COMPANIONS)])
values: st.SearchStrategy[Value | None] = st.none() | st.integers(0, 100) | st.text(min_size=1, max_size=8) | st.booleans()
targets = st.lists(
    st.builds(
        Target,
        field=st.text(min_size=1),
        name=names,
        ownership=st.sampled_from(Ownership),
        wanted=values,
        current=values,
        last_written=values,
    ),
    max_size=6,
    unique_by=lambda t: t.field,
).map(tuple)


@given(targets=targets)
def test_a_change_once_applied_leaves_nothing_to_change(targets: tuple[Target, ...]) -> None:
    change = plan(*targets)
    written = {} if change is None else {f.field: f.after for f in change.fields}

    applied = tuple(
        Target(
            field=t.field,
            name=t.name,
            ownership=t.ownership,
            wanted=t.wanted,
            current=written.get(t.field, t.current),
            last_written=written.get(t.field, t.last_written),
        )
        for t in targets
    )

    assert plan(*applied) is None


@given(targets=targets)
def test_every_planned_field_differs_and_starts_from_what_is_there(targets: tuple[Target, ...]) -> None:
    change = plan(*targets)

    current = {t.field: t.current for t in targets}
    for planned in () if change is None else change.fields:
        assert planned.before == current[planned.field]
        assert planned.after != planned.before


@given(targets=targets)
def test_a_value_that_somebody_else_put_there_is_never_lost(targets: tuple[Target, ...]) -> None:
    change = plan(*targets)

    by_field = {t.field: t for t in targets}
    for planned in () if change is None else change.fields:
        of = by_field[planned.field]
        if of.ownership is CRM_WINS:
            assert of.current is None or of.current == of.last_written
        if of.ownership is FILL:
            assert of.current is None
        if of.ownership is APPEND and of.current is not None:
            assert str(planned.after).startswith(str(of.current))


@pytest.mark.parametrize(
    ("current", "wanted", "last_written", "stands"),
    [
        (None, "lead", None, False),
        ("lead", "mql", None, False),
        ("lead", "mql", "lead", False),
        ("sql", "mql", "mql", True),
        ("evangelist", "mql", None, True),
        ("lead", "mql", "mql", True),
        (None, "mql", "mql", False),
        ("mql", "mql", "mql", False),
    ],
)
def test_a_stage_that_a_person_set_or_that_is_further_on_stands(
    current: str | None, wanted: str, last_written: str | None, stands: bool
) -> None:
    assert stage_stands(current, wanted=wanted, last_written=last_written) is stands
