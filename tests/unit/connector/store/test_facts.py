"""Facts packed small, and taken apart for many people at once."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from connector.core.records import DealState
from connector.store.facts import CompanyFacts, ContactFacts, columns_of, pack, resolve_facts
from tests.support.stores import company, contact

PACKED = st.lists(st.dictionaries(st.integers(1, 5), st.integers(1, 9)), max_size=8)


@given(people=PACKED)
def test_packed_facts_come_apart_as_they_were_put_together(people: list[dict[int, int]]) -> None:
    blobs = [pack(list(person.items())) for person in people]
    sizes = np.array([len(blob) for blob in blobs], dtype=np.int64)

    columns = columns_of(packed=b"".join(blobs), sizes=sizes, lists={"two": 2, "nix": 99})

    assert columns["two"].tolist() == [person.get(2, 0) - 1 for person in people]
    assert columns["nix"].tolist() == [-1] * len(people)


def test_packing_is_eight_bytes_a_fact_in_the_order_of_lists() -> None:
    assert pack([(2, 1), (1, 258)]) == b"\x01\0\0\0\x02\x01\0\0" + b"\x02\0\0\0\x01\0\0\0"


def test_nobody_has_no_facts_but_that_there_are_no_deals() -> None:
    assert resolve_facts(contacts=[], companies=[], deals=[]) == {f"deal.{state}": False for state in DealState}


def test_of_two_companies_the_one_that_changed_last_speaks_first() -> None:
    old = CompanyFacts(company=company("a", values={"employees": 5, "country": "JP"}), changed_at=1)
    new = CompanyFacts(company=company("b", values={"employees": 9}), changed_at=2)

    facts = resolve_facts(contacts=[], companies=[old, new], deals=[])

    assert (facts["company.employees"], facts["company.country"]) == (9, "JP")


def test_the_main_address_of_the_newest_row_stands_where_no_mapping_gives_one() -> None:
    old = ContactFacts(contact=contact("1", emails=["old@x.com"]), changed_at=1)
    new = ContactFacts(contact=contact("2", emails=["new@x.com", "more@x.com"]), changed_at=2)
    mapped = ContactFacts(contact=contact("3", values={"email": "mapped@x.com"}), changed_at=0)

    assert resolve_facts(contacts=[old, new], companies=[], deals=[])["person.email"] == "new@x.com"
    assert resolve_facts(contacts=[old, new, mapped], companies=[], deals=[])["person.email"] == "mapped@x.com"
