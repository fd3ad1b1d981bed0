"""The believable world put into the portal: companies, contacts, deals, engagements, associations, events, owners.

Station: HubSpot sandbox, between `adapters.kit.sandbox.world` and the store. Rows are made in bulk, without the rules of
`records.py`, and in the shape those rules would have left behind.

A person who is in both CRMs has web and e-mail history here and calls, meetings and replies in Salesforce, where that
company's sellers work; `alone` puts everything here instead, for a portal that has no Salesforce beside it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from adapters.hubspot.sandbox.events import add_events
from adapters.hubspot.sandbox.kinds import BY_NAME
from adapters.hubspot.sandbox.portal import Portal
from adapters.hubspot.sandbox.rollups import contact_rollups
from adapters.hubspot.sandbox.seed_shapes import ENGAGEMENT_SHAPES, FIRST_OWNER, EventRow, deal_properties, event_row
from adapters.hubspot.sandbox.seed_words import BUYING_ROLES, INDUSTRY, LEAD_STATUS, SENIORITY, SOURCE, STAGE, country_name
from adapters.hubspot.sandbox.stamps import iso, to_ms
from adapters.hubspot.sandbox.store import pack
from adapters.kit.sandbox.world import SeedActivity, SeedCompany, SeedDeal, SeedPerson, World

RECORD = tuple[int, int, int, int, int, str]
BATCH = 2_000
FIRST_USER = 91_000_001
_SALES = {"call": "calls", "meeting": "meetings", "email_reply": "emails"}


@dataclass(slots=True)
class _Gathered:
    """Rows of one batch of people, ready for the store."""

    contacts: list[RECORD] = field(default_factory=list)
    engagements: dict[str, list[RECORD]] = field(default_factory=lambda: {name: [] for name in _SALES.values()})
    links: list[tuple[str, str, int, int, int]] = field(default_factory=list)
    uniques: list[tuple[str, str, str, int]] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A person's part in deals: how many, the furthest lifecycle stage they mean, the role played."""

    count: int = 0
    stage: str = ""
    role: str = ""


def fill(portal: Portal, world: World, *, alone: bool = False) -> None:
    """Seeds an empty portal with the world."""
    with portal.store.turn():
        _Seeder(portal, world, alone=alone).run()


