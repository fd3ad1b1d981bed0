"""The people of one company together: when they took interest, what they did, which deals came of it.

Station: sandbox ground. `truth.py` says how likely a deal is won; `world.py` strings the blocks together.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from adapters.kit.sandbox import names, site, truth
from adapters.kit.sandbox.employers import Block, seeded
from adapters.kit.sandbox.histories import DAY_S, Stage, draw_history, draw_selling, instant
from adapters.kit.sandbox.people import Draft, draw_person, stamp_near
from adapters.kit.sandbox.seeds import SeedActivity, SeedCompany, SeedDeal, SeedPerson

DEALS_PER_COMPANY = 2
"""The most deals a company has; a deal's index is its company's times this, plus 0 or 1."""
_COUNT_AT_FIVE = 4.75
"""The mean drawn so that, with what visits, trials and deals add, five activities a person come out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What all blocks of one world share."""

    seed: int
    now: datetime
    owners: int
    activities_per_person: float
    calendar: site.Calendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Season:
    """A time of interest at a company: `evaluates` when they look for something to buy, else they look around."""

    anchor: float
    evaluates: bool
    is_dormant: bool = False


def draw_block(block: Block, company: SeedCompany | None, *, setting: Setting) -> tuple[list[SeedPerson], list[SeedDeal]]:
    """The people of the block in index order, and the company's deals."""
    rng = seeded(setting.seed, "block", block.start)
    seasons = _draw_seasons(rng, now=setting.now.timestamp())
    taken: set[str] = set()
    drafts = [
        draw_person(seeded(setting.seed, "person", index), index=index, company=company, owners=setting.owners, taken=taken)
        for index in range(block.start, block.start + block.size)
    ]
    for draft in drafts:
        draft.activities = _history(rng, draft, seasons, setting)

    deals: list[SeedDeal] = []
    chances: dict[int, float] = {}
    if company is not None and not company.do_not_trade:
        for nth, season in enumerate(seasons):
            made = _draw_deal(rng, drafts, company, season=season, nth=nth, setting=setting)
            if made is not None:
                deals.append(made[0])
                chances.update((index, made[1]) for index, _ in made[0].people)
    people = [_finish(rng, draft, drafts, company, deals=deals, chances=chances, setting=setting) for draft in drafts]
    return people, deals


def _draw_seasons(rng: random.Random, *, now: float) -> tuple[Season, ...]:
    pick = rng.random()
    evaluates = rng.random() < 0.62
    if pick < 0.27:
        days = 6.0 * rng.random()
    elif pick < 0.50:
        days = 10.0 + 110.0 * rng.random()
    elif pick < 0.86:
        days = 120.0 + 940.0 * rng.random()
    else:
        return (Season(anchor=now - (60.0 + 900.0 * rng.random()) * DAY_S, evaluates=False, is_dormant=True),)
    season = Season(anchor=now - days * DAY_S, evaluates=evaluates)
    if days > 200.0 and rng.random() < 0.3:
        woken = Season(anchor=now - 25.0 * rng.random() * DAY_S, evaluates=rng.random() < 0.6)
        return season, woken
    return (season,)


def _history(rng: random.Random, draft: Draft, seasons: tuple[Season, ...], setting: Setting) -> list[SeedActivity]:
    evaluates = any(season.evaluates for season in seasons) and draft.persona == "buyer"
    intent = rng.betavariate(1.8, 1.7) if evaluates else rng.betavariate(0.7, 5.0)
    if draft.persona != "buyer":
        intent = 0.0
    now = setting.now.timestamp()
    stage = Stage(
        habit="browser" if draft.persona == "buyer" else draft.persona,
        intent=intent,
        language=draft.language,
        anchors=tuple(min(season.anchor + rng.gauss(0.0, 6.0) * DAY_S, now) for season in seasons),
        now=now,
        calendar=setting.calendar,
        owner=draft.owner if draft.owner is not None else -1,
    )
    liveliness = 0.15 if seasons[0].is_dormant else 0.5 + 2.0 * intent
    mean = setting.activities_per_person * _COUNT_AT_FIVE / 5.0 * liveliness
    count = int(mean * math.exp(0.8 * rng.gauss(0.0, 1.0) - 0.32) + rng.random())
    if draft.source == "list_import" and rng.random() < 0.6:
        count = 0
    done = draw_history(rng, stage, count=max(count, 1) if draft.persona == "vendor" else count)
    at = now - rng.random() * 300 * DAY_S
    if draft.unsubscribed:
        done.append(SeedActivity(kind="unsubscribe", at=instant(at)))
    if draft.bounced:
        done.append(SeedActivity(kind="email_bounce", at=instant(at), subject=site.MAIL_SUBJECTS[0]))
    return done


