"""Who is who: joins by address and by what a CRM merged."""

from collections.abc import Mapping, Sequence
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from connector.core.identity import FIRST_SEEN, SAME_ADDRESS, SAME_IN_CRM, Placed, Row, Union, place
from connector.core.people import PersonId
from connector.core.records import RecordKey


def key(id_: str, connection: str = "acme") -> RecordKey:
    return RecordKey(connection, "people", id_)


def row(id_: str, *emails: str, survivor: str | None = None) -> Row:
    return Row(key=key(id_), emails=emails, survivor=key(survivor) if survivor else None)


def persons(placed: Placed) -> list[PersonId]:
    return [p.person for p in placed.placements]


def reasons(placed: Placed) -> list[str]:
    return [p.why for p in placed.placements]


def test_unknown_rows_become_persons_of_their_own() -> None:
    placed = place([row("1", "ann@x.com"), row("2", "bob@x.com")], known={}, holders={})

    assert persons(placed) == [-1, -2]
    assert reasons(placed) == [FIRST_SEEN, FIRST_SEEN]
    assert placed.placements[0].emails == ("ann@x.com",)
    assert placed.unions == ()


def test_rows_that_share_an_address_are_one_new_person() -> None:
    placed = place([row("1", "ann@x.com"), row("2", "a@y.com", "ann@x.com")], known={}, holders={})

    assert persons(placed) == [-1, -1]
    assert reasons(placed) == [FIRST_SEEN, SAME_ADDRESS]


def test_rows_without_an_address_never_join() -> None:
    placed = place([row("1"), row("2"), row("3", "ann@x.com")], known={}, holders={"ann@x.com": [4]})

    assert persons(placed) == [-1, -2, 4]


def test_a_row_goes_to_the_person_who_holds_its_address() -> None:
    placed = place([row("1", "ann@x.com")], known={}, holders={"ann@x.com": [12]})

    assert persons(placed) == [12]
    assert reasons(placed) == [SAME_ADDRESS]
    assert placed.unions == ()


def test_joins_reach_through_rows_that_share_an_address_with_either() -> None:
    placed = place([row("1", "a@x.com"), row("2", "b@x.com"), row("3", "a@x.com", "b@x.com")], known={}, holders={})

    assert persons(placed) == [-1, -1, -1]


def test_a_row_of_two_holders_makes_them_one_and_the_lowest_stays() -> None:
    placed = place([row("1", "a@x.com", "b@x.com", "c@x.com")], known={}, holders={"a@x.com": [9], "b@x.com": [4], "c@x.com": [7]})

    assert persons(placed) == [4]
    assert placed.unions == (
        Union(survivor=4, loser=7, why=SAME_ADDRESS, confidence=100),
        Union(survivor=4, loser=9, why=SAME_ADDRESS, confidence=100),
    )


def test_a_known_row_with_a_new_address_brings_its_person_along() -> None:
    placed = place([row("1", "new@x.com")], known={key("1"): 8}, holders={"new@x.com": [3]})

    assert persons(placed) == [3]
    assert placed.unions == (Union(survivor=3, loser=8, why=SAME_ADDRESS, confidence=100),)


def test_a_new_row_says_why_it_is_there_though_the_known_row_comes_after_it() -> None:
    placed = place([row("new", "ann@x.com"), row("old", "ann@x.com")], known={key("old"): 5}, holders={})

    assert persons(placed) == [5, 5]
    assert reasons(placed) == [SAME_ADDRESS, FIRST_SEEN]


def test_a_merged_row_follows_its_survivor() -> None:
    placed = place([row("loser", survivor="winner"), row("winner", "ann@x.com")], known={}, holders={})

    assert persons(placed) == [-1, -1]
    assert reasons(placed) == [FIRST_SEEN, SAME_IN_CRM]


def test_a_merge_of_two_known_persons_joins_them() -> None:
    placed = place([row("loser", survivor="winner")], known={key("loser"): 2, key("winner"): 6}, holders={})

    assert persons(placed) == [2]
    assert placed.unions == (Union(survivor=2, loser=6, why=SAME_IN_CRM, confidence=100),)


def test_a_converted_row_follows_over_several_steps() -> None:
    rows = [row("1", survivor="2"), row("2", survivor="3"), row("3")]

    assert persons(place(rows, known={key("3"): 5}, holders={})) == [5, 5, 5]


def test_a_survivor_that_nobody_knows_yet_is_waited_for() -> None:
    placed = place([row("loser", survivor="elsewhere")], known={}, holders={})

    assert persons(placed) == [-1]
    assert placed.unions == ()


def test_rows_of_two_crms_join_by_address() -> None:
    here, there = Row(key=key("1", "one"), emails=("ann@x.com",)), Row(key=key("1", "two"), emails=("ann@x.com",))

    assert persons(place([here, there], known={}, holders={})) == [-1, -1]