class _Seeder:
    def __init__(self, portal: Portal, world: World, *, alone: bool) -> None:
        self._portal, self._store, self._world, self._alone = portal, portal.store, world, alone
        self._site = portal.settings.site
        self._own_events = f"pe{portal.settings.portal_id}_"
        self._taken: set[str] = set()
        self._employed: dict[int, int] = {}
        self._next = {name: BY_NAME[name].first_id for name in _SALES.values()}

    def run(self) -> None:
        self._owners()
        for batch in _batches(self._world.people()):
            self._people(batch)
        deals = [deal for deal in self._world.deals() if self._world.companies[deal.company].hubspot]
        self._companies(deals)
        self._deals(deals)
        self._take_part(deals)

    def _owners(self) -> None:
        began = to_ms(self._world.now) - 1500 * 86_400_000
        self._store.connection.executemany(
            "INSERT INTO owners VALUES (?,?,?,?,?,?,?)",
            [
                (FIRST_OWNER + one.index, FIRST_USER + one.index, one.email, one.first_name, one.last_name, one.team, began)
                for one in self._world.owners
            ],
        )

    def _take_part(self, deals: list[SeedDeal]) -> None:
        parts: dict[int, _Part] = {}
        for deal in deals:
            stage = {"won": "customer", "open": "opportunity"}.get(deal.state, "")
            for person, role in deal.people:
                before = parts.get(person, _Part())
                further = "customer" if "customer" in (stage, before.stage) else stage or before.stage
                parts[person] = _Part(count=before.count + 1, stage=further, role=before.role or role)
        contacts = BY_NAME["contacts"]
        for person, part in parts.items():
            row = self._store.load(contacts, contact_id_of(person))
            if row is None:
                continue
            row.props["num_associated_deals"] = str(part.count)
            if part.stage:
                row.props["lifecyclestage"] = part.stage
                row.props[f"hs_lifecyclestage_{part.stage}_date"] = iso(row.modified_ms)
            if part.role in BUYING_ROLES:
                row.props["hs_buying_role"] = BUYING_ROLES[part.role]
            self._store.put(contacts, row)

    def _people(self, batch: list[SeedPerson]) -> None:
        rows = _Gathered()
        for person in batch:
            if person.hubspot:
                self._person(person, rows)
        store = self._store
        store.put_many(BY_NAME["contacts"], rows.contacts)
        for name, records in rows.engagements.items():
            store.put_many(BY_NAME[name], records)
        store.link_many(rows.links)
        store.connection.executemany("INSERT OR IGNORE INTO uniques VALUES (?,?,?,?)", rows.uniques)
        add_events(store.connection, rows.events)

    def _person(self, person: SeedPerson, rows: _Gathered) -> None:
        contact_id = contact_id_of(person.index)
        has_sales = self._alone or person.salesforce is None
        company = self._world.companies[person.company] if person.company is not None else None
        props = self._contact(person, company, has_sales=has_sales)
        if "email" in props:
            rows.uniques.append(("contacts", "email", props["email"], contact_id))
        if company is not None and company.hubspot:
            company_id = company_id_of(company.index)
            props["associatedcompanyid"] = str(company_id)
            self._employed[company.index] = self._employed.get(company.index, 0) + 1
            rows.links += _both_ways("contacts", contact_id, "companies", company_id, ((279, 280), (1, 2)))
        # Roll-ups move with what the person does, and the last-modified stamp with them.
        modified = max(to_ms(one) for one in (person.modified_at, person.created_at, *(act.at for act in person.activities)))
        rows.contacts.append((contact_id, to_ms(person.created_at), modified, modified, 0, pack(props)))
        for activity in person.activities:
            if activity.kind in _SALES:
                if has_sales:
                    self._engagement(activity, contact_id, props.get("email", ""), rows)
            else:
                event = event_row(activity, contact_id, self._own_events, self._world.campaigns)
                if event is not None:
                    rows.events.append(event)

    def _contact(self, person: SeedPerson, company: SeedCompany | None, *, has_sales: bool) -> dict[str, str]:
        email = (person.other_email if person.other_email is not None else person.email).strip().lower()
        if email in self._taken:
            email = ""
        self._taken.add(email)
        stage = STAGE.get(person.status, "lead")
        owner = str(FIRST_OWNER + person.owner) if person.owner is not None else ""
        given = {
            "email": email,
            "hs_email_domain": email.partition("@")[2],
            "firstname": person.first_name,
            "lastname": person.last_name,
            "phone": person.phone,
            "jobtitle": person.title,
            "job_function": person.department,
            "hs_seniority": SENIORITY.get(person.seniority, ""),
            "company": company.name if company is not None else "",
            "city": person.city,
            "country": country_name(person.country),
            "hs_language": person.language,
            "message": person.need,
            "hs_analytics_source": SOURCE.get(person.source, "OFFLINE"),
            "hs_lead_status": LEAD_STATUS.get(person.status, ""),
            "hubspot_owner_id": owner,
            "hubspot_owner_assigneddate": iso(to_ms(person.created_at)) if owner else "",
            "lifecyclestage": stage,
            f"hs_lifecyclestage_{stage}_date": iso(to_ms(person.created_at)),
        }
        filled = {name: value for name, value in given.items() if value}
        return filled | contact_rollups(person.activities, site=self._site, has_sales=has_sales)

    def _engagement(self, activity: SeedActivity, contact_id: int, email: str, rows: _Gathered) -> None:
        name = _SALES[activity.kind]
        record_id = self._next[name]
        self._next[name] += 1
        at = to_ms(activity.at)
        props = ENGAGEMENT_SHAPES[name](activity, at, email)
        props["hs_timestamp"] = iso(at)
        if activity.owner >= 0:
            props["hubspot_owner_id"] = str(FIRST_OWNER + activity.owner)
        rows.engagements[name].append((record_id, at, at, at, 0, pack({key: value for key, value in props.items() if value})))
        pair = {"calls": (194, 193), "emails": (198, 197), "meetings": (200, 199)}[name]
        rows.links += _both_ways(name, record_id, "contacts", contact_id, (pair,))

    def _companies(self, deals: list[SeedDeal]) -> None:
        counts: dict[int, int] = {}
        stages: dict[int, str] = {}
        for deal in deals:
            counts[deal.company] = counts.get(deal.company, 0) + 1
            if deal.state == "won" or (deal.state == "open" and stages.get(deal.company) != "customer"):
                stages[deal.company] = "customer" if deal.state == "won" else "opportunity"
        rows = []
        for company in self._world.companies:
            if company.hubspot:
                props = self._company(company, counts.get(company.index, 0), stages.get(company.index, "lead"))
                modified = to_ms(company.modified_at)
                rows.append((company_id_of(company.index), to_ms(company.created_at), modified, modified, 0, pack(props)))
        self._store.put_many(BY_NAME["companies"], rows)

    def _company(self, company: SeedCompany, deals: int, stage: str) -> dict[str, str]:
        given = {
            "name": company.name,
            "domain": company.domain,
            "website": f"https://{company.domain}" if company.domain else "",
            "industry": INDUSTRY.get(company.industry, ""),
            "numberofemployees": str(company.employees) if company.employees else "",
            "annualrevenue": str(company.annual_revenue) if company.annual_revenue is not None else "",
            "hs_currency_code": company.currency,
            "phone": company.phone,
            "city": company.city,
            "country": country_name(company.country),
            "description": "Do not trade with this company." if company.do_not_trade else "",
            "hubspot_owner_id": str(FIRST_OWNER + company.owner),
            "lifecyclestage": stage,
            "num_associated_contacts": str(self._employed.get(company.index, 0)),
            "num_associated_deals": str(deals) if deals else "",
        }
        return {name: value for name, value in given.items() if value}

    def _deals(self, deals: list[SeedDeal]) -> None:
        rows, links = [], []
        for deal in deals:
            deal_id = deal_id_of(deal.index)
            modified = to_ms(deal.modified_at)
            people = [contact_id_of(person) for person, _role in deal.people]
            known = self._store.load_many(BY_NAME["contacts"], people)
            props = deal_properties(deal) | {"num_associated_contacts": str(len(known))}
            rows.append((deal_id, to_ms(deal.created_at), modified, modified, 0, pack(props)))
            links += _both_ways("deals", deal_id, "companies", company_id_of(deal.company), ((341, 342), (5, 6)))
            for contact_id in known:
                links += _both_ways("deals", deal_id, "contacts", contact_id, ((3, 4),))
        self._store.put_many(BY_NAME["deals"], rows)
        self._store.link_many(links)


def contact_id_of(person: int) -> int:
    """The record id of a person of the world."""
    return BY_NAME["contacts"].first_id + person


def company_id_of(company: int) -> int:
    """The record id of a company of the world."""
    return BY_NAME["companies"].first_id + company


def deal_id_of(deal: int) -> int:
    """The record id of a deal of the world."""
    return BY_NAME["deals"].first_id + deal


def _both_ways(
    one: str, one_id: int, other: str, other_id: int, types: tuple[tuple[int, int], ...]
) -> list[tuple[str, str, int, int, int]]:
    there = [(one, other, one_id, other_id, type_id) for type_id, _ in types]
    return there + [(other, one, other_id, one_id, inverse) for _, inverse in types]


def _batches(people: Iterator[SeedPerson]) -> Iterator[list[SeedPerson]]:
    while batch := list(itertools.islice(people, BATCH)):
        yield batch
