"""Values written into the CRM come back as they were, whatever form the CRM gives them back in."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.changes import Ownership
from connector.core.ladder import ORIGINS, STAGES
from connector.core.records import Value
from connector.ports.crm import Json
from mappings.compile import LEAVE, WRITABLE, WriteField
from mappings.keys_bands import GRADES
from mappings.writing import Leave, write_field
from tests.unit.mappings.crm_rows import mapping_of

HUBSPOT = {field.field: field for field in mapping_of("hubspot").writes("contacts")}
SALESFORCE = {field.field: field for field in mapping_of("salesforce").writes("Lead")}

INSTANTS = st.datetimes(min_value=datetime(2020, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
LINES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=255)
WANTED: dict[str, st.SearchStrategy[Value]] = {
    "score": st.integers(0, 200),
    "fit": st.integers(0, 100),
    "engagement": st.integers(0, 100),
    "grade": st.sampled_from(GRADES),
    "temperature": st.sampled_from(["hot", "warm", "cold"]),
    "reasons": LINES,
    "breakdown": LINES,
    "next_action": LINES,
    "model": LINES,
    "scored_at": INSTANTS,
    "stage": st.sampled_from(STAGES),
    "origin": st.sampled_from(ORIGINS),
    "disposition": st.sampled_from(["recycled", "disqualified"]),
    "disposition_reason": st.sampled_from(["bad_timing", "no_fit"]),
    "stage_since": INSTANTS,
    "hold_until": INSTANTS,
}


def as_hubspot_gives_it(written: Json) -> Json:
    """HubSpot gives texts only, and instants with milliseconds."""
    if isinstance(written, str) and written.endswith("Z") and written[10:11] == "T":
        return written.replace("Z", ".000Z")
    return str(written)


def as_salesforce_gives_it(written: Json) -> Json:
    """Salesforce gives numbers of number fields with a fraction, and instants as +0000."""
    if isinstance(written, int):
        return float(written)
    if isinstance(written, str) and written.endswith("Z") and written[10:11] == "T":
        return written.replace("Z", ".000+0000")
    return written


def test_everything_that_can_be_written_is_written_by_both_packaged_mappings() -> None:
    assert {field.name for field in HUBSPOT.values()} == set(WRITABLE) == set(WANTED)
    assert {field.name for field in SALESFORCE.values()} == set(WRITABLE)
    assert {field.ownership for field in HUBSPOT.values()} == {Ownership.OURS}


@pytest.mark.parametrize("name", list(WANTED))
@given(data=st.data())
def test_what_is_written_comes_back_from_either_crm(name: str, data: st.DataObject) -> None:
    value = data.draw(WANTED[name])
    hubspot = next(field for field in HUBSPOT.values() if field.name == name)
    salesforce = next(field for field in SALESFORCE.values() if field.name == name)

    for field, given_back in ((hubspot, as_hubspot_gives_it), (salesforce, as_salesforce_gives_it)):
        written = field.to_crm(value)
        assert not isinstance(written, Leave)
        assert field.from_crm(written) == value
        assert field.from_crm(given_back(written)) == value


@pytest.mark.parametrize("raw", [None, ""])
def test_nothing_in_the_crm_is_no_value(raw: Json) -> None:
    assert HUBSPOT["hotlead_score"].from_crm(raw) is None


def test_no_value_clears_the_field() -> None:
    assert HUBSPOT["hotlead_hold_until"].to_crm(None) is None
    assert SALESFORCE["Hotlead_Score__c"].to_crm(None) is None


def test_a_stage_that_the_crm_has_no_word_for_is_left_alone() -> None:
    stage = HUBSPOT["lifecyclestage"]

    assert stage.name == "stage"
    assert stage.to_crm("mql") == "marketingqualifiedlead"
    assert [stage.to_crm(name) for name in ("sal", "sql", "opportunity", "customer")] == [LEAVE] * 4
    assert stage.to_crm(None) is LEAVE


def test_the_crms_own_stages_are_read_as_ours_and_others_as_their_text() -> None:
    stage = HUBSPOT["lifecyclestage"]

    assert stage.from_crm("salesqualifiedlead") == "sql"
    assert stage.from_crm("evangelist") == "customer"
    assert stage.from_crm("other") == "other"


def test_our_own_stage_field_holds_every_stage() -> None:
    assert [SALESFORCE["Hotlead_Stage__c"].to_crm(stage) for stage in STAGES] == list(STAGES)
    assert "lifecyclestage" not in SALESFORCE


def test_what_somebody_else_put_there_never_looks_blank() -> None:
    assert HUBSPOT["hotlead_score"].from_crm("high") == "high"
    assert HUBSPOT["hotlead_scored_at"].from_crm("yesterday") == "yesterday"


def test_a_field_of_the_customers_own_is_written_in_its_own_words() -> None:
    rating = write_field(field="Rating", name="temperature", ownership="fill_if_blank", values={"hot": "Hot", "warm": "Warm"})

    assert isinstance(rating, WriteField)
    assert (rating.to_crm("hot"), rating.from_crm("Warm"), rating.from_crm("Tepid")) == ("Hot", "warm", "Tepid")
    assert rating.to_crm("cold") is LEAVE
    assert rating.ownership is Ownership.FILL_IF_BLANK


def test_windows_line_ends_that_a_crm_puts_in_do_not_count_as_a_change() -> None:
    assert HUBSPOT["hotlead_reasons"].from_crm("a\r\nb") == "a\nb"


def test_sources_that_are_only_read_have_nothing_to_write() -> None:
    assert mapping_of("hubspot").writes("companies") == ()
    assert mapping_of("hubspot").writes("tickets") == ()
