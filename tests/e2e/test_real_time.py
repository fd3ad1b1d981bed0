"""A change in a CRM, told by a hint, is in the CRM again as score, stage and task; whatever came in what order."""

import pytest

from tests.support.journeys import CRMS, Desk, Town
from tests.support.real_time import Lanes

TASKS = ("Task", "tasks")


@pytest.fixture(scope="module")
def home(small: Town) -> Town:
    """Everything live in both CRMs and written once."""

    def go_live(desk: Desk) -> None:
        desk.go_live("tasks")
        desk.ok("write-back")

    return small.after(go_live)


def quiet(desk: Desk) -> tuple[int, str, str]:
    """A cold lead whom only HubSpot knows, without a deal: person, contact, address."""
    ((person, contact, email),) = desk.rows(
        "SELECT l.person, min(m.id), p.email FROM ladder_states l JOIN members m ON m.person = l.person JOIN sources o ON o.no = m.source"
        " JOIN persons p ON p.id = l.person JOIN scores s ON s.person = l.person"
        " WHERE l.stage = 'lead' AND s.excluded = '' AND s.temperature = 'cold' AND o.source = 'contacts' AND s.fired = '{}'"
        " GROUP BY l.person HAVING count(*) = 1 ORDER BY l.person LIMIT 1"
    )
    return person, contact, email


def test_an_inquiry_told_by_a_hint_is_a_task_in_the_crm(desk: Desk, beside: Lanes) -> None:
    person, contact, email = quiet(desk)
    desk.inquires(email)

    beside.hint("hubspot", "contacts", contact)
    drained = beside.drain()["hubspot"].reread
    scored = beside.score()
    written = beside.write()

    assert (drained.read, drained.fresh, drained.failures) == (1, 1, ())
    assert scored >= 1
    assert written.tally == {"hubspot fields done": 1, "hubspot tasks done": 1}
    assert len(written.lags_s) == 1
    assert 0 < written.lags_s[0] < 60
    assert desk.rows("SELECT rule, state FROM follow_ups WHERE person = ?", person) == [("answer_inquiry", "open")]
    assert desk.value("hubspot", "contacts", contact, "hotlead_stage") == "mql"
    assert beside.waiting() == {}


def test_our_own_write_back_ends_at_the_input_fingerprint(desk: Desk, beside: Lanes) -> None:
    _, contact, email = quiet(desk)
    desk.inquires(email)
    beside.hint("hubspot", "contacts", contact)
    beside.settle()
    runs = len(beside.runs())
    desk.forget_counts()

    beside.hint("hubspot", "contacts", contact)
    echo = beside.drain()["hubspot"].reread

    assert (echo.read, echo.people) == (1, 0)
    assert beside.waiting() == {}
    assert beside.score() == 0
    assert beside.write().tally == {}
    assert desk.writes() == {}
    assert len(beside.runs()) == runs


def test_everything_hinted_at_again_writes_nothing(desk: Desk, beside: Lanes) -> None:
    for crm in CRMS:
        for (source,) in desk.rows("SELECT source FROM sources WHERE connection = ?", crm):
            ids = desk.rows("SELECT r.id FROM raw r JOIN sources o ON o.no = r.source WHERE o.connection = ? AND o.source = ?", crm, source)
            beside.hint(crm, source, *(one for (one,) in ids))

    drained = beside.drain()

    assert {name: (one.reread.people, one.reread.failures) for name, one in drained.items()} == dict.fromkeys(CRMS, (0, ()))
    assert beside.waiting() == {}
    assert beside.write().tally == {}
    assert desk.writes() == {}
