"""Fills an empty org: its settings, then the people, companies, deals and histories of the world.

Station: Salesforce sandbox. People are streamed, so that 100,000 of them stay flat in memory.
"""

from __future__ import annotations

from typing import Any

from adapters.kit.sandbox.seeds import SeedCompany, SeedDeal, SeedPerson
from adapters.kit.sandbox.world import World
from adapters.salesforce.sandbox import words
from adapters.salesforce.sandbox.moments import instant_text
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.rules import person_name
from adapters.salesforce.sandbox.seed_activity import History
from adapters.salesforce.sandbox.seed_rows import RowStore, stamps
from adapters.salesforce.sandbox.seed_setup import ADMIN_ID, Setup, set_up
from adapters.salesforce.sandbox.standard_people import CONVERTED_STATUS
from adapters.salesforce.sandbox.standard_sales import STAGES

FLUSH_ROWS = 5000
NO_COMPANY = "[not provided]"
"""What Salesforce itself puts for a lead without a company."""

_STAGES = {name: (probability, category) for name, probability, category, _ in STAGES}


def seed_org(org: Org, world: World) -> None:
    """Fills the org; an org that has users already is left as it is."""
    with org.database.reading() as db:
        if db.execute('SELECT 1 FROM "User"').fetchone():
            return
    with org.database.writing():
        setup = set_up(org, world)
        filler = _Filler(org, world, setup)
        filler.fill()
    org.catalogue.create_indexes()


