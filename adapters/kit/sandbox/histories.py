"""What a made-up person did: page visits in one sitting, mails, papers, events, calls, trials.

Station: sandbox ground. `people.py` asks for a history; `site.py` says what there is to do.
"""

from __future__ import annotations

import math
import random
from bisect import bisect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import accumulate

from adapters.kit.sandbox import site
from adapters.kit.sandbox.seeds import SeedActivity

DAY_S = 86_400
_HOURS_BEHIND_UTC = {"ja": -9, "en": 5}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habit:
    """What a kind of visitor does when not evaluating: weights by activity and by kind of page."""

    acts: dict[str, float]
    pages: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The setting of one person's history. `intent` (0..1) is the share of what they do that is evaluating."""

    habit: str
    intent: float
    language: str
    anchors: tuple[float, ...]
    """When their interest peaked, seconds since 1970."""
    now: float
    calendar: site.Calendar
    owner: int


_EVALUATING = Habit(
    acts={
        "page_view": 34, "download_decision": 8, "download_early": 5, "email_open": 10, "email_click": 6, "event": 5,
        "email_reply": 3, "call": 6, "meeting": 2.5, "inquiry": 3, "trial": 1.3, "form": 3,
    },
    pages={"pricing": 24, "comparison": 12, "case_study": 18, "product": 26, "home": 10, "docs": 10},
)  # fmt: skip
_HABITS = {
    "browser": Habit(
        acts={
            "page_view": 30, "email_open": 30, "email_click": 6, "download_early": 5, "campaign": 7, "event": 2, "form": 4,
            "call_missed": 3,
        },
        pages={"blog": 34, "home": 22, "product": 16, "docs": 8, "careers": 4, "support": 8, "case_study": 5, "pricing": 3},
    ),
    "customer": Habit(
        acts={"page_view": 40, "email_open": 20, "email_click": 5, "campaign": 4, "call": 4},
        pages={"support": 40, "docs": 40, "blog": 10, "product": 10},
    ),
    "careers": Habit(acts={"page_view": 90, "email_open": 10}, pages={"careers": 80, "home": 20}),
    "student": Habit(
        acts={"page_view": 70, "download_early": 20, "form": 10}, pages={"blog": 50, "docs": 25, "careers": 15, "home": 10}
    ),
    "vendor": Habit(acts={"vendor_form": 60, "page_view": 40}, pages={"home": 90, "product": 10}),
    "competitor": Habit(
        acts={"page_view": 85, "download_decision": 10, "download_early": 5},
        pages={"pricing": 40, "comparison": 25, "product": 25, "docs": 10},
    ),
    "staff": Habit(acts={"page_view": 95, "email_open": 5}, pages={"docs": 35, "product": 30, "pricing": 20, "blog": 15}),
    "mailbox": Habit(acts={"email_open": 80, "email_click": 15, "campaign": 5}, pages={"home": 1}),
}  # fmt: skip
HABITS = tuple(_HABITS)
"""Every habit `Stage.habit` can name."""


def _table(weights: dict[str, float]) -> tuple[tuple[str, ...], tuple[float, ...]]:
    total = sum(weights.values())
    return tuple(weights), tuple(accumulate(weight / total for weight in weights.values()))


_ACTS = {name: _table(habit.acts) for name, habit in _HABITS.items()}
_PAGES = {name: _table(habit.pages) for name, habit in _HABITS.items()}
_EVALUATING_ACTS, _EVALUATING_PAGES = _table(_EVALUATING.acts), _table(_EVALUATING.pages)

_PATHS = {
    (kind, language): (
        tuple(path for path in paths if not path.startswith("/ja"))
        if language == "en"
        else tuple(path for path in paths if path.startswith("/ja")) * 2 + paths
    )
    for kind, paths in site.PAGES.items()
    for language in ("en", "ja")
}


