"""Salesforce's change events as a feed of hints, over gRPC to the sandbox: what changed, gaps, replay, tokens, refusals."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.kit.retry import RetryPolicy
from adapters.salesforce.adapter import KIND, SalesforceCrm
from connector.core.records import RecordKey
from connector.ports.crm import Write
from connector.ports.errors import CrmLimit, CrmRefused, CrmUnreachable, CursorExpired
from connector.ports.hooks import BadEvent, Hint, HintFeed, HintKind, HintPage
from tests.support.sandboxes import Sandbox, running_sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Org:
    """A served org with a connection that asks for change events."""

    sandbox: Sandbox
    crm: SalesforceCrm

    @property
    def feed(self) -> HintFeed:
        feed = self.crm.feed()
        assert feed is not None
        return feed

    def lead(self, name: str) -> str:
        return self.sandbox.create("Lead", {"LastName": name, "Company": "Acme"})

    def tell(self, change: str, *ids: str) -> None:
        self.sandbox.order("pubsub/events", {"change": change, "object": "Lead", "ids": list(ids)})


def opened(sandbox: Sandbox, **changed: str) -> SalesforceCrm:
    settings = {**KIND.sandbox_settings(url=sandbox.url, credentials=sandbox.credentials), **changed}
    return KIND.open(connection="sf", settings=settings, policy=RetryPolicy(tries=2, first_wait_s=0.01, longest_wait_s=0.01))


@pytest.fixture
def org() -> Iterator[Org]:
    with running_sandbox("salesforce", people=0, options=("--pubsub",)) as sandbox:
        crm = opened(sandbox)
        yield Org(sandbox=sandbox, crm=crm)
        crm.close()


def told(pages: Sequence[HintPage]) -> list[tuple[str, str, HintKind]]:
    hints = [one for page in pages for one in page.told if isinstance(one, Hint)]
    return [(one.source, one.record, one.kind) for one in hints]


def test_what_people_do_is_told_from_cursor_to_cursor(org: Org) -> None:
    lead = org.lead("One")
    first = list(org.feed.hints(None))
    org.sandbox.edit("Lead", lead, {"Title": "Buyer"})
    org.sandbox.delete("Lead", lead)
    org.sandbox.act("undelete", source="Lead", record=lead)
    contact = org.sandbox.create("Contact", {"LastName": "Two"})

    later = list(org.feed.hints(first[-1].cursor))
    again = list(org.feed.hints(first[-1].cursor))
    end = list(org.feed.hints(later[-1].cursor))

    changed, deleted = HintKind.CHANGED, HintKind.DELETED
    assert told(first) == [("Lead", lead, changed)]
    assert told(later) == [
        ("Lead", lead, changed),
        ("Lead", lead, deleted),
        ("Lead", lead, changed),
        ("Contact", contact, changed),
    ]
    hints = [one for page in (*first, *later) for one in page.told if isinstance(one, Hint)]
    assert len({one.event for one in hints}) == 5
    assert all(one.at is not None and abs(one.at - datetime.now(UTC)) < timedelta(minutes=5) for one in hints)
    assert [one for page in again for one in page.told] == [one for page in later for one in page.told]
    assert end == []


def test_more_events_than_may_be_outstanding_come_all_and_once(org: Org) -> None:
    ids = [f"00Q{number:012d}" for number in range(260)]
    for record in ids:
        org.tell("UPDATE", record)

    pages = list(org.feed.hints(None))

    records = [record for _, record, _ in told(pages)]
    assert [record[:15] for record in records] == ids
    assert max(len(page.told) for page in pages) <= 100


def test_an_event_of_several_records_hints_at_each(org: Org) -> None:
    one, two = org.lead("One"), org.lead("Two")
    cursor = list(org.feed.hints(None))[-1].cursor
    org.tell("UPDATE", one, two)
    org.tell("GAP_UPDATE", one)
    org.tell("GAP_DELETE", two)

    pages = list(org.feed.hints(cursor))

    assert told(pages) == [
        ("Lead", one, HintKind.CHANGED),
        ("Lead", two, HintKind.CHANGED),
        ("Lead", one, HintKind.CHANGED),
        ("Lead", two, HintKind.DELETED),
    ]
    assert not any(page.pull_wanted for page in pages)


@pytest.mark.parametrize(("change", "ids"), [("GAP_OVERFLOW", ()), ("UPDATE", ("00Q*",))])
def test_an_event_that_stands_for_records_it_does_not_name_asks_for_a_pull_once(org: Org, change: str, ids: tuple[str, ...]) -> None:
    org.tell(change, *ids)

    pages = list(org.feed.hints(None))
    later = list(org.feed.hints(pages[-1].cursor))

    assert ([page.pull_wanted for page in pages], told(pages)) == ([True], [])
    assert later == []


def test_what_is_no_record_id_is_counted_and_the_others_go_on(org: Org) -> None:
    lead = org.lead("One")
    cursor = list(org.feed.hints(None))[-1].cursor
    org.tell("UPDATE", "<not-an-id>", lead)

    (page,) = org.feed.hints(cursor)

    bad, good = page.told
    assert isinstance(bad, BadEvent)
    assert "not-an-id" not in bad.reason
    assert isinstance(good, Hint) and good.record == lead


def test_our_own_writes_are_hints_too(org: Org) -> None:
    lead = org.lead("One")
    list(org.crm.install())
    cursor = list(org.feed.hints(None))[-1].cursor

    (outcome,) = org.crm.write([Write(key=RecordKey("sf", "Lead", lead), fields={"Hotlead_Score__c": 7})])

    assert outcome.ok
    assert told(list(org.feed.hints(cursor))) == [("Lead", lead, HintKind.CHANGED)]


@pytest.mark.parametrize("cursor", [base64.b64encode(b"\xff" * 10).decode(), base64.b64encode(b"short").decode(), "no base64 at all"])
def test_a_place_that_salesforce_does_not_know_asks_for_a_pull(org: Org, cursor: str) -> None:
    with pytest.raises(CursorExpired, match="a pull finds"):
        list(org.feed.hints(cursor))


def test_a_place_behind_which_something_is_no_longer_kept_is_over(org: Org) -> None:
    org.lead("One")
    (first,) = org.feed.hints(None)
    org.lead("Two")
    (second,) = org.feed.hints(first.cursor)
    org.sandbox.advance(73 * 3600)

    with pytest.raises(CursorExpired):
        list(org.feed.hints(first.cursor))
    assert list(org.feed.hints(second.cursor)) == []
    assert list(org.feed.hints(None)) == []


def test_a_keep_alive_ends_the_look_and_its_place_is_stored(org: Org) -> None:
    org.sandbox.order("pubsub/mischief", {"keep_alive_s": 0.2})
    lead = org.lead("One")

    pages = list(org.feed.hints(None))
    later = list(org.feed.hints(pages[-1].cursor))

    assert [len(page.told) for page in pages] == [1, 0]
    assert told(pages) == [("Lead", lead, HintKind.CHANGED)]
    assert [(page.told, page.cursor) for page in later] == [((), pages[-1].cursor)]


def test_a_token_that_ended_is_renewed_and_the_look_goes_on(org: Org) -> None:
    lead = org.lead("One")
    org.crm.identity()
    org.sandbox.advance(3 * 3600)

    pages = list(org.feed.hints(None))

    assert told(pages) == [("Lead", lead, HintKind.CHANGED)]
    assert org.crm.usage().calls["auth"] == 2


@pytest.mark.parametrize(
    ("status", "error"), [("UNAVAILABLE", CrmUnreachable), ("RESOURCE_EXHAUSTED", CrmLimit), ("PERMISSION_DENIED", CrmRefused)]
)
def test_refusals_are_told_apart_and_without_the_token(org: Org, status: str, error: type[Exception]) -> None:
    org.sandbox.order("pubsub/mischief", {"refuse": status})

    with pytest.raises(error) as raised:
        list(org.feed.hints(None))

    shown = repr(raised.value) + str(raised.value.__cause__) + str(raised.value.__context__)
    assert "!AQ" not in shown


def test_a_channel_that_is_not_there_is_named(org: Org) -> None:
    feed = opened(org.sandbox, change_events="/data/Nothing__chn").feed()
    assert feed is not None

    with pytest.raises(CrmRefused, match="Nothing__chn"):
        list(feed.hints(None))


def test_a_look_makes_no_rest_calls(org: Org) -> None:
    org.lead("One")
    list(org.feed.hints(None))
    before: dict[str, Any] = dict(org.crm.usage().calls)

    list(org.feed.hints(None))

    assert org.crm.usage().calls == before


def test_without_the_setting_there_is_no_feed_and_check_says_how_to_have_one(org: Org) -> None:
    crm = opened(org.sandbox, change_events="")

    assert crm.feed() is None
    assert "NO_CHANGE_EVENTS" in {finding.code for finding in crm.check(reads={}, writes={})}
    assert "NO_CHANGE_EVENTS" not in {finding.code for finding in org.crm.check(reads={}, writes={})}