class _Filler:
    """One pass over the world."""

    def __init__(self, org: Org, world: World, setup: Setup) -> None:
        self._world = world
        self._setup = setup
        self._rows = RowStore(org)
        self._accounts: dict[int, str] = {}
        self._contacts: dict[int, str] = {}
        self._history = History(rows=self._rows, setup=setup, now=world.now)

    def fill(self) -> None:
        """Writes everything."""
        for company in self._world.companies:
            if company.salesforce:
                self._account(company)
        self._history.campaigns(self._world.campaigns)
        for person in self._world.people():
            if person.salesforce is not None:
                self._person(person)
                self._rows.flush_above(FLUSH_ROWS)
        for deal in self._world.deals():
            if deal.company in self._accounts:
                self._deal(deal)
        self._rows.flush_above(0)

    def _owner(self, index: int | None) -> str:
        return ADMIN_ID if index is None or index < 0 else self._setup.owners[index]

    def _account(self, company: SeedCompany) -> None:
        revenue = company.annual_revenue
        self._accounts[company.index] = self._rows.add(
            "Account",
            {
                **stamps(company.created_at, company.modified_at, self._owner(company.owner)),
                "Name": company.name,
                "Website": f"https://www.{company.domain}" if company.domain else None,
                "Industry": words.INDUSTRIES[company.industry],
                "NumberOfEmployees": company.employees or None,
                "BillingCity": company.city,
                "BillingCountry": words.COUNTRIES[company.country],
                "Phone": company.phone or None,
                "AnnualRevenue": None if revenue is None else float(revenue),
                "CurrencyIsoCode": company.currency,
                "OwnerId": self._owner(company.owner),
                "Do_Not_Trade__c": int(company.do_not_trade),
            },
        )

    def _person(self, person: SeedPerson) -> None:
        if person.salesforce == "Lead":
            record_id = self._lead(person)
            account = None
        else:
            account = self._accounts.get(person.company) if person.company is not None else None
            record_id = self._contact(person, account)
            self._contacts[person.index] = record_id
        self._history.of(person, record_id=record_id, account_id=account)

    def _lead(self, person: SeedPerson) -> str:
        owner = self._setup.queue_id if person.owner is None else self._owner(person.owner)
        return self._rows.add(
            "Lead",
            {
                **stamps(person.created_at, person.modified_at, self._owner(person.owner)),
                **self._lead_fields(person),
                "Status": words.STATUSES[person.status],
                "OwnerId": owner,
                "IsUnreadByOwner": int(person.status in ("new", "")),
                "LastActivityDate": self._history.last_day(person),
            },
        )

    def _lead_fields(self, person: SeedPerson) -> dict[str, Any]:
        company = self._world.companies[person.company] if person.company is not None else None
        return {
            **self._shared_fields(person),
            "Company": company.name if company else NO_COMPANY,
            "City": person.city,
            "Country": words.COUNTRIES.get(person.country, person.country),
            "Website": f"https://www.{company.domain}" if company else None,
            "Industry": words.INDUSTRIES[company.industry] if company else None,
            "NumberOfEmployees": (company.employees or None) if company else None,
            "CurrencyIsoCode": company.currency if company else "JPY",
        }

    def _contact(self, person: SeedPerson, account: str | None) -> str:
        company = self._world.companies[person.company] if person.company is not None else None
        owner = self._owner(person.owner if person.owner is not None else company.owner if company else None)
        contact_id = self._rows.add(
            "Contact",
            {
                **stamps(person.created_at, person.modified_at, owner),
                **self._shared_fields(person),
                "AccountId": account,
                "MailingCity": person.city,
                "MailingCountry": words.COUNTRIES.get(person.country, person.country),
                "Department": words.DEPARTMENTS.get(person.department),
                "OwnerId": owner,
                "CurrencyIsoCode": company.currency if company else "JPY",
                "LastActivityDate": self._history.last_day(person),
            },
        )
        if person.converted:
            self._converted_lead(person, contact_id, account, owner)
        return contact_id

    def _converted_lead(self, person: SeedPerson, contact_id: str, account: str | None, owner: str) -> None:
        self._rows.add(
            "Lead",
            {
                **stamps(person.created_at, person.created_at, owner),
                **self._lead_fields(person),
                "Status": CONVERTED_STATUS,
                "OwnerId": owner,
                "IsConverted": 1,
                "ConvertedDate": person.created_at.date().isoformat(),
                "ConvertedAccountId": account,
                "ConvertedContactId": contact_id,
                "IsUnreadByOwner": 0,
            },
        )

    def _shared_fields(self, person: SeedPerson) -> dict[str, Any]:
        first, last = person.first_name or None, person.last_name or person.email or "Unknown"
        return {
            "FirstName": first,
            "LastName": last,
            "Name": person_name(first, last),
            "Title": person.title or None,
            "Email": person.email or None,
            "Phone": person.phone or None,
            "LeadSource": words.SOURCES[person.source],
            "Description": person.need or None,
            "HasOptedOutOfEmail": int(person.unsubscribed),
            **(_bounce(person) if person.bounced else {}),
        }

    def _deal(self, deal: SeedDeal) -> None:
        owner, stage = self._owner(deal.owner), words.STAGES[deal.stage]
        probability, category = _STAGES[stage]
        amount = float(deal.amount)
        deal_id = self._rows.add(
            "Opportunity",
            {
                **stamps(deal.created_at, deal.modified_at, owner),
                "Name": deal.name[:120],
                "AccountId": self._accounts[deal.company],
                "StageName": stage,
                "Amount": amount,
                "Probability": float(probability),
                "ExpectedRevenue": amount * probability / 100,
                "CloseDate": deal.close_date.isoformat(),
                "IsClosed": int(deal.state != "open"),
                "IsWon": int(deal.state == "won"),
                "ForecastCategory": category,
                "ForecastCategoryName": category,
                "LastStageChangeDate": instant_text(deal.closed_at or deal.modified_at),
                "FiscalYear": deal.close_date.year,
                "FiscalQuarter": (deal.close_date.month + 2) // 3,
                "Type": "New Customer",
                "CurrencyIsoCode": deal.currency,
                "OwnerId": owner,
            },
        )
        known = [(self._contacts[person], role) for person, role in deal.people if person in self._contacts]
        for nth, (contact_id, role) in enumerate(known):
            self._rows.add(
                "OpportunityContactRole",
                {
                    **stamps(deal.created_at, deal.created_at, owner),
                    "OpportunityId": deal_id,
                    "ContactId": contact_id,
                    "Role": role,
                    "IsPrimary": int(nth == 0),
                },
            )


def _bounce(person: SeedPerson) -> dict[str, Any]:
    at = next((done.at for done in person.activities if done.kind == "email_bounce"), person.modified_at)
    return {"EmailBouncedDate": instant_text(at), "EmailBouncedReason": "550 5.1.1 user unknown"}
