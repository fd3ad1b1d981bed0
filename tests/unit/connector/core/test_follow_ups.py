"""The one task: which rule, on which row, whose, due when. The clock stands on Monday, 2 November 2026, 10:00 UTC."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from connector.core.follow_ups import Owner, Surroundings, WantedTask, wanted_task
from connector.core.ladder import Ladder, OwnerRule, Redirect
from connector.core.people import Person
from connector.core.records import DealState, RecordKey
from tests.support.ladders import CALL, CUSTOMER, DAY, HOUR, LADDER, NOW, OPEN_DEAL, PERSON, TOUCHED, USERS, around, deal, member

SHARED = replace(LADDER, round_robin=("mei@us.com", "tom@us.com"))


def task(
    person: Person = PERSON,
    *,
    fresh: Mapping[str, datetime] | None = None,
    followed_up: Mapping[str, datetime] | None = None,
    redirect: Redirect | None = None,
    ladder: Ladder = LADDER,
    users: Mapping[str, Owner] | None = None,
) -> WantedTask | None:
    return wanted_task(
        person,
        fresh={"hot": NOW} if fresh is None else fresh,
        followed_up=followed_up or {},
        redirect=redirect,
        around=around(ladder, users=users),
    )


def owner(
    person: Person, *, redirect: Redirect | None = None, ladder: Ladder = LADDER, users: Mapping[str, Owner] | None = None
) -> str | None:
    found = task(person, redirect=redirect, ladder=ladder, users=users)
    assert found is not None
    return found.owner


def owned_by(*, record: str | None = None, company: str | None = None) -> Person:
    return replace(PERSON, members=(member(owner=record, company_owner=company),))


def with_rules(*rules: OwnerRule) -> Ladder:
    return replace(LADDER, follow_ups=(replace(CALL, owners=rules),))


def test_a_task_says_rule_trigger_row_and_due_time() -> None:
    # Eight business hours from Monday 10:00 end with the day at 18:00.
    assert task() == WantedTask(
        rule=CALL,
        trigger="hot",
        at=NOW,
        contact=RecordKey("one", "people", "7"),
        owner=None,
        redirected="",
        due_at=datetime(2026, 11, 2, 18, tzinfo=UTC),
        due_on=date(2026, 11, 2),
    )


def test_the_due_day_is_the_calendars() -> None:
    # 10:00 UTC is 19:00 in Tokyo: eight hours from 09:00 on Tuesday end at 17:00, which is 08:00 UTC.
    tokyo = task(ladder=replace(LADDER, calendar=replace(LADDER.calendar, zone="Asia/Tokyo")))
    # 10:00 UTC is 02:00 in Los Angeles: eight hours from 09:00 on Monday end at 17:00, which is 01:00 UTC on Tuesday.
    los_angeles = task(ladder=replace(LADDER, calendar=replace(LADDER.calendar, zone="America/Los_Angeles")))

    assert tokyo is not None and los_angeles is not None
    assert (tokyo.due_at, tokyo.due_on) == (datetime(2026, 11, 3, 8, tzinfo=UTC), date(2026, 11, 3))
    assert (los_angeles.due_at, los_angeles.due_on) == (datetime(2026, 11, 3, 1, tzinfo=UTC), date(2026, 11, 2))


def test_the_first_rule_of_the_ladder_wins() -> None:
    found = task(fresh={"hot": NOW, "hand_off.inquiry": NOW - HOUR})

    assert found is not None
    assert (found.rule.id, found.trigger, found.at) == ("answer", "hand_off.inquiry", NOW - HOUR)


@pytest.mark.parametrize(("ago", "made"), [(14 * DAY - HOUR, False), (14 * DAY, True)])
def test_a_rule_rests_for_its_cool_down(ago: timedelta, made: bool) -> None:
    assert (task(followed_up={"call": NOW - ago}) is not None) is made


def test_while_one_rule_rests_the_next_may_act() -> None:
    found = task(fresh={"hot": NOW, "hand_off.inquiry": NOW}, followed_up={"answer": NOW - HOUR})

    assert found is not None
    assert found.rule.id == "call"


def test_nothing_fresh_asks_for_nothing() -> None:
    assert task(fresh={}) is None
    assert task(fresh={"hand_off.unknown": NOW}) is None


def test_the_task_goes_to_the_first_kind_of_crm_in_the_ladders_order() -> None:
    both = replace(PERSON, members=(member("two"), member("one")))
    green_first = replace(LADDER, tasks_in=("green", "blue"))

    blue, green = task(both), task(both, ladder=green_first)

    assert blue is not None and green is not None
    assert blue.contact.connection == "one"
    assert green.contact.connection == "two"


def test_a_person_without_a_row_that_may_take_tasks_gets_none() -> None:
    elsewhere = replace(PERSON, members=(member("three"),))
    not_live: Surroundings = replace(around(), crm_of={})

    assert task(elsewhere) is None
    assert wanted_task(PERSON, fresh={"hot": NOW}, followed_up={}, redirect=None, around=not_live) is None


@pytest.mark.parametrize(
    ("record", "company", "expected"),
    [
        ("mei", "tom", "mei"),
        (None, "tom", "tom"),
        ("a queue", "tom", "tom"),
        ("gone", "tom", "tom"),
        ("gone", None, None),
        (None, None, None),
    ],
)
def test_owner_rules_fall_through_to_an_active_user(record: str | None, company: str | None, expected: str | None) -> None:
    users = {**USERS, "gone": Owner(id="gone", email="gone@us.com", active=False)}

    assert owner(owned_by(record=record, company=company), users=users) == expected


def test_leaving_it_to_the_crm_ends_the_search() -> None:
    person = owned_by(record="mei")

    assert owner(person, ladder=with_rules(OwnerRule.CRM, OwnerRule.RECORD_OWNER)) is None
    assert owner(person, ladder=with_rules(OwnerRule.RECORD_OWNER, OwnerRule.CRM)) == "mei"


def test_an_owner_is_a_user_of_the_crm_that_gets_the_task() -> None:
    in_two = replace(PERSON, members=(member("two", owner="mei"),))

    assert owner(in_two) is None


def test_an_open_deal_goes_to_its_owner_the_persons_own_deal_first() -> None:
    companys = deal(DealState.OPEN, owner="tom", on_it=False, id_="1")
    own = deal(DealState.OPEN, owner="mei", on_it=True, id_="2")
    elsewhere = deal(DealState.OPEN, owner="mei", connection="two")
    lost = deal(DealState.LOST, owner="mei")

    assert owner(replace(PERSON, deals=(companys, own)), redirect=OPEN_DEAL) == "mei"
    assert owner(replace(PERSON, deals=(companys, elsewhere, lost)), redirect=OPEN_DEAL) == "tom"
    assert owner(replace(PERSON, deals=(replace(own, owner=None), companys)), redirect=OPEN_DEAL) == "tom"


@pytest.mark.parametrize(
    ("redirect", "expected", "label"), [(CUSTOMER, "tom", "Customer"), (TOUCHED, "mei", "Touched lately"), (None, "mei", "")]
)
def test_a_redirect_names_who_is_asked_first(redirect: Redirect | None, expected: str, label: str) -> None:
    found = task(owned_by(record="mei", company="tom"), redirect=redirect)

    assert found is not None
    assert (found.owner, found.redirected) == (expected, label)


def test_a_redirect_to_nobody_falls_through_to_the_rule() -> None:
    assert owner(owned_by(record="mei"), redirect=CUSTOMER) == "mei"


def test_round_robin_is_the_same_for_the_same_person_and_shares_among_others() -> None:
    shared = [owner(replace(PERSON, id=number), ladder=SHARED) for number in (4, 5, 6, 7)]

    assert shared == ["mei", "tom", "mei", "tom"]
    assert owner(replace(PERSON, id=4), ladder=SHARED, users=dict(reversed(USERS.items()))) == "mei"


def test_round_robin_leaves_out_who_is_away() -> None:
    users = {**USERS, "mei": replace(USERS["mei"], active=False)}

    assert [owner(replace(PERSON, id=number), ladder=SHARED, users=users) for number in (4, 5)] == ["tom", "tom"]
