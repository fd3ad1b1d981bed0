"""A small ladder and one person on it, for tests of qualification. The clock stands on a Monday, 2 November 2026, 10:00 UTC."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from connector.core.follow_ups import Owner, Surroundings
from connector.core.ladder import Calendar, Due, DueUnit, FollowUpRule, Hysteresis, Ladder, OwnerRule, Redirect, Stage
from connector.core.model import AnyOf, Bands, Label, Op, Test
from connector.core.people import DealView, Member, Person
from connector.core.qualification import Decision, LadderState, Standing, look
from connector.core.records import Contact, DealState, RecordKey, Value

NOW = datetime(2026, 11, 2, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

BANDS = Bands(
    fit=(("A", 65), ("B", 45), ("C", 25), ("D", 0)),
    engagement=(("1", 45), ("2", 25), ("3", 8), ("4", 0)),
    unknown_when_missing=(),
    hot=("A1", "A2", "B1"),
    warm=("A3", "B2", "C1", "U1", "U2"),
)


def is_so(fact: str) -> Test:
    return Test(fact=fact, op=Op.EQUALS, values=(True,))


def known(fact: str) -> Test:
    return Test(fact=fact, op=Op.EXISTS)


def grade_in(*grades: str) -> Test:
    return Test(fact="score.grade", op=Op.IN, values=grades)


STAGES = (
    Stage(id="subscriber", label=Label(en="Subscriber"), enter=known("person.email")),
    Stage(id="lead", label=Label(en="Lead"), enter=known("person.name")),
    Stage(
        id="mql",
        label=Label(en="MQL"),
        enter=AnyOf(
            of=(
                Test(fact="score.temperature", op=Op.EQUALS, values=("hot",)),
                is_so("hand_off.inquiry"),
                is_so("hand_off.trial"),
            )
        ),
    ),
    Stage(id="sal", label=Label(en="SAL"), enter=None),
    Stage(id="sql", label=Label(en="SQL"), enter=None),
    Stage(id="opportunity", label=Label(en="Opportunity"), enter=is_so("deal.open")),
    Stage(id="customer", label=Label(en="Customer"), enter=is_so("deal.won")),
)


def rule(id_: str, *on: str, due: Due, cool_down: timedelta) -> FollowUpRule:
    return FollowUpRule(
        id=id_,
        label=Label(en=id_),
        on=on,
        type="call",
        priority="normal",
        owners=(OwnerRule.RECORD_OWNER, OwnerRule.COMPANY_OWNER, OwnerRule.ROUND_ROBIN, OwnerRule.CRM),
        due=due,
        cool_down=cool_down,
    )


ANSWER = rule("answer", "hand_off.inquiry", "hand_off.trial", due=Due(amount=1, unit=DueUnit.BUSINESS_HOURS), cool_down=DAY)
CALL = rule("call", "hot", due=Due(amount=8, unit=DueUnit.BUSINESS_HOURS), cool_down=14 * DAY)
CHECK = rule("check", "warm", due=Due(amount=2, unit=DueUnit.BUSINESS_DAYS), cool_down=30 * DAY)

OPEN_DEAL = Redirect(id="open_deal", label=Label(en="Open deal", ja="商談中"), when=is_so("deal.open"), to=OwnerRule.DEAL_OWNER)
CUSTOMER = Redirect(id="customer", label=Label(en="Customer"), when=is_so("deal.won"), to=OwnerRule.COMPANY_OWNER)
TOUCHED = Redirect(
    id="touched",
    label=Label(en="Touched lately"),
    when=Test(fact="rep.days_since_touch", op=Op.AT_MOST, values=(14,)),
    to=OwnerRule.RECORD_OWNER,
)

LADDER = Ladder(
    name="test",
    version=1,
    label=Label(en="Test"),
    model="test",
    stages=STAGES,
    stage_fields=(),
    hysteresis=Hysteresis(down_by=8, dwell=7 * DAY),
    follow_ups=(ANSWER, CALL, CHECK),
    redirects=(OPEN_DEAL, CUSTOMER, TOUCHED),
    tasks_in=("blue", "green"),
    calendar=Calendar(zone="UTC", opens=time(9), closes=time(18), weekdays=(0, 1, 2, 3, 4)),
    next_actions={
        "hot": Label(en="Call today", ja="本日中に電話"),
        "warm": Label(en="Check the need"),
        "cold": Label(en="Nothing now"),
        "hand_off.trial": Label(en="Call: the trial is in use"),
        "hand_off.inquiry": Label(en="Answer the inquiry"),
    },
)

USERS = {u.id: u for u in (Owner(id="mei", email="mei@us.com", active=True), Owner(id="tom", email="Tom@us.com", active=True))}
"""In the connection `one`, of the kind `blue`."""


def around(ladder: Ladder = LADDER, *, now: datetime = NOW, users: Mapping[str, Owner] | None = None) -> Surroundings:
    mine = USERS if users is None else users
    return Surroundings(ladder=ladder, bands=BANDS, now=now, users={"one": mine, "two": {}}, crm_of={"one": "blue", "two": "green"})


def member(connection: str = "one", *, owner: str | None = None, company_owner: str | None = None) -> Member:
    contact = Contact(key=RecordKey(connection, "people", "7"), owner=owner, modified_at=NOW)
    return Member(contact=contact, why="first seen", confidence=100, company_owner=company_owner)


PERSON = Person(id=5, members=(member(),), facts={"person.email": "ann@x.com", "person.name": "Ann Archer"}, deals=(), last_touch_at=None)


def with_facts(facts: Mapping[str, Value], person: Person = PERSON) -> Person:
    return replace(person, facts={**person.facts, **facts})


def deal(state: DealState, *, owner: str | None = None, connection: str = "one", on_it: bool = True, id_: str = "d") -> DealView:
    return DealView(key=RecordKey(connection, "deals", id_), name="Deal", state=state, owner=owner, on_it=on_it)


def standing(fit: int, engagement: int, grade: str, temperature: str, **fired: datetime) -> Standing:
    return Standing(
        fit=fit,
        engagement=engagement,
        total=min(fit + engagement, 100),
        grade=grade,
        temperature=temperature,
        excluded="",
        fired=fired,
        origins={"trial": "pql"},
    )


HOT = standing(70, 50, "A1", "hot")
WARM = standing(70, 10, "A3", "warm")
"""Eight points more make A3 (78, 18): still warm."""
NEARLY_HOT = standing(70, 20, "A3", "warm")
"""Eight points more make A2 (78, 28): hot."""
COLD = standing(10, 0, "D4", "cold")
"""Eight points more make D3 (18, 8): still cold."""
EXCLUDED = replace(COLD, excluded="own_staff", fit=0, total=0, grade="")


def state(
    stage: str = "lead",
    *,
    temperature: str = "cold",
    muted: tuple[str, ...] = (),
    answered: Mapping[str, datetime] | None = None,
    followed_up: Mapping[str, datetime] | None = None,
    cooler_since: datetime | None = None,
    origin: str = "",
) -> LadderState:
    return LadderState(
        person=5,
        stage=stage,
        stage_since=NOW - 30 * DAY,
        temperature=temperature,
        muted=muted,
        answered=answered or {},
        followed_up=followed_up or {},
        cooler_since=cooler_since,
        origin=origin,
    )


def looked(said: Standing, before: LadderState, *, person: Person = PERSON, now: datetime = NOW, open_tasks: bool = False) -> Decision:
    return look(person, standing=said, state=before, open_tasks=open_tasks, around=around(now=now))


def fired(said: Standing, **times: datetime) -> Standing:
    return replace(said, fired=times)


def asked(decision: Decision) -> list[tuple[str, str]]:
    return [(t.rule.id, t.trigger) for t in decision.tasks]
