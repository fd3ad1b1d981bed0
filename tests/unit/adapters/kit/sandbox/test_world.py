"""The made-up company: the same everywhere, believable, and true to its stated truth."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from adapters.kit.sandbox.names import COMPETITORS, FREE_MAIL, OWN_DOMAIN
from adapters.kit.sandbox.seeds import SeedDeal, SeedPerson
from adapters.kit.sandbox.site import DEAL_STAGES
from adapters.kit.sandbox.world import World

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PEOPLE = 5000


@pytest.fixture(scope="module")
def world() -> World:
    return World(people=PEOPLE, seed=1, now=NOW)


@pytest.fixture(scope="module")
def people(world: World) -> list[SeedPerson]:
    return list(world.people())


@pytest.fixture(scope="module")
def deals(world: World) -> list[SeedDeal]:
    return list(world.deals())


def fingerprint(world: World) -> str:
    digest = hashlib.sha256()
    for part in (world.owners, world.companies, world.campaigns, *world.people(), *world.deals()):
        digest.update(repr(part).encode())
    return digest.hexdigest()


def test_another_process_makes_the_same_world() -> None:
    program = (
        "from datetime import UTC, datetime\n"
        "from tests.unit.adapters.kit.sandbox.test_world import fingerprint\n"
        "from adapters.kit.sandbox.world import World\n"
        "print(fingerprint(World(people=300, seed=4, now=datetime(2026, 11, 2, 9, 59, tzinfo=UTC))))"
    )

    elsewhere = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert elsewhere.stdout.strip() == fingerprint(World(people=300, seed=4, now=NOW))


def test_another_seed_makes_another_world() -> None:
    first, second = (World(people=300, seed=seed, now=NOW) for seed in (1, 2))

    assert fingerprint(first) != fingerprint(second)


@pytest.mark.parametrize("count", [0, 1, 2, 500])
def test_a_world_has_exactly_the_people_asked_for(count: int) -> None:
    made = list(World(people=count, seed=1, now=NOW).people())

    assert [person.index for person in made] == list(range(count))


def test_a_slice_is_the_same_as_that_part_of_the_whole(world: World, people: list[SeedPerson]) -> None:
    assert list(world.people(1234, 1250)) == people[1234:1250]


def test_deals_are_the_same_before_and_after_a_pass_over_the_people(deals: list[SeedDeal]) -> None:
    assert list(World(people=PEOPLE, seed=1, now=NOW).deals()) == deals


def test_about_45_percent_are_in_both_crms_and_nobody_in_neither(people: list[SeedPerson]) -> None:
    both = sum(bool(person.salesforce) and person.hubspot for person in people)

    assert 0.40 <= both / PEOPLE <= 0.50
    assert all(person.salesforce or person.hubspot for person in people)


def test_about_a_third_are_japanese(people: list[SeedPerson]) -> None:
    assert 0.30 <= sum(person.language == "ja" for person in people) / PEOPLE <= 0.42


def test_activities_average_what_was_asked_for(people: list[SeedPerson]) -> None:
    assert 4.5 <= sum(len(person.activities) for person in people) / PEOPLE <= 5.5
    lively = World(people=2000, seed=1, now=NOW, activities_per_person=20.0)
    assert 17.0 <= sum(len(person.activities) for person in lively.people()) / 2000 <= 22.0


def test_every_kind_of_activity_happens(people: list[SeedPerson]) -> None:
    kinds = Counter(activity.kind for person in people for activity in person.activities)

    assert set(kinds) == {
        "page_view", "form_submit", "download", "email_open", "email_click", "email_reply", "email_bounce", "unsubscribe",
        "call", "meeting", "event_attended", "campaign_response", "trial_started", "product_use", "inquiry",
    }  # fmt: skip
    assert min(kinds.values()) >= 50


def test_addresses_and_domains_are_unique(world: World, people: list[SeedPerson]) -> None:
    addresses = [person.email for person in people if person.email]

    assert len(set(addresses)) == len(addresses)
    assert all(address == address.strip().lower() for address in addresses)
    assert len({company.domain for company in world.companies}) == len(world.companies)


def test_the_other_spelling_is_of_people_in_both_crms(people: list[SeedPerson]) -> None:
    respelt = [person for person in people if person.other_email is not None]

    assert all(person.salesforce and person.hubspot for person in respelt)
    same = [person for person in respelt if (person.other_email or "").strip().lower() == person.email]
    assert len(same) >= 100
    assert len(respelt) > len(same)


def test_there_are_the_odd_ones_out(people: list[SeedPerson]) -> None:
    pitches = sum(any(activity.form == "vendor_pitch" for activity in person.activities) for person in people)
    counts = {
        "students": sum(person.student for person in people),
        "vendors": pitches,
        "competitors": sum(person.email.endswith(tuple(domain for _, domain, _ in COMPETITORS)) for person in people),
        "own staff": sum(person.email.endswith(OWN_DOMAIN) for person in people),
        "free mail": sum(person.email.endswith(FREE_MAIL) and person.company is None for person in people),
        "role mailboxes": sum(person.email.startswith(("info@", "sales@")) for person in people),
        "unsubscribed": sum(person.unsubscribed for person in people),
        "bounced": sum(person.bounced for person in people),
        "without e-mail": sum(not person.email for person in people),
    }

    assert all(count >= 3 for count in counts.values()), counts


def test_nothing_is_stamped_after_now_nor_out_of_order(people: list[SeedPerson], deals: list[SeedDeal]) -> None:
    for person in people:
        starts = [activity.at for activity in person.activities]
        assert starts == sorted(starts)
        assert person.created_at <= min(starts, default=person.created_at)
        assert max(starts, default=person.created_at) <= person.modified_at <= NOW
    for deal in deals:
        assert deal.created_at <= deal.modified_at <= NOW
        assert deal.closed_at is None or deal.created_at < deal.closed_at <= NOW


def test_lists_are_loaded_with_one_equal_stamp(people: list[SeedPerson]) -> None:
    stamps = Counter(person.created_at for person in people)

    assert stamps.most_common(1)[0][1] >= 20


def test_activity_is_skewed_to_the_recent(people: list[SeedPerson]) -> None:
    ages = [(NOW - activity.at) / timedelta(days=1) for person in people for activity in person.activities]

    within_30, within_60_to_90 = (sum(low <= age < high for age in ages) for low, high in ((0, 30), (60, 90)))
    assert within_30 > 1.5 * within_60_to_90
    assert max(ages) > 365


def test_deals_span_three_years_and_are_won_lost_and_open(deals: list[SeedDeal]) -> None:
    states = Counter(deal.state for deal in deals)
    years = {(NOW - deal.created_at).days // 365 for deal in deals}

    assert years == {0, 1, 2}
    assert min(states["won"], states["lost"], states["open"]) >= 40
    for deal in deals:
        is_closed = deal.state != "open"
        assert (deal.closed_at is not None) is is_closed
        assert (deal.stage in DEAL_STAGES[4:]) is is_closed


def test_the_likelier_a_deal_the_oftener_it_is_won(people: list[SeedPerson], deals: list[SeedDeal]) -> None:
    chances = {deal.index: people[deal.people[0][0]].win_probability for deal in deals}
    latest = {person.deal for person in people}
    closed = [deal for deal in deals if deal.state != "open" and deal.index in latest]

    def share_won(low: float, high: float) -> float:
        band = [deal.state == "won" for deal in closed if low <= chances[deal.index] < high]
        assert len(band) >= 15
        return sum(band) / len(band)

    assert share_won(0.0, 0.2) < share_won(0.2, 0.5) < share_won(0.5, 1.01)


def test_as_many_are_won_as_the_truth_says(people: list[SeedPerson], deals: list[SeedDeal]) -> None:
    latest = {person.deal for person in people}
    deals_known = [deal for deal in deals if deal.index in latest]
    chances = [people[deal.people[0][0]].win_probability for deal in deals_known if deal.state != "open"]
    won = sum(deal.state == "won" for deal in deals_known)

    # Open deals run longer when they will be won, so the count falls a little short: five deviations either way.
    deviation = sum(chance * (1 - chance) for chance in chances) ** 0.5
    assert abs(won - sum(chances)) < 5 * deviation


def test_those_who_never_buy_have_no_chance_and_no_deal(world: World, people: list[SeedPerson]) -> None:
    barred = {company.index for company in world.companies if company.do_not_trade or company.index < len(COMPETITORS)}
    never = [person for person in people if person.student or person.company in barred or person.email.endswith(OWN_DOMAIN)]

    assert len(never) >= 50
    assert {(person.win_probability, person.deal) for person in never} == {(0.0, None)}


def test_deal_and_person_know_each_other(world: World, people: list[SeedPerson], deals: list[SeedDeal]) -> None:
    by_index = {deal.index: deal for deal in deals}

    assert len(by_index) == len(deals)
    for deal in deals:
        assert deal.people[0][1] == "Champion"
        assert all(people[index].company == deal.company for index, _ in deal.people)
    for person in people:
        if person.deal is not None:
            assert person.index in dict(by_index[person.deal].people)
            held = person.company is not None and world.companies[person.company].salesforce
            assert person.salesforce in ((None, "Contact") if held else (None, "Lead"))
