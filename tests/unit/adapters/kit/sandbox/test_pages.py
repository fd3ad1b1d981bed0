"""The list and the record page as HTML."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control, UnknownRecordError
from adapters.kit.sandbox.pages import (
    Hotlead,
    ListPage,
    ListRow,
    RecordPage,
    Section,
    TaskLine,
    TimelineLine,
    age_text,
    mount_pages,
)

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
ROW = ListRow(
    source="Thing", record_id="7", name="<b>Sato</b>", company="Aoi", title="", owner="", stage="", score=88, grade="A1",
    temperature="Hot",
)  # fmt: skip
RECORD = RecordPage(
    source="Thing",
    record_id="7",
    name="Sato & Sons",
    headline="Director",
    owner="Kato",
    hotlead=Hotlead(score=88, fit=60, engagement=28, grade="A1", temperature="Hot", reasons="+20 pricing", stage="mql"),
    sections=(Section(title="Contact", lines=(("E-mail", "sato@aoi.test"), ("Phone", ""))),),
    tasks=(TaskLine(subject="Call today", due=NOON + timedelta(hours=4), has_time=True),),
    timeline=(TimelineLine(at=NOON - timedelta(days=3), kind="Page view", text="/pricing", detail="40 s"),),
)


class OnePerson:
    """Pages of a CRM with one person, or with none."""

    def __init__(self, *rows: ListRow, total: int = 0, record: RecordPage = RECORD) -> None:
        self.rows = rows
        self.total = total or len(rows)
        self.shown = record
        self.asked: list[tuple[str, int, int]] = []

    def people(self, *, text: str, offset: int, limit: int) -> ListPage:
        self.asked.append((text, offset, limit))
        return ListPage(rows=self.rows, total=self.total)

    def record(self, *, source: str, record_id: str) -> RecordPage:
        if (source, record_id) != ("Thing", "7"):
            raise UnknownRecordError("no such record")
        return self.shown


def client(pages: OnePerson) -> FlaskClient:
    app = Flask(__name__)
    clock = SandboxClock()
    clock.adjust(now=NOON, frozen=True)
    mount_pages(app, crm="Small CRM", accent="#123456", control=Control(clock=clock), pages=pages)
    return app.test_client()


def test_the_list_links_to_the_record_and_escapes_names() -> None:
    html = client(OnePerson(ROW)).get("/").text

    assert '<a href="/record/Thing/7">' in html
    assert "&lt;b&gt;Sato&lt;/b&gt;" in html
    assert '<span class="chip hot">A1 Hot</span>' in html


def test_the_list_asks_for_the_text_and_page_wanted() -> None:
    pages = OnePerson(ROW, total=120)

    html = client(pages).get("/?q= aoi &page=2").text

    assert pages.asked == [("aoi", 50, 50)]
    assert "Page 2 of 3" in html
    assert 'href="?q=aoi&amp;page=3"' in html


def test_an_empty_list_says_what_that_means() -> None:
    nobody = client(OnePerson())

    assert "--seed 500" in nobody.get("/").text
    assert "Nobody matches “zz”" in nobody.get("/?q=zz").text


def test_a_record_shows_score_reasons_tasks_and_timeline() -> None:
    html = client(OnePerson(ROW)).get("/record/Thing/7").text

    for text in ("Sato &amp; Sons", "<b>88</b>", "+20 pricing", "Call today", "Due Mon 2 Nov 2026, 16:00", "/pricing", "40 s"):
        assert text in html


def test_a_record_hotlead_never_wrote_to_says_so() -> None:
    html = client(OnePerson(record=replace(RECORD, hotlead=Hotlead()))).get("/record/Thing/7").text

    assert "Not scored yet" in html


def test_a_score_of_nought_is_a_score() -> None:
    html = client(OnePerson(record=replace(RECORD, hotlead=Hotlead(score=0, fit=0)))).get("/record/Thing/7").text

    assert "<b>0</b>" in html
    assert "Not scored yet" not in html


def test_an_unknown_record_is_404() -> None:
    assert client(OnePerson()).get("/record/Thing/8").status_code == 404


@pytest.mark.parametrize(
    ("task", "late"),
    [
        (TaskLine(subject="", due=NOON - timedelta(minutes=1), has_time=True), True),
        (TaskLine(subject="", due=NOON + timedelta(minutes=1), has_time=True), False),
        (TaskLine(subject="", due=datetime(2026, 11, 2, tzinfo=UTC)), False),
        (TaskLine(subject="", due=datetime(2026, 11, 1, tzinfo=UTC)), True),
        (TaskLine(subject="", due=datetime(2026, 11, 1, tzinfo=UTC), is_open=False), False),
        (TaskLine(subject="", due=None), False),
    ],
)
def test_an_open_task_is_late_after_its_time_or_its_day(task: TaskLine, late: bool) -> None:
    assert task.is_late(NOON) is late


@pytest.mark.parametrize(
    ("ago", "said"),
    [
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=-2), "in 2 hours"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=800), "2 years ago"),
    ],
)
def test_ages_are_told_in_the_largest_whole_unit(ago: timedelta, said: str) -> None:
    assert age_text(NOON - ago, NOON) == said
