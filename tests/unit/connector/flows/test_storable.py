"""What is too long for a fact is cut, so that its JSON fits the index of every database."""

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.records import Activity, Contact, Value
from connector.flows.storable import MOST_BYTES, short
from tests.support.odd_values import CONTROL, KANJI
from tests.support.stores import at, contact, key

CHOICES = tuple(KANJI[start : start + 3] for start in range(0, 6_000, 3))


def _cut(values: Mapping[str, Value]) -> Mapping[str, Value]:
    found = short(contact("1", values=values))
    assert isinstance(found, Contact)
    return found.values


@pytest.mark.parametrize("text", ["a" * (MOST_BYTES - 2), KANJI[:790], '"' * 1_199, CONTROL[:399]])
def test_a_value_that_fits_is_kept_as_it_is(text: str) -> None:
    fitting = contact("1", values={"need": text, "interests": (text[:30], text[:20])})

    assert short(fitting) is fitting


@given(st.text(st.characters(codec="utf-8"), max_size=50).map(lambda text: text * 200))
def test_a_text_is_cut_to_its_beginning(text: str) -> None:
    found = _cut({"need": text})["need"]

    assert isinstance(found, str) and text.startswith(found)
    assert len(json.dumps(found, ensure_ascii=False).encode()) <= MOST_BYTES
    assert found == text or len(json.dumps(found, ensure_ascii=False).encode()) > MOST_BYTES * 0.8


def test_of_many_choices_the_first_are_kept_whole() -> None:
    found = _cut({"interests": CHOICES, "name": "Ann"})

    kept = found["interests"]
    assert isinstance(kept, tuple) and kept == CHOICES[: len(kept)] and len(kept) == 199
    assert found["name"] == "Ann"
    assert _cut({"interests": (KANJI, "a"), "name": "Ann"}) == {"name": "Ann"}


def test_the_details_of_an_activity_are_cut_too() -> None:
    done = Activity(id="1", contact=key("1"), source="Lead", kind="page_view", at=at(), path=KANJI, form="demo")

    found = short(done)

    assert isinstance(found, Activity)
    assert KANJI.startswith(found.path) and 700 < len(found.path) < 800
    assert found.form == "demo"
