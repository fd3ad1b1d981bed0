"""What HubSpot tells by itself, over a socket to the sandbox: webhooks of every kind, the shipped subscriptions, the journal."""

import json
from pathlib import Path
from typing import Any

import pytest
import requests

from adapters import hubspot
from adapters.hubspot.adapter import KIND
from connector.ports.crm import Crm, Write
from connector.ports.errors import CrmAuth, CrmRefused, CursorExpired
from connector.ports.hooks import Hint, HintKind
from tests.support.canned import canned_server
from tests.support.connected_portal import Portal, key_of
from tests.support.push_receiver import receiving


@pytest.fixture
def portal(empty: Portal) -> Portal:
    """A portal of one's own: what it tells is what this test did."""
    return empty


def test_pushed_merges_links_and_erasures_hint_at_every_record_they_touch(portal: Portal) -> None:
    crm, order = portal.open(), portal.sandbox.order
    winner, loser, erased, company = portal.contact("Winner"), portal.contact("Loser"), portal.contact("Erased"), portal.company("Linked")
    types = ("merge", "associationChange", "privacyDeletion", "restore", "deletion")
    with receiving() as listener:
        lines = [{"subscriptionType": f"contact.{one}"} for one in types]
        order("pushes", {"target": f"{listener.url}/hooks/hs", "secret": "s", "subscriptions": lines})
        merged = order("acts", {"act": "merge", "source": "contacts", "winner": winner, "losers": [loser]})["id"]
        portal.api("PUT", f"/crm/v4/objects/contacts/{merged}/associations/default/companies/{company}")
        portal.api("POST", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": erased})
        order("pushes/flush", {})
        requests.delete(f"{portal.sandbox.url}/_sandbox/pushes", timeout=10).raise_for_status()
    bodies = [one.body for one in listener.received]

    hints = [one for body in bodies for one in KIND.hooks.split(body)]
    about = {(one.source, one.record, one.kind) for one in hints if isinstance(one, Hint)}
    reread = list(crm.reread(source="contacts", ids=[winner, loser, merged], fields=["email"], related=["companies"]))

    changed = {("contacts", one, HintKind.CHANGED) for one in (winner, loser, merged)} | {("companies", company, HintKind.CHANGED)}
    assert about >= changed | {("contacts", erased, HintKind.ERASED), ("contacts", erased, HintKind.DELETED)}
    assert all(isinstance(one, Hint) for one in hints)
    assert len({one.event for one in hints if isinstance(one, Hint)}) == len(hints)
    assert [(row.deleted, row.survivor) for row in reread] == [(True, key_of(merged)), (True, key_of(merged)), (False, None)]
    links = reread[2].fields["@companies"]
    assert isinstance(links, list)
    assert company in [link["id"] for link in links if isinstance(link, dict)]


def test_the_shipped_subscriptions_are_taken_and_their_pushes_are_read(portal: Portal) -> None:
    package = Path(hubspot.__file__).parent / "package" / "webhooks-hsmeta.json"
    subscriptions = json.loads(package.read_text(encoding="utf-8"))["config"]["subscriptions"]
    with receiving() as listener:
        portal.sandbox.order("pushes", {"target": f"{listener.url}/hooks/hs", "secret": "s", "subscriptions": subscriptions})
        contact = portal.contact("Shipped")
        portal.sandbox.edit("contacts", contact, {"jobtitle": "Head of Pushes"})
        list(portal.open().write([Write(key=key_of(contact), fields={"hotlead_score": 12})]))
        portal.sandbox.order("pushes/flush", {})
        requests.delete(f"{portal.sandbox.url}/_sandbox/pushes", timeout=10).raise_for_status()

    hints = [one for request in listener.received for one in KIND.hooks.split(request.body)]
    bodies = b"".join(request.body for request in listener.received)

    assert all(isinstance(one, Hint) for one in hints)
    assert ("contacts", contact) in {(one.source, one.record) for one in hints if isinstance(one, Hint)}
    assert b'"jobtitle"' in bodies
    assert b"hotlead_" not in bodies


def _with_journal(portal: Portal, **changed: str) -> Crm:
    keys = portal.sandbox.credentials
    return portal.open(**{"journal_client_id": keys["client_id"], "journal_client_secret": keys["client_secret"], **changed})


def test_the_journal_tells_what_changed_from_cursor_to_cursor(portal: Portal) -> None:
    feed = _with_journal(portal).feed()
    assert feed is not None
    assert list(feed.hints(None)) == []
    one, two, company = portal.contact("One"), portal.contact("Two"), portal.company("Linked")
    (page,) = feed.hints(None)
    merged = portal.sandbox.order("acts", {"act": "merge", "source": "contacts", "winner": one, "losers": [two]})["id"]
    portal.sandbox.edit("companies", company, {"name": "Renamed"})
    portal.sandbox.delete("companies", company)

    later = list(feed.hints(page.cursor))
    again = list(feed.hints(page.cursor))

    told = {(one.source, one.record, one.kind) for page in later for one in page.told if isinstance(one, Hint)}
    assert {("contacts", one, HintKind.CHANGED), ("contacts", two, HintKind.CHANGED)} <= {
        (hint.source, hint.record, hint.kind) for hint in page.told if isinstance(hint, Hint)
    }
    assert {("contacts", record, HintKind.CHANGED) for record in (one, two, merged)} <= told
    assert {("companies", company, HintKind.CHANGED), ("companies", company, HintKind.DELETED)} <= told
    assert all(isinstance(hint, Hint) and hint.at for page in later for hint in page.told)
    assert again == later
    assert list(feed.hints(later[-1].cursor)) == []


def test_an_offset_older_than_the_journal_asks_for_a_pull(portal: Portal) -> None:
    feed = _with_journal(portal).feed()
    assert feed is not None
    list(feed.hints(None))
    portal.contact("Old")
    (page,) = feed.hints(None)
    portal.sandbox.advance(4 * 24 * 3600)

    with pytest.raises(CursorExpired) as expired:
        list(feed.hints(page.cursor))

    assert "pull" in str(expired.value)
    assert list(feed.hints(None)) == []


def test_the_journal_asks_for_one_token_and_one_subscription_each(portal: Portal) -> None:
    crm = _with_journal(portal)
    feed = crm.feed()
    assert feed is not None
    list(feed.hints(None))
    first = dict(crm.usage().calls)
    list(feed.hints(None))

    # Six kinds of record and four of links are subscribed to; then one look at the list of them and one at the journal.
    assert first["auth"] == 1
    assert first["read"] == 1 + 10 + 1
    assert crm.usage().calls["read"] == first["read"] + 2


def test_an_app_that_hubspot_does_not_know_is_told_without_its_secret(portal: Portal) -> None:
    feed = _with_journal(portal, journal_client_secret="wrong-and-not-to-be-seen").feed()
    assert feed is not None

    with pytest.raises(CrmAuth) as refused:
        list(feed.hints(None))

    assert "not-to-be-seen" not in str(refused.value) + repr(refused.value.__cause__)


def test_without_an_app_there_is_no_feed(portal: Portal) -> None:
    assert portal.open().feed() is None


def test_a_journal_token_that_ended_is_renewed_once(portal: Portal) -> None:
    crm = _with_journal(portal)
    feed = crm.feed()
    assert feed is not None
    list(feed.hints(None))
    portal.contact("Later")
    portal.sandbox.advance(31 * 60)

    pages = list(feed.hints(None))

    assert len(pages) == 1
    assert crm.usage().calls["auth"] == 2


@pytest.mark.parametrize(
    "address", ["http://169.254.169.254/latest/meta-data", "file:///etc/passwd", "//evil.example/x", "{base}.evil.example/x"]
)
def test_a_journal_file_at_an_unsafe_address_is_not_fetched(address: str) -> None:
    entry: dict[str, Any] = {"body": {"url": address, "currentOffset": "1", "expiresAt": ""}}
    answers: dict[str, dict[str, Any]] = {
        "POST /oauth/2026-03/token": {"body": {"access_token": "t", "expires_in": 1800}},
        "GET /webhooks-journal/journal/2026-03/offset/0/next": entry,
    }
    with canned_server(answers) as url:
        app = {"journal_client_id": "a", "journal_client_secret": "not-to-be-seen"}
        feed = KIND.open(connection="hs", settings={"token": "t", "base_url": url, **app}).feed()
        assert feed is not None

        with pytest.raises(CrmRefused) as refused:
            list(feed.hints("0"))

    assert refused.value.code == "JOURNAL_FILE_ADDRESS"
