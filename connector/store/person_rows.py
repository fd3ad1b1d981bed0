"""All rows of some persons together, and the facts that come of them, kept up to date for whole shards.

`refresh` runs at the end of every unit that changed a row, inside it: packed facts are never behind the rows.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select

from connector.core.people import SHARDS, DealView, Member, PersonId
from connector.core.records import DealState, Value
from connector.store.dictionary import list_number, word_numbers
from connector.store.facts import CompanyFacts, ContactFacts, pack, resolve_facts
from connector.store.rows import company_of, contact_of, deal_of
from connector.store.schema import companies, contacts, deal_contacts, deals, members, person_facts, persons
from connector.store.transaction import Transaction, chunks
from connector.store.values import dump_value

PEOPLE_AT_ONCE = 500

Pair = tuple[int, str]


@dataclass(slots=True)
class PersonRows:
    """Live rows of one person, and what belongs to them."""

    members: list[Member] = field(default_factory=list)
    contacts: list[ContactFacts] = field(default_factory=list)
    at: set[Pair] = field(default_factory=set)
    """Companies that the rows name, stored or not."""
    companies: dict[Pair, CompanyFacts] = field(default_factory=dict)
    deals: list[DealView] = field(default_factory=list)

    def facts(self) -> dict[str, Value]:
        return resolve_facts(contacts=self.contacts, companies=list(self.companies.values()), deals=self.deals)


def gather(t: Transaction, people: Collection[PersonId]) -> dict[PersonId, PersonRows]:
    """Rows of at most a few hundred persons; a person without a live row is left out."""
    columns = (members.c.person, members.c.source, members.c.id, members.c.why, members.c.confidence, *_contact_columns())
    statement = select(*columns).join(contacts, contacts.c.no == members.c.no).where(t.one_of(members.c.person, sorted(people)))
    rows = t.rows(statement)
    live = [row for row in rows if not row.deleted]
    firms = _companies(t, {(row.company_source, row.company_id) for row in live if row.company_id is not None})
    gathered: dict[PersonId, PersonRows] = {}
    for row in live:
        person = gathered.setdefault(row.person, PersonRows())
        contact = contact_of(t, row)
        firm = firms.get((row.company_source, row.company_id))
        owner = None if firm is None else firm.company.owner
        person.members.append(Member(contact=contact, why=row.why, confidence=row.confidence, company_owner=owner))
        person.contacts.append(ContactFacts(contact=contact, changed_at=row.changed_at))
        if row.company_id is not None:
            person.at.add((row.company_source, row.company_id))
        if firm is not None:
            person.companies[row.company_source, row.company_id] = firm
    _add_deals(t, gathered, [(row.person, (row.source, row.id)) for row in rows])
    for person in gathered.values():
        person.members.sort(key=lambda m: m.contact.key)
        person.members.sort(key=lambda m: m.contact.modified_at, reverse=True)
    return gathered


def _contact_columns() -> list[Any]:
    return [column for column in contacts.columns if column.name not in {"no", "seen_at"}]


def _companies(t: Transaction, pairs: set[Pair]) -> dict[Pair, CompanyFacts]:
    if not pairs:
        return {}
    statement = select(companies).where(t.among_pairs(companies.c.source, companies.c.id, pairs), companies.c.deleted.is_(False))
    return {(row.source, row.id): CompanyFacts(company=company_of(t, row), changed_at=row.changed_at) for row in t.rows(statement)}


def _add_deals(t: Transaction, gathered: dict[PersonId, PersonRows], rows: list[tuple[PersonId, Pair]]) -> None:
    """Deals that a person is on (by any row they ever had), and those of the companies of their live rows."""
    on: dict[Pair, set[Pair]] = {}
    theirs_by_row = t.among_pairs(deal_contacts.c.contact_source, deal_contacts.c.contact_id, (pair for _, pair in rows))
    for row in t.rows(select(deal_contacts).where(theirs_by_row)):
        on.setdefault((row.contact_source, row.contact_id), set()).add((row.deal_source, row.deal_id))
    firms = {firm for person in gathered.values() for firm in person.at}
    wanted = {deal for of_row in on.values() for deal in of_row}
    conditions = []
    if wanted:
        conditions.append(t.among_pairs(deals.c.source, deals.c.id, wanted))
    if firms:
        conditions.append(t.among_pairs(deals.c.company_source, deals.c.company_id, firms))
    found: dict[Pair, tuple[Pair | None, DealView]] = {}
    for condition in conditions:
        for row in t.rows(select(deals).where(condition, deals.c.deleted.is_(False))):
            deal = deal_of(t, row)
            firm = None if row.company_id is None else (row.company_source, row.company_id)
            view = DealView(key=deal.key, name=deal.name, state=deal.state, owner=deal.owner, on_it=False)
            found[row.source, row.id] = (firm, view)
    if not found:
        return
    at_firm: dict[Pair, list[Pair]] = {}
    for key, (firm, _) in found.items():
        if firm is not None:
            at_firm.setdefault(firm, []).append(key)
    theirs: dict[PersonId, set[Pair]] = {}
    for person_id, pair in rows:
        theirs.setdefault(person_id, set()).update(on.get(pair, ()))
    for person_id, person in gathered.items():
        mine = theirs.get(person_id, set())
        keys = {key for key in mine if key in found} | {key for firm in person.at for key in at_firm.get(firm, ())}
        views = (found[key][1] for key in keys)
        person.deals = sorted((_view(v, on_it=(key in mine)) for key, v in zip(keys, views, strict=True)), key=lambda v: v.key)


def _view(view: DealView, *, on_it: bool) -> DealView:
    return DealView(key=view.key, name=view.name, state=DealState(view.state), owner=view.owner, on_it=on_it)


def refresh(t: Transaction) -> None:
    """Resolves and packs the facts of the persons whose rows this transaction changed."""
    stale = sorted(t.stale)
    t.stale.clear()
    for some in chunks(stale, size=PEOPLE_AT_ONCE):
        gathered = gather(t, some)
        facts = {person: rows.facts() for person, rows in gathered.items()}
        _keep_packed(t, facts)
        _keep_lines(t, some, facts)
        gone = [person for person in some if person not in facts]
        for shard in {person % SHARDS for person in gone}:
            t.run(delete(person_facts).where(person_facts.c.shard == shard, person_facts.c.person.in_(gone)))


def _keep_packed(t: Transaction, facts: dict[PersonId, dict[str, Value]]) -> None:
    texts = {person: {name: dump_value(value) for name, value in mine.items()} for person, mine in facts.items()}
    by_name: dict[str, set[str]] = {}
    for mine in texts.values():
        for name, text in mine.items():
            by_name.setdefault(name, set()).add(text)
    numbers = {name: (list_number(t, name), words) for name, words in word_numbers(t, by_name).items()}
    t.upsert(
        person_facts,
        [
            {"shard": person % SHARDS, "person": person, "facts": pack([(numbers[n][0], numbers[n][1][text]) for n, text in mine.items()])}
            for person, mine in texts.items()
        ],
    )


def _keep_lines(t: Transaction, people: Iterable[PersonId], facts: dict[PersonId, dict[str, Value]]) -> None:
    """What lists of people show and search, beside the person."""
    lines = []
    for person in people:
        mine = facts.get(person, {})
        name, email, company = (str(mine.get(fact, "")) for fact in ("person.name", "person.email", "company.name"))
        search = f"{name}\n{company}".casefold()
        lines.append({"id": person, "live": person in facts, "name": name, "email": email, "company": company, "search": search})
    t.change(persons, lines)
