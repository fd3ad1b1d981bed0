"""A secret does not show, in whatever form it travels."""

import base64
import json
import pickle
from urllib.parse import quote

import pytest

from adapters.kit.redaction import Secret, scrub

TEXT = "s3cr3t/+value=with&signs"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize("show", [str, repr, "{}".format, "{!r:>40}".format, lambda secret: f"{secret}", lambda secret: str([secret])])
def test_a_secret_shows_in_no_text_made_of_it(show: object) -> None:
    assert callable(show)

    assert TEXT not in show(Secret(TEXT))


def test_a_secret_is_revealed_on_demand_and_compared_by_its_text() -> None:
    assert Secret(TEXT).reveal() == TEXT
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret("other")
    assert not Secret("")


def test_a_secret_is_not_pickled() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(TEXT))


@pytest.mark.parametrize("form", [TEXT, quote(TEXT, safe=""), json.dumps(TEXT), base64.b64encode(TEXT.encode()).decode()])
def test_scrub_removes_a_secret_in_every_form(form: str) -> None:
    assert form not in scrub(f"POST failed: {form} was sent", [Secret(TEXT)])


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer 00Dxx!AQEAQJkeyabc",
        '{"access_token": "00Dxx!AQEAQJkeyabc"}',
        "grant_type=x&assertion=00Dxx!AQEAQJkeyabc&y=1",
        "client_secret=00Dxx!AQEAQJkeyabc",
    ],
)
def test_scrub_removes_what_looks_like_a_credential(text: str) -> None:
    assert "AQEAQJ" not in scrub(text)


def test_scrub_removes_each_line_of_a_private_key() -> None:
    shown = scrub(f"could not load {KEY} and also MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", [Secret(KEY)])

    assert "MIIE" not in shown
    assert "BKcw" not in shown


def test_scrub_leaves_other_words() -> None:
    assert scrub("Salesforce EU: field Lead.Rating is hidden", [Secret("x1y2z3")]) == "Salesforce EU: field Lead.Rating is hidden"
