"""Amounts and currencies, both ways.

Station: below `convert.registry`. An amount in a currency without a rate is unknown, not zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from connector.core.records import Money, Value
from connector.ports.crm import Json
from mappings.convert.plain import UNKNOWN, Read, read_decimal, written_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Currencies:
    """The base currency, the currency of rows that name none, and what one unit of another is worth in the base."""

    base: str
    own: str
    rates: Mapping[str, Decimal] = field(default_factory=dict)

    def rate(self, currency: str) -> Decimal | None:
        """Units of the base for one of `currency`; None where no rate is configured."""
        return Decimal(1) if currency == self.base else self.rates.get(currency)


def read_money(amount: Json, currency: Json, *, currencies: Currencies) -> Money | Read:
    """The amount with its currency; a row without a currency has the CRM's own. UNKNOWN where the amount is no number."""
    number = read_decimal(amount)
    if not isinstance(number, Decimal):
        return number
    code = currency.strip().upper() if isinstance(currency, str) else ""
    return Money(amount=number, currency=code or currencies.own)


def in_base(amount: Json, currency: Json, *, currencies: Currencies) -> Read:
    """The amount in the base currency; UNKNOWN where there is no rate."""
    money = read_money(amount, currency, currencies=currencies)
    if not isinstance(money, Money):
        return money
    rate = currencies.rate(money.currency)
    return UNKNOWN if rate is None else money.amount * rate


def written_money(value: Value) -> Json:
    """The bare amount as a JSON number; the currency stands in a field of its own."""
    return written_plain(value.amount if isinstance(value, Money) else value)