def draw_history(rng: random.Random, stage: Stage, *, count: int) -> list[SeedActivity]:
    """About `count` activities (a visit or a trial may bring a few more), in no order, none after `stage.now`."""
    done: list[SeedActivity] = []
    while len(done) < count:
        is_evaluating = rng.random() < stage.intent
        names, ends = _EVALUATING_ACTS if is_evaluating else _ACTS[stage.habit]
        name = names[min(bisect(ends, rng.random()), len(names) - 1)]
        at = _moment(rng, stage, is_evaluating)
        if name == "page_view":
            done.extend(_visit(rng, stage, at, is_evaluating))
        elif name == "trial":
            done.extend(_trial(rng, stage, at))
        else:
            done.append(_MAKERS[name](rng, stage, at))
    return done


def draw_selling(rng: random.Random, *, opened: float, until: float, owner: int, language: str) -> list[SeedActivity]:
    """The calls, meetings and replies of a deal between `opened` and `until`; at least one call."""
    done: list[SeedActivity] = []
    for nth in range(1 + int(rng.random() * 5)):
        at = _in_office_hours(rng, opened + DAY_S + rng.random() * max(until - opened - 2 * DAY_S, 1.0), language)
        if not opened < at < until:
            continue
        kind = ("call", "meeting", "email_reply")[nth % 3]
        seconds = 0 if kind == "email_reply" else 60 * (10 + int(rng.random() * 50))
        subject = {"call": "Follow-up call", "meeting": "Meeting", "email_reply": "Re: our offer"}[kind]
        done.append(
            SeedActivity(
                kind=kind,
                at=instant(at),
                seconds=seconds,
                subject=subject,
                connected=kind == "call",
                inbound=kind == "email_reply",
                owner=owner,
            )
        )
    return done


def instant(seconds: float) -> datetime:
    """That many seconds after 1970, as an aware datetime with whole seconds."""
    return datetime.fromtimestamp(int(seconds), UTC)


def _moment(rng: random.Random, stage: Stage, is_evaluating: bool) -> float:
    anchor = stage.anchors[int(rng.random() * len(stage.anchors))]
    spread_days = 14.0 if is_evaluating else 55.0
    at = anchor - spread_days * DAY_S * -math.log(1.0 - rng.random())
    return _in_office_hours(rng, min(at, stage.now), stage.language, latest=stage.now)


def _in_office_hours(rng: random.Random, at: float, language: str, latest: float = math.inf) -> float:
    # The sum of two draws puts most of the day around 13:00 local, the rest between 8:00 and 19:00.
    hour = 8.0 + 5.5 * (rng.random() + rng.random()) + _HOURS_BEHIND_UTC[language]
    day = at // DAY_S
    weekday = (day + 3) % 7
    if weekday >= 5 and rng.random() < 0.85:
        day -= weekday - 4 + int(rng.random() * 5)
    moved = day * DAY_S + hour * 3600.0
    while moved >= latest:
        moved -= DAY_S
    return moved


def _visit(rng: random.Random, stage: Stage, at: float, is_evaluating: bool) -> list[SeedActivity]:
    kinds, ends = _EVALUATING_PAGES if is_evaluating else _PAGES[stage.habit]
    seen: list[SeedActivity] = []
    while at < stage.now:
        paths = _PATHS[kinds[min(bisect(ends, rng.random()), len(kinds) - 1)], stage.language]
        seconds = int(min(math.exp(3.4 + 1.1 * rng.gauss(0.0, 1.0)), 1800.0))
        seen.append(SeedActivity(kind="page_view", at=instant(at), path=paths[int(rng.random() * len(paths))], seconds=seconds))
        if rng.random() < 0.5 or len(seen) == 8:
            break
        at += seconds + 2
    return seen


def _trial(rng: random.Random, stage: Stage, at: float) -> list[SeedActivity]:
    done = [SeedActivity(kind="trial_started", at=instant(at), form="trial_request")]
    for _ in range(1 + int(rng.random() * 7)):
        at += (0.1 + rng.random() * 2.5) * DAY_S
        if at >= stage.now:
            break
        feature = site.FEATURES[int(rng.random() * len(site.FEATURES))]
        done.append(SeedActivity(kind="product_use", at=instant(at), feature=feature, seconds=60 + int(rng.random() * 2400)))
    return done


def _opened(rng: random.Random, _stage: Stage, at: float) -> SeedActivity:
    return _mail_act(rng, "email_open", at, machine_share=0.12)


