"""The small YAML that documents are written in."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.document import parse
from mappings.problems import ProblemsError
from mappings.yamltext import Plain


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("14d", "14d"),
        ("12", 12),
        ("-12", -12),
        ("2.50", Decimal("2.50")),
        ("true", True),
        ("yes", "yes"),
        ("on", "on"),
        ("09:00", "09:00"),
        ("2026-12-29", date(2026, 12, 29)),
        ("2026-12-29T09:00:00Z", datetime(2026, 12, 29, 9, tzinfo=UTC)),
        ("2026-12-29T09:00:00+09:00", datetime(2026, 12, 29, 9, tzinfo=timezone(timedelta(hours=9)))),
        ('"003"', "003"),
        ("'true'", "true"),
        ("", None),
        ("料金ページ", "料金ページ"),
    ],
)
def test_scalars(text: str, value: Plain) -> None:
    assert parse(f"key: {text}\n", file="f").root == {"key": value}


def test_every_value_and_key_knows_its_line_and_column() -> None:
    parsed = parse("a: 1\nb:\n  - x\n  - {c: 2}\n", file="f")

    assert parsed.root == {"a": 1, "b": ["x", {"c": 2}]}
    assert parsed.places[("a", "")] == (1, 1)
    assert parsed.places[("a",)] == (1, 4)
    assert parsed.places[("b", 1, "c", "")] == (4, 6)
    assert parsed.places[("b", 1, "c")] == (4, 9)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    try:
        parsed = parse(text, file="f")
    except ProblemsError as err:
        assert all(problem.line >= 1 and problem.column >= 1 for problem in err.problems)
    else:
        assert isinstance(parsed.root, dict)
