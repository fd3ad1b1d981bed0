"""Record ids: the suffix, the order, and what counts as one."""

import pytest

from adapters.salesforce.sandbox.ids import case_suffix, full_id, make_id


def test_suffix_sets_one_bit_for_each_capital_letter() -> None:
    # 001D0: only the D, bit 3 = 8 = I. 00000: none = A. 0IRFM: I, R, F, M are bits 1 to 4 = 30 = 4.
    assert case_suffix("001D0000000IRFM") == "IA4"


def test_made_id_carries_the_suffix_of_its_first_fifteen() -> None:
    for number in (1, 61, 62, 238_327, 238_328, 500_000_000):
        made = make_id("00Q", number)
        assert len(made) == 18
        assert made.startswith("00Q")
        assert made[15:] == case_suffix(made[:15])


def test_ids_of_one_object_sort_in_the_order_they_were_made() -> None:
    ids = [make_id("003", number) for number in range(1, 5000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_short_id_is_completed() -> None:
    assert full_id("001D0000000IRFM") == "001D0000000IRFMIA4"


def test_long_id_that_lost_its_case_is_mended_from_its_suffix() -> None:
    assert full_id("001d0000000irfmIA4") == "001D0000000IRFMIA4"


@pytest.mark.parametrize("text", ["", "001", "001D0000000IRFM!", "001D0000000IRFMIA", "001D0000000IRFMIA44"])
def test_anything_else_is_no_id(text: str) -> None:
    assert full_id(text) is None