def _draw_deal(
    rng: random.Random, drafts: list[Draft], company: SeedCompany, *, season: Season, nth: int, setting: Setting
) -> tuple[SeedDeal, float] | None:
    now = setting.now.timestamp()
    opened = season.anchor + (0.5 + 9.0 * rng.random()) * DAY_S
    luck, outcome, noise = rng.random(), rng.random(), rng.gauss(0.0, 0.7)
    ranked = _by_behaviour(drafts, moment=opened)
    if not season.evaluates or opened >= now - DAY_S or not ranked:
        return None
    chance = _chance(ranked[0][1], ranked, company, noise=noise)
    if luck >= 0.30 + 0.60 * chance:
        return None

    is_won = outcome < chance
    cycle_s = DAY_S * rng.lognormvariate(math.log(55.0 if is_won else 42.0), 0.55)
    closed = opened + cycle_s if opened + cycle_s <= now else None
    champion = ranked[0][1]
    owner = champion.owner if champion.owner is not None else company.owner
    people = _committee(ranked)
    for index, _ in people[:2]:
        draft = next(draft for draft in drafts if draft.index == index)
        draft.activities += draw_selling(rng, opened=opened, until=closed or now, owner=owner, language=draft.language)
    deal = SeedDeal(
        index=company.index * DEALS_PER_COMPANY + nth,
        name=f"{company.name} - {('Line monitoring', 'Maintenance', 'Delivery')[company.index % 3]}",
        company=company.index,
        people=people,
        amount=_amount(rng, company),
        currency=company.currency,
        created_at=instant(opened),
        modified_at=instant(closed or opened + rng.random() * (now - opened)),
        closed_at=instant(closed) if closed else None,
        close_date=instant(closed or max(opened + cycle_s, now + DAY_S)).date(),
        state="open" if closed is None else "won" if is_won else "lost",
        stage=_stage(now - opened, cycle_s, closed=closed is not None, is_won=is_won),
        owner=owner,
    )
    return deal, chance


def _by_behaviour(drafts: list[Draft], *, moment: float) -> list[tuple[float, Draft]]:
    able = [(truth.behaviour_of(draft.activities, moment=moment), draft) for draft in drafts if draft.persona == "buyer"]
    return sorted(able, key=lambda pair: (-pair[0], pair[1].index))


def _chance(draft: Draft, ranked: list[tuple[float, Draft]], company: SeedCompany | None, *, noise: float) -> float:
    behaviour = next((earned for earned, other in ranked if other is draft), 0.0)
    colleagues = sum(earned >= 0.2 for earned, other in ranked if other is not draft)
    fit = truth.fit_of(
        industry=company.industry if company else "",
        employees=company.employees if company else 0,
        country=draft.country,
        seniority=draft.seniority,
        department=draft.department,
        need=draft.need,
    )
    return truth.win_probability(fit=fit, behaviour=behaviour, colleagues=colleagues, noise=noise)


def _committee(ranked: list[tuple[float, Draft]]) -> tuple[tuple[int, str], ...]:
    chosen = [(ranked[0][1].index, "Champion")]
    for earned, draft in ranked[1:5]:
        if draft.seniority in ("executive", "director"):
            chosen.append((draft.index, "Decision Maker"))
        elif earned > 0.05:
            chosen.append((draft.index, "Evaluator" if draft.department == "it" else "Influencer"))
    return tuple(chosen)