def _clicked(rng: random.Random, _stage: Stage, at: float) -> SeedActivity:
    return _mail_act(rng, "email_click", at, machine_share=0.08)


def _mail_act(rng: random.Random, kind: str, at: float, *, machine_share: float) -> SeedActivity:
    is_machine = rng.random() < machine_share
    seconds = int(rng.random() * 3) if is_machine else 60 + int(rng.random() * 40_000)
    subject = site.MAIL_SUBJECTS[int(rng.random() * len(site.MAIL_SUBJECTS))]
    return SeedActivity(kind=kind, at=instant(at), subject=subject, seconds=seconds)


def _replied(_rng: random.Random, stage: Stage, at: float) -> SeedActivity:
    return SeedActivity(kind="email_reply", at=instant(at), subject="Re: your question", inbound=True, owner=stage.owner)


def _called(rng: random.Random, stage: Stage, at: float) -> SeedActivity:
    is_connected = rng.random() < 0.6
    seconds = 120 + int(rng.random() * 1500) if is_connected else 0
    return SeedActivity(
        kind="call",
        at=instant(at),
        subject="Call",
        seconds=seconds,
        connected=is_connected,
        inbound=rng.random() < 0.25,
        owner=stage.owner,
    )


def _missed(_rng: random.Random, stage: Stage, at: float) -> SeedActivity:
    return SeedActivity(kind="call", at=instant(at), subject="Call, no answer", owner=stage.owner)


def _met(rng: random.Random, stage: Stage, at: float) -> SeedActivity:
    seconds = 1800 if rng.random() < 0.5 else 3600
    return SeedActivity(kind="meeting", at=instant(at), subject="Demo", seconds=seconds, owner=stage.owner)


def _asked(rng: random.Random, stage: Stage, at: float) -> SeedActivity:
    form = site.INQUIRY_FORMS[int(rng.random() * len(site.INQUIRY_FORMS))]
    subject = "お問い合わせ" if stage.language == "ja" else "Please call me about this"
    return SeedActivity(kind="inquiry", at=instant(at), form=form, subject=subject, inbound=True)


def _filled(rng: random.Random, _stage: Stage, at: float) -> SeedActivity:
    form = site.OTHER_FORMS[int(rng.random() * len(site.OTHER_FORMS))]
    return SeedActivity(kind="form_submit", at=instant(at), form=form)


def _pitched(_rng: random.Random, _stage: Stage, at: float) -> SeedActivity:
    return SeedActivity(kind="form_submit", at=instant(at), form=site.VENDOR_FORM, subject="A partnership for you")


def _took_decision_paper(rng: random.Random, _stage: Stage, at: float) -> SeedActivity:
    asset = site.DECISION_ASSETS[int(rng.random() * len(site.DECISION_ASSETS))]
    return SeedActivity(kind="download", at=instant(at), asset=asset)


def _took_early_paper(rng: random.Random, _stage: Stage, at: float) -> SeedActivity:
    asset = site.EARLY_ASSETS[int(rng.random() * len(site.EARLY_ASSETS))]
    return SeedActivity(kind="download", at=instant(at), asset=asset)


def _attended(rng: random.Random, stage: Stage, at: float) -> SeedActivity:
    campaign = stage.calendar.at(at)
    seconds = 600 + int(rng.random() * 4800)
    return SeedActivity(kind="event_attended", at=instant(at), campaign=campaign, responded=True, seconds=seconds)


def _campaigned(rng: random.Random, stage: Stage, at: float) -> SeedActivity:
    return SeedActivity(kind="campaign_response", at=instant(at), campaign=stage.calendar.at(at), responded=rng.random() < 0.4)


_MAKERS: dict[str, Callable[[random.Random, Stage, float], SeedActivity]] = {
    "email_open": _opened,
    "email_click": _clicked,
    "email_reply": _replied,
    "call": _called,
    "call_missed": _missed,
    "meeting": _met,
    "inquiry": _asked,
    "form": _filled,
    "vendor_form": _pitched,
    "download_decision": _took_decision_paper,
    "download_early": _took_early_paper,
    "event": _attended,
    "campaign": _campaigned,
}
