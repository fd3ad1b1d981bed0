"""Rows about people, companies and deals, by the packaged mappings."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connector.core.records import Company, Deal, DealContact, DealState, Money, RecordKey
from mappings.compile import compile_fields
from mappings.document import packaged
from tests.unit.mappings.crm_rows import LADDER, contact_of, mapped, mapping_of, row

HUBSPOT = mapping_of("hubspot")
SALESFORCE = mapping_of("salesforce")


def test_a_hubspot_contact_becomes_a_contact_with_its_facts() -> None:
    raw = row(
        "contacts",
        "210",
        email=" Taro.Yamada@Sub.Example.co.jp",
        firstname="太郎",
        lastname="山田",
        jobtitle="製造部 課長",
        phone="03-1234-5678",
        country="Japan",
        message="稼働監視",
        company="株式会社サンプル",
        associatedcompanyid="31",
        hubspot_owner_id="7100001",
        createdate="2026-01-02T03:04:05.678Z",
        lifecyclestage="salesqualifiedlead",
        hs_lead_status="IN_PROGRESS",
        hs_email_optout="false",
        hs_analytics_source="REFERRALS",
    )

    contact = contact_of(HUBSPOT, raw)

    assert contact.key == RecordKey("c", "contacts", "210")
    assert contact.emails == ("taro.yamada@sub.example.co.jp",)
    assert contact.company == RecordKey("c", "companies", "31")
    assert contact.owner == "7100001"
    assert contact.created_at == datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
    assert contact.values == {
        "name": "山田 太郎",
        "first_name": "太郎",
        "last_name": "山田",
        "email": "taro.yamada@sub.example.co.jp",
        "email_domain": "example.co.jp",
        "free_mail": False,
        "role_mailbox": False,
        "title": "製造部 課長",
        "seniority": "manager",
        "department": "production",
        "phone": "+81312345678",
        "country": "JP",
        "region": "JP",
        "need": "稼働監視",
        "is_student": False,
        "unreachable": False,
        "unsubscribed": False,
        "source": "REFERRALS",
        "work_status": "IN_PROGRESS",
        "company.name": "株式会社サンプル",
        "company.country": "JP",
        "company.region": "JP",
        "created": datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC),
        "crm_stage": "sql",
    }


def test_a_blank_row_has_no_values_but_what_is_known_of_blanks() -> None:
    contact = contact_of(HUBSPOT, row("contacts", "1", email=None, jobtitle=None))

    assert contact.emails == ()
    assert contact.values == {"unreachable": False}


def test_a_role_mailbox_is_kept_as_a_value_and_joins_nobody() -> None:
    contact = contact_of(HUBSPOT, row("contacts", "1", email="info@example.com", hs_additional_emails="Jane@example.com;sales@example.com"))

    assert contact.emails == ("jane@example.com",)
    assert contact.values["email"] == "info@example.com"
    assert contact.values["role_mailbox"] is True


def test_several_addresses_stand_once_each_with_the_main_one_first() -> None:
    contact = contact_of(HUBSPOT, row("contacts", "1", email="b@example.com", hs_additional_emails="a@example.com; B@Example.com"))

    assert contact.emails == ("b@example.com", "a@example.com")


def test_a_stage_that_the_ladder_does_not_read_says_nothing() -> None:
    assert "crm_stage" not in contact_of(HUBSPOT, row("contacts", "1", lifecyclestage="other")).values


def test_a_salesforce_lead_carries_its_company_and_its_survivor() -> None:
    raw = row(
        "Lead",
        "00Q1",
        FirstName="Jane",
        LastName="Doe",
        Email="jane@example.com",
        Title="VP Operations",
        Company="Acme Inc",
        Industry="Machinery",
        NumberOfEmployees=250,
        Website="https://www.acme.example.com",
        Country="United States",
        ConvertedContactId="0031",
        EmailBouncedReason="550",
    )

    contact = contact_of(SALESFORCE, raw)

    assert contact.survivor == RecordKey("c", "Contact", "0031")
    assert contact.company is None
    assert {name: value for name, value in contact.values.items() if name.startswith("company.")} == {
        "company.name": "Acme Inc",
        "company.industry": "machinery",
        "company.employees": 250,
        "company.domain": "example.com",
        "company.country": "US",
        "company.region": "US",
    }
    assert contact.values["seniority"] == "executive"
    assert contact.values["unreachable"] is True


def test_what_the_adapter_says_of_the_survivor_comes_first() -> None:
    merged = RecordKey("c", "Lead", "00Q2")

    contact = contact_of(SALESFORCE, replace(row("Lead", "00Q1", ConvertedContactId="0031"), survivor=merged))

    assert contact.survivor == merged


def test_a_lead_for_which_salesforce_was_given_no_company_has_none() -> None:
    assert "company.name" not in contact_of(SALESFORCE, row("Lead", "00Q1", Company="[not provided]")).values


def test_a_word_that_is_not_in_the_table_is_absent_and_reported() -> None:
    result = mapped(HUBSPOT, row("companies", "31", name="Acme", industry="SPACE_TOURISM"))

    (company,) = result.records
    assert isinstance(company, Company)
    assert company.values == {"name": "Acme"}
    (unknown,) = result.unknown
    assert (unknown.connection, unknown.source, unknown.field, unknown.value, unknown.rows) == (
        "c",
        "companies",
        "industry",
        "SPACE_TOURISM",
        1,
    )


def test_a_company_becomes_a_company_with_its_facts() -> None:
    raw = row(
        "companies",
        "31",
        name="Acme",
        domain="www.acme.co.jp",
        industry="MACHINERY",
        numberofemployees="1200",
        country="Japan",
        annualrevenue="1000000",
        hs_currency_code="JPY",
        description="Do not trade with this company.",
        hubspot_owner_id="71",
    )

    (company,) = mapped(HUBSPOT, raw).records

    assert isinstance(company, Company)
    assert company.owner == "71"
    assert company.values == {
        "name": "Acme",
        "domain": "acme.co.jp",
        "industry": "machinery",
        "employees": 1200,
        "country": "JP",
        "region": "JP",
        "annual_revenue": Decimal("6700"),
        "do_not_trade": True,
    }


def test_a_deal_has_its_people_with_roles_and_its_amount_as_given() -> None:
    raw = row(
        "Opportunity",
        "0061",
        Name="Acme 50 seats",
        IsWon=False,
        IsClosed=True,
        AccountId="0011",
        OwnerId="0051",
        Amount=1200.5,
        CreatedDate="2026-01-02T03:04:05.000+0000",
        CloseDate="2026-03-01",
        related_Contact=[{"id": "0031", "role": "Champion"}, {"id": "0032", "role": ""}],
    )

    (deal,) = mapped(SALESFORCE, raw).records

    assert isinstance(deal, Deal)
    assert (deal.name, deal.state, deal.owner) == ("Acme 50 seats", DealState.LOST, "0051")
    assert deal.company == RecordKey("c", "Account", "0011")
    assert deal.contacts == (
        DealContact(contact=RecordKey("c", "Contact", "0031"), role="Champion"),
        DealContact(contact=RecordKey("c", "Contact", "0032"), role=""),
    )
    assert deal.amount == Money(amount=Decimal("1200.5"), currency="USD")
    assert deal.closed_at == datetime(2026, 2, 28, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("won", "closed", "state"),
    [("true", "true", DealState.WON), ("false", "true", DealState.LOST), ("false", "false", DealState.OPEN), (None, None, DealState.OPEN)],
)
def test_the_state_of_a_hubspot_deal(won: str | None, closed: str | None, state: DealState) -> None:
    (deal,) = mapped(HUBSPOT, row("deals", "1", hs_is_closed_won=won, hs_is_closed=closed, closedate="2026-03-01T00:00:00Z")).records

    assert isinstance(deal, Deal)
    assert deal.state is state
    assert (deal.closed_at is None) is (state is DealState.OPEN)


def test_a_deals_step_that_is_not_in_the_table_is_open_and_reported() -> None:
    text = """
