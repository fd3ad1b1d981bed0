"""Days and instants with zones; amounts with currencies."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.records import Money
from connector.ports.crm import Json
from mappings.convert.money import Currencies, in_base, read_money, written_money
from mappings.convert.plain import UNKNOWN, Read
from mappings.convert.times import day_reader, instant_reader, written_day, written_instant
from tests.unit.mappings.convert.fields import TOKYO, read_field

DOLLARS = Currencies(base="USD", own="JPY", rates={"JPY": Decimal("0.0067")})


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("2026-11-21T09:30:00Z", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ("2026-11-21T09:30:00.125+0000", datetime(2026, 11, 21, 9, 30, 0, 125_000, tzinfo=UTC)),
        ("2026-11-21T18:30:00+09:00", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ("2026-11-21T18:30:00", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ("2026-11-21", datetime(2026, 11, 20, 15, 0, tzinfo=UTC)),
        ("1763717400000", datetime(2025, 11, 21, 9, 30, tzinfo=UTC)),
        (1763717400000, datetime(2025, 11, 21, 9, 30, tzinfo=UTC)),
        ("", None),
        (None, None),
        ("tomorrow", UNKNOWN),
        ("2026-02-30", UNKNOWN),
    ],
)
def test_an_instant_without_a_zone_takes_the_connections(raw: Json, value: Read) -> None:
    assert read_field("{from: f, convert: datetime}", f=raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("2026-11-21", date(2026, 11, 21)),
        ("2026-11-20T20:00:00Z", date(2026, 11, 21)),
        ("1763683200000", date(2025, 11, 21)),
        ("2026-02-30", UNKNOWN),
        ("", None),
    ],
)
def test_a_day_is_that_of_the_connections_zone(raw: Json, value: Read) -> None:
    assert read_field("{from: f, convert: date}", f=raw) == value


@pytest.mark.parametrize("raw", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59", "0001-01-01", "9999-12-31"])
@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
def test_a_date_that_stands_for_never_is_one_or_unknown_in_every_zone(raw: str, zone: str) -> None:
    readers = (instant_reader(ZoneInfo(zone)), day_reader(ZoneInfo(zone)))

    for found in (read(raw) for read in readers):
        assert found is UNKNOWN or (isinstance(found, date) and found.year in (1, 9998, 9999))


@given(st.datetimes(min_value=datetime(1980, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))
def test_instants_come_back_as_they_were_written(instant: datetime) -> None:
    to_milliseconds = instant.replace(microsecond=instant.microsecond // 1000 * 1000)

    assert instant_reader(TOKYO.zone)(written_instant(to_milliseconds)) == to_milliseconds


@given(st.dates(min_value=date(1980, 1, 1)))
def test_days_come_back_as_they_were_written(day: date) -> None:
    assert day_reader(TOKYO.zone)(written_day(day)) == day


def test_amounts_are_turned_into_the_base_currency() -> None:
    text = "{from: amount, convert: money, currency: currency}"

    assert read_field(text, amount="1000000", currency="JPY") == Decimal("6700")
    assert read_field(text, amount="250.50", currency="usd") == Decimal("250.50")
    assert read_field(text, amount="250.50", currency=None) == Decimal("250.50")


def test_an_amount_without_a_rate_is_unknown_and_not_zero() -> None:
    assert read_field("{from: amount, convert: money, currency: currency}", amount="100", currency="CHF") is UNKNOWN


def test_an_amount_that_names_no_currency_has_the_crms_own() -> None:
    assert read_money("1000", None, currencies=DOLLARS) == Money(amount=Decimal(1000), currency="JPY")
    assert in_base("1000", "", currencies=DOLLARS) == Decimal("6.7")


def test_no_amount_is_no_money() -> None:
    assert in_base(None, "JPY", currencies=DOLLARS) is None
    assert in_base("ten", "JPY", currencies=DOLLARS) is UNKNOWN


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=2), st.sampled_from(["USD", "JPY", "CHF"]))
def test_money_comes_back_as_it_was_written(amount: Decimal, currency: str) -> None:
    money = Money(amount=amount, currency=currency)

    assert read_money(written_money(money), currency, currencies=DOLLARS) == money
