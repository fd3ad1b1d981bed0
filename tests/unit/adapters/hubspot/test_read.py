"""What a surviving row says of the records merged into it."""

import pytest

from adapters.hubspot.read import merged_ids


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({}, ()),
        ({"hs_merged_object_ids": ""}, ()),
        ({"hs_merged_object_ids": None}, ()),
        ({"hs_merged_object_ids": "12;34"}, ("12", "34")),
        ({"hs_calculated_merged_vids": "12:1700000000000;34:1700000000001"}, ("12", "34")),
        ({"hs_merged_object_ids": "34; 12", "hs_calculated_merged_vids": "12:1700000000000"}, ("34", "12")),
        ({"hs_merged_object_ids": "99;12"}, ("12",)),
        ({"hs_merged_object_ids": "twelve;"}, ()),
    ],
)
def test_merged_ids_are_read_in_both_forms_without_the_row_itself(properties: dict[str, str | None], expected: tuple[str, ...]) -> None:
    assert merged_ids({"id": "99", "properties": properties}) == expected
