"""One wide scoring model that uses everything at once, and random crowds busy enough to reach all of it."""

from random import Random

from connector.core.model import (
    ActivityRule,
    AnyOf,
    Bands,
    DetailTest,
    Exclusion,
    FitRule,
    Group,
    HandOff,
    Ignore,
    Label,
    Model,
    Not,
    Op,
    Pattern,
    Per,
    Side,
    Surge,
    Test,
)
from connector.core.records import Value
from tests.support.models import NAMES, VALUES, WORDS, Human, Row

LABEL = Label(en="Because")


def _rule(name: str, points: int, pattern: Pattern, per: Per, **more: int | None) -> ActivityRule:
    settings: dict[str, int | None] = {"window_hours": 2000, "half_life_hours": 336, "limit": None, "floor": None, **more}
    return ActivityRule(id=name, label=LABEL, points=points, pattern=pattern, per=per, **settings)  # type: ignore[arg-type]  # window is a number


def _group(name: str, *rules: ActivityRule, limit: int | None = None, floor: int | None = None) -> Group:
    return Group(id=name, label=LABEL, limit=limit, floor=floor, rules=rules)


_WEB = _group(
    "web",
    _rule(
        "pricing",
        4,
        Pattern(kinds=("page_view",), where=(DetailTest(detail="path", globs=("*pricing*",)),), min_seconds=10),
        Per.DAY,
        limit=12,
    ),
    _rule("pages", 1, Pattern(kinds=("page_view",)), Per.PATH, half_life_hours=37),
    _rule("returns", 7, Pattern(kinds=("page_view",), distinct_days=3, within_hours=336), Per.ONCE),
    _rule("often", 1, Pattern(kinds=("page_view", "email_click"), at_least=3, within_hours=48), Per.OCCURRENCE, limit=6),
    limit=25,
)
_CONTENT = _group(
    "content",
    _rule("asset", 3, Pattern(kinds=("download",)), Per.ASSET, half_life_hours=720),
    _rule(
        "form", 5, Pattern(kinds=("form_submit",), where=(DetailTest(detail="form", globs=("",), negate=True),)), Per.FORM, window_hours=900
    ),
    _rule("campaign", 2, Pattern(kinds=("form_submit", "download"), at_least=2, distinct_days=2), Per.CAMPAIGN, half_life_hours=None),
    _rule("feature", 2, Pattern(kinds=("download",), min_seconds=1), Per.FEATURE),
    floor=1,
)
_MINUS = _group("minus", _rule("clicks", -3, Pattern(kinds=("email_click",)), Per.OCCURRENCE, floor=-8), limit=0, floor=-20)


def wide_model(*, zone: str) -> Model:
    """Each way to earn, each clamp, exclusions, hand-offs and a surge."""
    title = Test(fact="person.title", op=Op.CONTAINS, values=("director", "部長"))
    size = Test(fact="company.employees", op=Op.BETWEEN, values=(1, 50))
    fit_rules = (
        FitRule(id="title", label=LABEL, points=40, when=title),
        FitRule(id="size", label=LABEL, points=35, when=AnyOf(of=(size, Test(fact="person.tags", op=Op.EXISTS)))),
        FitRule(id="nobody", label=LABEL, points=-15, when=Not(of=AnyOf(of=(title, size)))),
    )
    return Model(
        name="wide",
        version=7,
        label=LABEL,
        zone=zone,
        applies_to=Not(of=Test(fact="person.title", op=Op.EQUALS, values=("a*b",))),
        fit=Side(limit=70, floor=0, groups=(Group(id="who", label=LABEL, limit=60, floor=-10, rules=fit_rules),)),
        engagement=Side(limit=40, floor=0, groups=(_WEB, _CONTENT, _MINUS)),
        total_limit=80,
        ignore=Ignore(paths=("/careers*", "*採用*"), marks=("list_import",)),
        exclude=(
            Exclusion(id="flagged", label=LABEL, when=Test(fact="company.joined", op=Op.EQUALS, values=(True,))),
            Exclusion(id="clicker", label=LABEL, pattern=Pattern(kinds=("email_click",), at_least=4, within_hours=100)),
        ),
        hand_offs=(
            HandOff(id="demo", label=LABEL, pattern=Pattern(kinds=("form_submit",), where=(DetailTest(detail="form", globs=("demo",)),))),
            HandOff(id="product", label=LABEL, pattern=Pattern(kinds=("download",), distinct_days=3, within_hours=400), window_hours=100),
            HandOff(id="surge", label=LABEL, surge=Surge(quiet_hours=120, points=4, within_hours=168)),
        ),
        bands=Bands(
            fit=(("A", 60), ("B", 30), ("C", 0)),
            engagement=(("1", 20), ("2", 8), ("3", 0)),
            unknown_when_missing=("person.title", "company.employees"),
            hot=("A1", "B1"),
            warm=("A2", "C1", "U1"),
        ),
    )


def random_crowd(seed: int, *, people: int = 40) -> tuple[Human, ...]:
    """People with up to a few dozen activities over some 100 days, the same for the same seed."""
    random = Random(seed)
    return tuple(_human(random) for _ in range(people))


def _human(random: Random) -> Human:
    facts: tuple[Value | None, ...] = tuple(random.choice((None, *VALUES)) for _ in NAMES)
    busy = random.choice((0, 2, 6, 15, 40))
    span_s = random.choice((48, 400, 1200, 2400)) * 3600
    return Human(facts=facts, rows=tuple(_row(random, span_s) for _ in range(random.randint(0, busy))))


def _row(random: Random, span_s: int) -> Row:
    kind = random.choices((1, 2, 3, 4), weights=(6, 2, 3, 1))[0]
    details = (random.randrange(len(words)) if random.random() < 0.7 else 0 for name, words in WORDS.items() if name != "kind")
    before_s = random.choice((random.randint(-4000, span_s), random.randint(0, span_s // 3600) * 3600))
    return Row(before_s=before_s, codes=(kind, *details), seconds=random.choice((0, 5, 30, 300)))
