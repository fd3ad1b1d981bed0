"""Texts, numbers, yes and no, picklists, lists."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.ports.crm import Json
from mappings.convert.plain import UNKNOWN, Read, read_multi, read_whole, written_multi, written_plain
from mappings.convert.registry import CONVERTERS
from tests.unit.mappings.convert.fields import field_reader, read_field


@pytest.mark.parametrize(
    ("raw", "value"),
    [("  Acme  ", "Acme"), ("", None), ("   ", None), (None, None), (7, "7"), (True, "true"), (["a"], UNKNOWN)],
)
def test_text_loses_white_space_at_its_ends_only(raw: Json, value: Read) -> None:
    assert read_field("f", f=raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("87", 87),
        ("87.0", 87),
        (87.0, 87),
        (" 1,200 ", 1200),
        ("１２０", 120),
        ("-3", -3),
        ("", None),
        (None, None),
        ("87.5", UNKNOWN),
        ("many", UNKNOWN),
        ("1,20", UNKNOWN),
        (True, UNKNOWN),
        ("NaN", UNKNOWN),
        ("1e999", UNKNOWN),
    ],
)
def test_whole_numbers(raw: Json, value: Read) -> None:
    assert read_field("{from: f, convert: whole}", f=raw) == value


@pytest.mark.parametrize(("raw", "value"), [("0.1", Decimal("0.1")), (0.1, Decimal("0.1")), (3, Decimal(3)), ("Infinity", UNKNOWN)])
def test_decimals_are_read_as_written_and_not_through_binary_fractions(raw: Json, value: Read) -> None:
    assert read_field("{from: f, convert: decimal}", f=raw) == value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (True, True),
        ("true", True),
        ("Yes", True),
        ("はい", True),
        ("１", True),
        (False, False),
        ("no", False),
        ("いいえ", False),
        ("", None),
        (None, None),
        ("perhaps", UNKNOWN),
    ],
)
def test_yes_and_no(raw: Json, value: Read) -> None:
    assert read_field("{from: f, convert: yes_no}", f=raw) is value


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("COMPUTER_SOFTWARE", "technology"),
        (" computer_software ", "technology"),
        ("Ｍａｃｈｉｎｅｒｙ", "machinery"),
        ("FISHERY", UNKNOWN),
        ("", None),
        (None, None),
    ],
)
def test_a_picklist_word_that_is_not_in_the_table_is_unknown(raw: Json, value: Read) -> None:
    assert read_field("{from: f, convert: picklist, values: {COMPUTER_SOFTWARE: technology, Machinery: machinery}}", f=raw) == value


def test_a_table_may_turn_words_into_numbers_and_yes_or_no() -> None:
    text = "{from: f, convert: picklist, values: {Small: 10, Key: true}}"

    assert read_field(text, f="small") == 10
    assert read_field(text, f="key") is True
    assert read_field(text, f="key") is True


def test_a_picklist_reads_the_same_word_the_same_way_again() -> None:
    text = "{from: f, convert: picklist, values: {A: a}}"

    assert [read_field(text, f=raw) for raw in ("A", "B", "A", "B")] == ["a", UNKNOWN, "a", UNKNOWN]


def test_several_choices_are_known_only_together() -> None:
    text = "{from: f, convert: multi, values: {Budget: budget, Need: need}}"

    assert read_field(text, f="Budget;Need") == ("budget", "need")
    assert read_field(text, f="Budget; Budget") == ("budget",)
    assert read_field(text, f="Budget;Time") is UNKNOWN


def test_the_first_field_that_gives_something_counts() -> None:
    text = "[{from: a, convert: whole}, {from: b, convert: whole}]"

    assert read_field(text, a="", b="2") == 2
    assert read_field(text, a="one", b="2") == 2
    assert read_field(text, a="one", b="") is UNKNOWN
    assert read_field(text, a="", b="") is None


def test_texts_listed_as_blank_count_as_nothing() -> None:
    text = '{from: company, blank: ["[not provided]", "n/a"]}'

    assert read_field(text, company="[not provided]") is None
    assert read_field(text, company=" N/A ") is None
    assert read_field(text, company="N/A Ltd") == "N/A Ltd"


@pytest.mark.parametrize(("raw", "value"), [("Student", True), ("大学院学生", True), ("Professor", False), ("", None)])
def test_matches_looks_for_words(raw: Json, value: Read) -> None:
    assert read_field('{from: f, convert: matches, words: ["*student*", "*学生*"]}', f=raw) is value


@pytest.mark.parametrize(("raw", "value"), [("550 unknown user", True), ("", False), (None, False), (False, False)])
def test_filled_is_never_unknown(raw: Json, value: bool) -> None:
    assert read_field("{from: f, convert: filled}", f=raw) is value


@given(st.integers(min_value=-(10**17), max_value=10**17))
def test_whole_numbers_come_back_as_they_were_written(number: int) -> None:
    written = written_plain(number)

    assert read_whole(written) == number
    assert read_whole(str(written)) == number


@given(
    st.lists(
        st.text(st.characters(blacklist_characters=";", blacklist_categories=["Cs"]), min_size=1).map(str.strip).filter(bool), min_size=1
    )
)
def test_choices_come_back_as_they_were_written(choices: list[str]) -> None:
    value = tuple(dict.fromkeys(choices))

    assert read_multi(written_multi(value)) == value


BOTH_WAYS: dict[str, st.SearchStrategy[object]] = {
    "text": st.text(min_size=1).map(str.strip).filter(bool),
    "picklist": st.text(min_size=1).map(str.strip).filter(bool),
    "yes_no": st.booleans(),
    "decimal": st.decimals(min_value=-(10**9), max_value=10**9, places=3),
    "employees": st.integers(min_value=0, max_value=10**7),
}


READERS = {name: field_reader(f"{{from: f, convert: {name}}}") for name in BOTH_WAYS}


@pytest.mark.parametrize("name", list(BOTH_WAYS))
@given(data=st.data())
def test_what_a_converter_writes_it_reads_back(name: str, data: st.DataObject) -> None:
    value = data.draw(BOTH_WAYS[name])
    written = CONVERTERS[name].written
    assert written is not None

    raw = written(value)  # type: ignore[arg-type]  # the strategies draw values

    assert READERS[name]({"f": raw}) == value
