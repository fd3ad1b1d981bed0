"""How many records are read again at a time."""

import pytest

from connector.flows.reread import full_calls


@pytest.mark.parametrize(("rows_a_call", "rows"), [(100, 500), (400, 400), (200, 400), (1, 500), (2000, 500)])
def test_batches_fill_whole_calls_and_fit_into_a_unit(rows_a_call: int, rows: int) -> None:
    assert full_calls(rows_a_call) == rows