def _amount(rng: random.Random, company: SeedCompany) -> Decimal:
    dollars = 6_000 + 240 * (company.employees or 60) ** 0.8 * rng.lognormvariate(0.0, 0.5)
    step = 10_000 if company.currency == "JPY" else 100
    return Decimal(int(dollars * names.PER_DOLLAR[company.currency]) // step * step)


def _stage(age_s: float, cycle_s: float, *, closed: bool, is_won: bool) -> str:
    if closed:
        return "closed_won" if is_won else "closed_lost"
    return site.DEAL_STAGES[min(int(4.0 * age_s / cycle_s), 3)]


def _finish(
    rng: random.Random,
    draft: Draft,
    drafts: list[Draft],
    company: SeedCompany | None,
    *,
    deals: list[SeedDeal],
    chances: dict[int, float],
    setting: Setting,
) -> SeedPerson:
    activities = tuple(sorted(draft.activities, key=lambda activity: activity.at))
    deal = next((deal for deal in reversed(deals) if draft.index in dict(deal.people)), None)
    created, modified = _stamps(rng, draft, activities, deal, setting)
    salesforce = None
    if draft.salesforce:
        is_contact = deal is not None or (company is not None and company.salesforce and rng.random() < 0.4)
        salesforce = "Contact" if is_contact and company is not None and company.salesforce else "Lead"
    return SeedPerson(
        index=draft.index,
        company=draft.company,
        first_name=draft.first_name,
        last_name=draft.last_name,
        language=draft.language,
        email=draft.email,
        other_email=draft.other_email,
        phone=draft.phone,
        title=draft.title,
        seniority=draft.seniority,
        department=draft.department,
        country=draft.country,
        city=draft.city,
        salesforce=salesforce,
        hubspot=draft.hubspot,
        created_at=created,
        modified_at=modified,
        owner=deal.owner if deal is not None else draft.owner,
        status=_status(rng, draft, deal, activities, setting),
        source=draft.source,
        need=draft.need,
        unsubscribed=draft.unsubscribed,
        bounced=draft.bounced,
        converted=salesforce == "Contact" and rng.random() < (0.85 if deal else 0.4),
        student=draft.persona == "student",
        activities=activities,
        win_probability=_own_chance(draft, drafts, company, chances=chances, setting=setting),
        deal=deal.index if deal is not None else None,
    )


def _own_chance(draft: Draft, drafts: list[Draft], company: SeedCompany | None, *, chances: dict[int, float], setting: Setting) -> float:
    if draft.index in chances:
        return chances[draft.index]
    if not draft.can_buy or (company is not None and company.do_not_trade):
        return 0.0
    ranked = _by_behaviour(drafts, moment=setting.now.timestamp())
    return _chance(draft, ranked, company, noise=draft.noise)


def _stamps(
    rng: random.Random,
    draft: Draft,
    activities: tuple[SeedActivity, ...],
    deal: SeedDeal | None,
    setting: Setting,
) -> tuple[datetime, datetime]:
    if draft.source == "list_import":
        # A list is loaded in one go: hundreds of rows carry one and the same stamp.
        month = 1 + int(rng.random() ** 2 * 24)
        created = setting.now.replace(hour=3, minute=0, second=0) - timedelta(days=30 * month)
    else:
        created = instant(setting.now.timestamp() - (2.0 + 1100.0 * rng.random() ** 2) * DAY_S)
    starts = [created, *(activity.at for activity in activities[:1]), *([deal.created_at] if deal else [])]
    created = min(starts)
    if not activities and draft.source == "list_import":
        return created, created
    latest = max(created, *(activity.at for activity in activities[-1:]), deal.modified_at if deal else created)
    return created, stamp_near(rng, earliest=latest, now=setting.now)


def _status(
    rng: random.Random,
    draft: Draft,
    deal: SeedDeal | None,
    activities: tuple[SeedActivity, ...],
    setting: Setting,
) -> str:
    if deal is not None:
        return {"open": "working", "won": "qualified", "lost": "nurturing"}[deal.state]
    if draft.persona != "buyer":
        return "unqualified" if rng.random() < 0.6 else "new"
    if draft.owner is None:
        return "" if rng.random() < 0.1 else "new"
    is_stale = not activities or (setting.now - activities[-1].at).days > 120
    return rng.choice(("nurturing", "nurturing", "unqualified", "new") if is_stale else ("new", "working", "working"))
