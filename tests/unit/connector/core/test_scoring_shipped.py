"""The shipped scoring model, held to the plain evaluator."""

from datetime import timedelta
from random import Random

import pytest

from connector.core.records import Value
from connector.core.scoring import compile_model, score_people
from mappings.compile import compile_scoring
from mappings.document import packaged
from tests.support.deeds import Deed, as_columns, people
from tests.support.models import NOW
from tests.support.oracle import oracle_scores


def busy_person(random: Random, row: int) -> list[Deed]:
    """What one person did in up to 120 days, in the words of the shipped model."""
    kinds = """
        page_view download form_submit email_open email_click email_reply meeting_held event_attended unsubscribe product_use inquiry
        campaign_response email_sent
    """
    paths = ("/en/pricing", "/料金/法人", "/case-study/x", "/Products/a", "/careers/1", "/blog", "/en/compare?a=b")
    span_h = random.choice((100, 1000, 2900))
    return [
        Deed(
            NOW - timedelta(hours=random.randint(0, span_h), seconds=random.choice((0, 0, 1, 1800))),
            random.choices(kinds.split(), weights=(30, 4, 3, 9, 4, 1, 1, 2, 1, 6, 1, 2, 2))[0],
            row=row,
            path=random.choice(("", *paths)),
            form=random.choice(("", "", "資料請求フォーム", "contact")),
            asset=random.choice(("", "ROI calculator", "trends", "security paper")),
            mark=random.choice(("", "", "", "open_by_mail_proxy")),
            seconds=random.choice((0, 15, 25, 60)),
        )
        for _ in range(random.choice((0, 3, 12, 40)))
    ]


@pytest.mark.parametrize("seed", range(3))
def test_scores_by_the_shipped_model_equal_those_of_the_plain_evaluator(seed: int) -> None:
    random, model = Random(seed), compile_scoring(packaged("scoring", "b2b_default"), file="b2b_default.yaml", version=1)
    values: dict[str, tuple[Value, ...]] = {
        "company.industry": ("Manufacturing", "logistics", "food"),
        "company.employees": (10, 49, 50, 1000, 1001, 9000),
        "company.name": ("Acme",),
        "company.region": ("JP", "us", "DE"),
        "person.seniority": ("executive", "manager", "staff"),
        "person.department": ("it", "sales"),
        "person.need": ("grow",),
        "person.free_mail": (True, False),
        "person.is_student": (False, False, False, True),
        "person.title": ("部長",),
    }
    crowd = people(*({name: random.choice(some) for name, some in values.items() if random.random() < 0.6} for _ in range(40)))
    deeds = as_columns([deed for row in range(40) for deed in busy_person(random, row)])

    scores = score_people(compile_model(model), people=crowd, activities=deeds, now=NOW)

    assert [scores.score(row) for row in range(40)] == oracle_scores(model, crowd, deeds, NOW)
    assert len(set(scores.grade.tolist())) > 5