crm: hubspot
sources:
  contacts: {kind: contact}
  deals: {kind: deal, state: {from: dealstage, values: {closedwon: won, closedlost: lost}}}
"""
    mapping = compile_fields(text, file="f", connection="c", version=1, ladder=LADDER, zone="UTC")

    result = mapped(mapping, row("deals", "1", dealstage="brand_new"))

    (deal,) = result.records
    assert isinstance(deal, Deal)
    assert deal.state is DealState.OPEN
    assert [unknown.value for unknown in result.unknown] == ["brand_new"]


def test_a_row_of_an_unmapped_source_means_nothing() -> None:
    assert mapped(HUBSPOT, row("tickets", "1")).records == ()


def test_a_deleted_row_of_which_nothing_is_left_is_a_deleted_record() -> None:
    contact = contact_of(HUBSPOT, replace(row("contacts", "1"), deleted=True))

    assert contact.deleted
    assert len(mapped(HUBSPOT, replace(row("contacts", "1", hs_email_open="3"), deleted=True)).records) == 1


def test_only_what_the_document_names_is_asked_for() -> None:
    deals = next(read for read in HUBSPOT.reads if read.source == "deals")

    assert deals.fields == (
        "amount",
        "closedate",
        "createdate",
        "deal_currency_code",
        "dealname",
        "hs_is_closed",
        "hs_is_closed_won",
        "hubspot_owner_id",
    )
    assert deals.related == ("companies", "contacts")
    assert deals.since_field == "createdate"


def test_optional_sources_that_the_crm_lacks_are_not_asked_for() -> None:
    below_enterprise = mapping_of("hubspot", sources={"contacts"})

    assert [read.source for read in below_enterprise.reads] == ["companies", "contacts", "deals", "calls", "emails", "meetings"]
    contacts = {read.source: read for read in below_enterprise.reads}["contacts"]
    assert "hs_analytics_num_page_views" in contacts.fields
    assert "hs_analytics_num_page_views" not in {read.source: read for read in HUBSPOT.reads}["contacts"].fields


def test_a_mapping_can_be_compiled_from_its_packaged_text_only_with_its_own_name() -> None:
    assert (HUBSPOT.crm, HUBSPOT.connection, HUBSPOT.version) == ("hubspot", "c", 1)
    assert packaged("fields", "hubspot").startswith("# What the fields of a HubSpot portal mean")
