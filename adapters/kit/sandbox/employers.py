"""The employers of a made-up world, and who works where: every world is a row of blocks of neighbours.

Station: sandbox ground. A block is the people of one company, or one person without a company.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from adapters.kit.sandbox import names
from adapters.kit.sandbox.seeds import SeedCompany, SeedOwner

_INDUSTRY_SHARES = (16, 8, 8, 13, 8, 7, 8, 5, 6, 4, 6, 4, 3, 2, 2)
_COUNTRY_SHARES = {"JP": 36, "US": 34, "GB": 10, "DE": 7, "SG": 4, "AU": 5, "IN": 4}
_ALONE_SHARE = 0.14
_SIZES = (1,) * 42 + (2,) * 22 + (3,) * 12 + (4,) * 8 + (5,) * 6 + (7,) * 4 + (9,) * 3 + (14,) * 2 + (25,)
_TEAMS = ("inside_sales", "field_sales", "field_sales", "inside_sales", "marketing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Neighbours: people `start` to `start + size - 1`, of company `company` (None: one person without)."""

    company: int | None
    start: int
    size: int


def seeded(seed: int, stream: str, number: int) -> random.Random:
    """A generator that depends on these three only, and is the same in every process."""
    return random.Random(f"{seed}/{stream}/{number}")


def draw_blocks(*, people: int, seed: int) -> tuple[Block, ...]:
    """Blocks that hold exactly `people` people, company indexes rising from 0."""
    rng = seeded(seed, "blocks", 0)
    blocks: list[Block] = []
    start = companies = 0
    while start < people:
        if companies >= len(names.COMPETITORS) and rng.random() < _ALONE_SHARE * 2.9:
            blocks.append(Block(company=None, start=start, size=1))
            start += 1
            continue
        size = min(_SIZES[int(rng.random() * len(_SIZES))], people - start)
        blocks.append(Block(company=companies, start=start, size=size))
        companies += 1
        start += size
    return tuple(blocks)


def draw_owners(*, people: int, seed: int) -> tuple[SeedOwner, ...]:
    """Our own sellers and marketers: eight for a small world, up to forty for a large one."""
    rng = seeded(seed, "owners", 0)
    count = min(8 + people // 2500, 40)
    owners = []
    for index in range(count):
        if index % 2:
            family, given = rng.choice(names.JA_FAMILY), rng.choice(names.JA_GIVEN)
            first, last, local = given[0], family[0], f"{given[1]}.{family[1]}"
        else:
            first, last = rng.choice(names.EN_GIVEN), rng.choice(names.EN_FAMILY)
            local = f"{first}.{last}".lower()
        address = f"{local}{index}@{names.OWN_DOMAIN}"
        team = _TEAMS[index % len(_TEAMS)]
        owners.append(SeedOwner(index=index, first_name=first, last_name=last, email=address, team=team))
    return tuple(owners)


def draw_companies(*, count: int, owners: int, seed: int, now: datetime) -> Iterator[SeedCompany]:
    """`count` companies with domains of their own; the first ones are the competitors."""
    taken: set[str] = set()
    for index in range(count):
        yield _draw_company(seeded(seed, "company", index), index=index, owners=owners, now=now, taken=taken)


def _draw_company(rng: random.Random, *, index: int, owners: int, now: datetime, taken: set[str]) -> SeedCompany:
    industry = rng.choices(names.INDUSTRIES, weights=_INDUSTRY_SHARES)[0]
    if index < len(names.COMPETITORS):
        industry = "technology"
        name, domain, country = names.COMPETITORS[index]
    else:
        country = rng.choices(tuple(_COUNTRY_SHARES), weights=tuple(_COUNTRY_SHARES.values()))[0]
        name, domain = names.employer_named(country, industry=industry, first=rng.random(), second=rng.random(), third=rng.random())
    city = rng.choice(names.CITIES[country])
    if domain in taken:
        name, domain = f"{name} {city}", domain.replace(".", f"-{index}.", 1)
    taken.add(domain)

    employees = 0 if rng.random() < 0.06 else max(3, min(int(rng.lognormvariate(4.8, 1.4)), 90_000))
    currency = names.CURRENCIES[country]
    held = rng.random()
    created = now - timedelta(seconds=int(rng.random() * 1500 * 86_400))
    return SeedCompany(
        index=index,
        name=name,
        domain=domain,
        industry=industry,
        employees=employees,
        country=country,
        city=city,
        phone=phone_in(country, rng),
        annual_revenue=_revenue(rng, employees, currency),
        currency=currency,
        created_at=created,
        modified_at=created + timedelta(seconds=int(rng.random() * (now - created).total_seconds())),
        owner=int(rng.random() * owners),
        salesforce=held < 0.80,
        hubspot=held < 0.60 or held >= 0.80,
        do_not_trade=index >= len(names.COMPETITORS) and rng.random() < 0.008,
    )


def phone_in(country: str, rng: random.Random) -> str:
    """A telephone number as people of that country write it; the American ones are the fictitious 555-01xx."""
    number = int(rng.random() * 9_000_000) + 1_000_000
    if country == "JP":
        style = ("03-{}-{}", "+81 3-{}-{}", "０３-{}-{}")[0 if number % 10 < 7 else 1 if number % 10 < 9 else 2]
        return style.format(number // 1000, number % 9000 + 1000)
    if country == "US":
        return f"+1 ({number % 700 + 212}) 555-01{number % 90 + 10}"
    code = {"GB": "44 20", "DE": "49 89", "SG": "65", "AU": "61 2", "IN": "91 20"}[country]
    return f"+{code} {number // 1000} {number % 9000 + 1000}"


def _revenue(rng: random.Random, employees: int, currency: str) -> Decimal | None:
    if not employees or rng.random() < 0.3:
        return None
    dollars = employees * (60_000 + int(rng.random() * 240_000))
    return Decimal(int(dollars * names.PER_DOLLAR[currency]) // 1000 * 1000)