def test_the_confidence_is_the_one_that_is_stated() -> None:
    placed = place([row("1", "a@x.com")], known={key("1"): 2}, holders={"a@x.com": [1]}, confidence=80)

    assert placed.placements[0].confidence == 80
    assert placed.unions[0].confidence == 80


ids = st.sampled_from("abcdefgh")
emails = st.lists(st.sampled_from(["a@x.com", "b@x.com", "c@x.com", "d@x.com", "e@x.com"]), max_size=2, unique=True)
pages = st.lists(st.builds(lambda i, e, s: row(i, *e, survivor=s), ids, emails, st.none() | ids), max_size=8, unique_by=lambda r: r.key)
knowns = st.dictionaries(ids.map(key), st.integers(1, 6), max_size=6)
holdings: st.SearchStrategy[dict[str, list[PersonId]]] = st.dictionaries(
    st.sampled_from(["a@x.com", "b@x.com", "c@x.com"]), st.lists(st.integers(1, 6), max_size=2), max_size=3
)


def groups(placed: Placed) -> set[frozenset[RecordKey]]:
    """Which rows are together, whatever the number."""
    return {frozenset(p.key for p in placed.placements if p.person == number) for number in persons(placed)}


def final(placed: Placed, person: PersonId) -> PersonId:
    return next((u.survivor for u in placed.unions if u.loser == person), person)


@given(page=pages, known=knowns, holders=holdings, order=st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter_but_for_new_numbers(
    page: list[Row], known: dict[RecordKey, PersonId], holders: dict[str, list[PersonId]], order: Random
) -> None:
    shuffled = sorted(page, key=lambda _: order.random())

    one, other = place(page, known=known, holders=holders), place(shuffled, known=known, holders=holders)

    assert groups(one) == groups(other)
    assert {(u.survivor, u.loser) for u in one.unions} == {(u.survivor, u.loser) for u in other.unions}
    assert {p.key: p.person for p in one.placements if p.person > 0} == {p.key: p.person for p in other.placements if p.person > 0}


@given(page=pages, known=knowns, holders=holdings)
def test_placing_twice_changes_nothing(page: list[Row], known: dict[RecordKey, PersonId], holders: dict[str, list[PersonId]]) -> None:
    first = place(page, known=known, holders=holders)
    stored, held = _stored(first, known=known, holders=holders)

    again = place(page, known=stored, holders=held)

    assert {p.key: p.person for p in again.placements} == {p.key: stored[p.key] for p in again.placements}
    assert again.unions == ()


def _stored(
    placed: Placed, *, known: Mapping[RecordKey, PersonId], holders: Mapping[str, Sequence[PersonId]]
) -> tuple[dict[RecordKey, PersonId], dict[str, list[PersonId]]]:
    """What a store knows afterwards; new persons count on from 100."""
    persons_now = {k: final(placed, p) for k, p in known.items()}
    persons_now.update({p.key: p.person if p.person > 0 else 100 - p.person for p in placed.placements})
    held = {address: [final(placed, p) for p in people] for address, people in holders.items()}
    for placement in placed.placements:
        for address in placement.emails:
            held.setdefault(address, []).append(persons_now[placement.key])
    return persons_now, held


@given(page=pages, known=knowns, holders=holdings)
def test_rows_are_together_exactly_where_a_chain_of_links_leads(
    page: list[Row], known: dict[RecordKey, PersonId], holders: dict[str, list[PersonId]]
) -> None:
    placed = place(page, known=known, holders=holders)

    person_of = {p.key: p.person for p in placed.placements}
    for one in page:
        for other in page:
            assert (person_of[one.key] == person_of[other.key]) == _is_linked(one, other, page=page, known=known, holders=holders)


def _is_linked(
    one: Row, other: Row, *, page: list[Row], known: Mapping[RecordKey, PersonId], holders: Mapping[str, list[PersonId]]
) -> bool:
    """Whether a chain of rows, persons and addresses leads from one row to the other."""
    here = {r.key for r in page}
    links: list[tuple[object, object]] = [(k, p) for k, p in known.items()]
    for r in page:
        links += [(r.key, address) for address in r.emails]
        links += [(address, p) for address in r.emails for p in holders.get(address, ())]
        if r.survivor is not None and (r.survivor in here or r.survivor in known):
            links.append((r.key, r.survivor))
    reached: set[object] = {one.key}
    while True:
        further = {b for a, b in links if a in reached} | {a for a, b in links if b in reached}
        if further <= reached:
            return other.key in reached
        reached |= further


@given(page=pages, known=knowns, holders=holdings)
def test_a_union_keeps_the_lowest_person_and_names_each_loser_once(
    page: list[Row], known: dict[RecordKey, PersonId], holders: dict[str, list[PersonId]]
) -> None:
    unions = place(page, known=known, holders=holders).unions

    losers = [u.loser for u in unions]
    assert all(0 < u.survivor < u.loser for u in unions)
    assert len(losers) == len(set(losers))
    assert not {u.survivor for u in unions} & set(losers)
