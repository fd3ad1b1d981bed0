"""Builds a reader from the YAML of one field, as a mapping says it."""

from decimal import Decimal
from zoneinfo import ZoneInfo

from connector.ports.crm import Json
from mappings.convert.money import Currencies
from mappings.convert.plain import Read
from mappings.convert.registry import RowReader, Surroundings, row_reader
from mappings.document import parse
from mappings.keys_activities import FieldSpecs
from mappings.kinds import Bad
from mappings.problems import Findings

TOKYO = Surroundings(
    zone=ZoneInfo("Asia/Tokyo"),
    country="JP",
    currencies=Currencies(base="USD", own="USD", rates={"JPY": Decimal("0.0067")}),
    free_mail=frozenset({"post.example"}),
    role_mailboxes=frozenset({"uketsuke"}),
)


def field_reader(text: str) -> RowReader:
    """The reader of the field `value: <text>`, in Tokyo with dollars as base."""
    parsed = parse(f"value: {text}", file="field")
    found = Findings(file="field", places=parsed.places)
    specs = FieldSpecs().read(parsed.root["value"], (), found)
    assert not isinstance(specs, Bad), found.all()
    return row_reader(specs, TOKYO)


def read_field(text: str, **fields: Json) -> Read:
    """What the field `value: <text>` gives for a row."""
    return field_reader(text)(fields)
