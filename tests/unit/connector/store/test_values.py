"""Values as JSON and back."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.records import Money, Value
from connector.store.instants import from_us, to_us
from connector.store.values import dump_key, dump_value, dump_values, load_key, load_value, load_values
from tests.support.stores import key

NUMBERS = st.decimals(allow_nan=False, allow_infinity=False)
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.text(),
    st.booleans(),
    st.integers(),
    NUMBERS,
    st.builds(lambda amount: Money(amount=amount, currency="EUR"), NUMBERS),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)).map(lambda instant: instant.replace(fold=0)),
    st.lists(st.text()).map(tuple),
)


@given(value=VALUES)
def test_a_value_survives_exactly(value: Value) -> None:
    back = load_value(dump_value(value))

    assert type(back) is type(value)
    assert repr(back) == repr(value)


@given(values=st.dictionaries(st.text(), VALUES))
def test_values_survive_and_equal_values_are_equal_texts(values: dict[str, Value]) -> None:
    turned = dict(reversed(values.items()))

    assert load_values(dump_values(values)) == values
    assert dump_values(turned) == dump_values(values)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (1, "1"),
        ("1", '"1"'),
        (Decimal("1.0"), '{"n":"1.0"}'),
        (("a", "日"), '["a","日"]'),
        (date(2026, 2, 28), '{"d":"2026-02-28"}'),
        (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), '{"t":1000000}'),
        (Money(amount=Decimal("2.50"), currency="EUR"), '{"m":["2.50","EUR"]}'),
    ],
)
def test_each_type_has_a_text_of_its_own(value: Value, text: str) -> None:
    assert dump_value(value) == text


def test_a_key_survives_and_no_key_is_nothing() -> None:
    assert load_key(dump_key(key('a"b'))) == key('a"b')
    assert dump_key(None) is None
    assert load_key(None) is None


@given(instant=st.datetimes(timezones=st.just(UTC)))
def test_an_instant_survives_to_the_microsecond(instant: datetime) -> None:
    assert from_us(to_us(instant)) == instant


def test_an_instant_in_another_zone_is_the_same_instant() -> None:
    tokyo = timezone(timedelta(hours=9))

    assert to_us(datetime(1970, 1, 1, 9, 0, tzinfo=tokyo)) == 0
    assert to_us(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_us(datetime(2026, 1, 1))
