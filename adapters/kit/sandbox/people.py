"""One made-up person: who they are, before anything is known of deals.

Station: sandbox ground. `neighbours.py` puts the people of one company together and decides on its deals.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime

from adapters.kit.sandbox import names
from adapters.kit.sandbox.employers import phone_in
from adapters.kit.sandbox.seeds import SeedActivity, SeedCompany

_PERSONA_SHARES = {"buyer": 0.918, "careers": 0.02, "student": 0.0, "vendor": 0.022, "staff": 0.0, "mailbox": 0.04}
_ALONE_SHARES = {"buyer": 0.66, "careers": 0.08, "student": 0.14, "vendor": 0.06, "staff": 0.05, "mailbox": 0.01}
_SENIORITY_SHARES = (10, 16, 27, 37, 10)
_SOURCES = ("web", "web", "event", "referral", "ad", "partner", "list_import")


@dataclass(slots=True, kw_only=True)
class Draft:
    """A person in the making. `persona` is buyer, careers, student, vendor, staff, mailbox or competitor."""

    index: int
    persona: str
    company: int | None
    country: str
    language: str
    first_name: str
    last_name: str
    email: str
    other_email: str | None
    phone: str
    title: str
    seniority: str
    department: str
    city: str
    need: str
    source: str
    salesforce: bool
    hubspot: bool
    unsubscribed: bool
    bounced: bool
    owner: int | None
    noise: float
    activities: list[SeedActivity] = field(default_factory=list)

    @property
    def can_buy(self) -> bool:
        """False for those who never buy, whatever they do."""
        return self.persona in ("buyer", "careers", "mailbox")


def draw_person(rng: random.Random, *, index: int, company: SeedCompany | None, owners: int, taken: set[str]) -> Draft:
    """A person of `company`, or without one. `taken` holds the block's addresses and gains this one."""
    persona = _persona(rng, company)
    country = company.country if company else rng.choice(("JP", "JP", "US", "US", "US", "GB", "SG", "IN"))
    if persona == "staff":
        country = "JP"
    language = "ja" if country == "JP" and rng.random() < 0.97 else "en"
    first, last, local = _name(rng, language)
    seniority, department = _post(rng, persona)
    email = _address(rng, persona=persona, language=language, local=local, company=company, index=index, taken=taken)
    salesforce, hubspot = _held(rng, company, has_email=bool(email))
    is_mailbox = persona == "mailbox"
    return Draft(
        index=index,
        persona=persona,
        company=company.index if company else None,
        country=country,
        language=language,
        first_name="" if is_mailbox else first,
        last_name=(company.name if company and is_mailbox else last),
        email=email,
        other_email=_written_otherwise(rng, email, local, company) if salesforce and hubspot and email else None,
        phone=_phone(rng, country, company),
        title="" if is_mailbox else _title(rng, persona, language, seniority, department),
        seniority=seniority,
        department=department,
        city=company.city if company else rng.choice(names.CITIES[country]),
        need=rng.choice(names.NEEDS[language]) if rng.random() < 0.35 and persona == "buyer" else "",
        source="inquiry" if persona == "vendor" else rng.choice(_SOURCES),
        salesforce=salesforce,
        hubspot=hubspot,
        unsubscribed=rng.random() < 0.045,
        bounced=bool(email) and rng.random() < 0.025,
        owner=None if rng.random() < 0.3 else int(rng.random() * owners),
        noise=rng.gauss(0.0, 0.7),
    )


def stamp_near(rng: random.Random, *, earliest: datetime, now: datetime) -> datetime:
    """A moment in [earliest, now], sooner after `earliest` than later."""
    span_s = (now - earliest).total_seconds()
    return datetime.fromtimestamp(int(earliest.timestamp() + span_s * rng.random() ** 3), earliest.tzinfo)


def _persona(rng: random.Random, company: SeedCompany | None) -> str:
    if company is not None and company.index < len(names.COMPETITORS):
        return "competitor"
    pick = rng.random()
    for persona, share in (_PERSONA_SHARES if company else _ALONE_SHARES).items():
        pick -= share
        if pick < 0:
            return persona
    return "buyer"


def _name(rng: random.Random, language: str) -> tuple[str, str, str]:
    if language == "ja":
        family, family_roman = names.JA_FAMILY[int(rng.random() * len(names.JA_FAMILY))]
        given, given_roman = names.JA_GIVEN[int(rng.random() * len(names.JA_GIVEN))]
        return given, family, (f"{given_roman}.{family_roman}" if rng.random() < 0.6 else f"{given_roman[0]}-{family_roman}")
    given = names.EN_GIVEN[int(rng.random() * len(names.EN_GIVEN))]
    family = names.EN_FAMILY[int(rng.random() * len(names.EN_FAMILY))]
    return given, family, (f"{given}.{family}" if rng.random() < 0.6 else f"{given[0]}{family}").lower()


def _post(rng: random.Random, persona: str) -> tuple[str, str]:
    if persona in ("student", "mailbox"):
        return "", "general"
    seniority = rng.choices(names.SENIORITIES, weights=_SENIORITY_SHARES)[0]
    return seniority, names.DEPARTMENTS[int(rng.random() * len(names.DEPARTMENTS))]


def _title(rng: random.Random, persona: str, language: str, seniority: str, department: str) -> str:
    if persona == "student":
        return "学生" if language == "ja" else "Student"
    return names.title_in(language, seniority=seniority, department=department, pick=rng.random())


def _address(
    rng: random.Random, *, persona: str, language: str, local: str, company: SeedCompany | None, index: int, taken: set[str]
) -> str:
    if rng.random() < 0.012:
        return ""
    if persona == "staff":
        domain = names.OWN_DOMAIN
    elif persona == "student" and rng.random() < 0.6:
        domain = names.CAMPUSES[language]
    elif company is None or rng.random() < 0.03:
        domain = names.FREE_MAIL[int(rng.random() * len(names.FREE_MAIL))]
    else:
        domain = company.domain
    if persona == "mailbox":
        local = names.ROLE_MAILBOXES[int(rng.random() * len(names.ROLE_MAILBOXES))]
    address = f"{local}@{domain}"
    # Addresses at a company's own domain can only meet those of its own block; all others carry the index.
    if domain != (company.domain if company else "") or address in taken:
        address = f"{local}{index}@{domain}"
    taken.add(address)
    return address


def _written_otherwise(rng: random.Random, email: str, local: str, company: SeedCompany | None) -> str | None:
    pick = rng.random()
    if pick < 0.06:
        return email.title()
    if pick < 0.09:
        return f" {email}"
    if pick < 0.11:
        return email.upper()
    if pick < 0.14 and company is not None and not email.endswith(names.FREE_MAIL):
        return f"{local}.{company.index}@gmail.com"
    return None


def _held(rng: random.Random, company: SeedCompany | None, *, has_email: bool) -> tuple[bool, bool]:
    pick = rng.random()
    if not has_email:
        return True, False
    if company is None or (company.salesforce and company.hubspot):
        return (True, True) if pick < 0.60 else (pick < 0.78, pick >= 0.78)
    if company.salesforce:
        return True, pick < 0.18
    return pick < 0.18, True


def _phone(rng: random.Random, country: str, company: SeedCompany | None) -> str:
    pick = rng.random()
    if pick < 0.25:
        return ""
    return company.phone if company and pick < 0.42 else phone_in(country, rng)
