"""The queries a read asks: keyset, bounds, spans that are halved, purged rows."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import responses

from adapters.salesforce.places import Changes, Ending, Loading, Rest, cursor_of, place_of
from connector.ports.crm import Ask
from connector.ports.errors import CrmField, CrmRefused
from tests.support.clocks import StillClock
from tests.unit.adapters.salesforce.orgs import DATA, answers, connect, logs_in, nothing_purged, page, row

NINE = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
EIGHT = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
REST = cursor_of(Rest(high=NINE, covered=NINE))


@pytest.fixture
def wire() -> Iterator[responses.RequestsMock]:
    """A wire that ends in an org which logs us in and has purged nothing."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        logs_in(mock)
        nothing_purged(mock)
        yield mock


def _lead(number: int, stamp: str = "2026-11-02T08:55:00.000+0000") -> dict[str, object]:
    return row(f"00Q0000000{number:05d}AAA", stamp, Email=f"p{number}@x.example")


@pytest.mark.parametrize(
    "place",
    [
        Loading(started=NINE, after="00Q000000000001AAA"),
        Changes(low=EIGHT, high=NINE, at=EIGHT, after="00Q000000000001AAA", covered=EIGHT),
        Changes(low=EIGHT, high=NINE, at=EIGHT, after="", covered=EIGHT),
        Ending(low=EIGHT, high=NINE, covered=EIGHT),
        Rest(high=NINE, covered=EIGHT),
    ],
)
def test_a_place_survives_its_cursor(place: Loading | Changes | Ending | Rest) -> None:
    assert place_of(cursor_of(place)) == place


@pytest.mark.parametrize(
    "cursor", [None, "", "nonsense", "{}", '{"v":1,"phase":"flying"}', '{"v":1,"phase":"rest","high":"soon"}', '{"v":99}']
)
def test_a_cursor_that_is_none_begins_the_first_load(cursor: str | None) -> None:
    assert place_of(cursor) is None


def test_the_first_load_goes_by_id_and_asks_only_what_it_needs(wire: responses.RequestsMock) -> None:
    full, rest = [_lead(number) for number in range(2000)], [_lead(2000)]
    asked = answers(wire, lambda soql: page(*rest) if "Id >" in soql else page(*full, done=False))

    pages = list(connect().read(Ask(source="Lead", fields=("Email",))))

    select = "SELECT Id,SystemModstamp,IsDeleted,MasterRecordId,ConvertedContactId,Email FROM Lead WHERE IsDeleted = false"
    assert asked == [f"{select} ORDER BY Id", f"{select} AND Id > '00Q000000001999AAA' ORDER BY Id LIMIT 2000"]
    assert [len(told.records) for told in pages] == [2000, 1]
    assert place_of(pages[-1].cursor) == Rest(high=NINE, covered=NINE)


def test_an_incremental_run_begins_ten_minutes_before_the_last_and_bounds_all_but_its_first_page(wire: responses.RequestsMock) -> None:
    full = [_lead(number) for number in range(2000)]
    asked = answers(wire, lambda soql: page() if "<=" in soql else page(*full))

    list(connect().read(Ask(source="Lead", fields=("Email",), cursor=REST)))

    first, second = (soql.partition(" WHERE ")[2] for soql in asked)
    assert first == "SystemModstamp >= 2026-11-02T08:50:00Z ORDER BY SystemModstamp,Id LIMIT 2000"
    assert second == (
        "SystemModstamp >= 2026-11-02T08:55:00Z AND (SystemModstamp > 2026-11-02T08:55:00Z OR (SystemModstamp = 2026-11-02T08:55:00Z"
        " AND Id > '00Q000000001999AAA')) AND SystemModstamp <= 2026-11-02T09:00:00Z ORDER BY SystemModstamp,Id LIMIT 2000"
    )


def test_a_span_that_takes_the_org_too_long_is_halved_and_then_finished(wire: responses.RequestsMock) -> None:
    def answer(soql: str) -> object:
        if "<= 2026-11-02T08:55:00Z" in soql:
            return page(_lead(1, "2026-11-02T08:54:00.000+0000"))
        if ">= 2026-11-02T08:55:00Z" in soql:
            return page(_lead(2, "2026-11-02T08:58:00.000+0000"))
        return 400, [{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}]

    asked = answers(wire, answer)

    pages = list(connect(clock=StillClock(NINE)).read(Ask(source="Lead", fields=("Email",), cursor=REST)))

    assert [record.key.id[10:15] for told in pages for record in told.records] == ["00001", "00002"]
    assert len(asked) == 3
    assert place_of(pages[-1].cursor) == Rest(high=NINE, covered=NINE)


def test_a_span_that_cannot_be_halved_any_more_is_an_error(wire: responses.RequestsMock) -> None:
    timeout = (400, [{"errorCode": "QUERY_TIMEOUT", "message": "Your query request was running for too long."}])
    asked = answers(wire, lambda _: timeout)

    with pytest.raises(CrmRefused):
        list(connect(clock=StillClock(NINE)).read(Ask(source="Lead", fields=("Email",), cursor=REST)))

    assert len(asked) <= 10


def test_a_purged_row_is_told_as_deleted_even_when_nothing_is_left_of_it(wire: responses.RequestsMock) -> None:
    wire.replace(
        responses.GET,
        f"{DATA}/sobjects/Lead/deleted/",
        json={
            "deletedRecords": [{"id": "00Q000000000007AAA", "deletedDate": "2026-11-02T08:59:30.000+0000"}],
            "earliestDateAvailable": "2026-10-20T00:00:00.000+0000",
            "latestDateCovered": "2026-11-02T08:57:00.000+0000",
        },
    )
    answers(wire, lambda _: page())

    pages = list(connect().read(Ask(source="Lead", fields=("Email",), cursor=REST)))

    (gone,) = [record for told in pages for record in told.records]
    assert (gone.key.id, gone.deleted, gone.modified_at) == ("00Q000000000007AAA", True, datetime(2026, 11, 2, 8, 59, 30, tzinfo=UTC))
    assert place_of(pages[-1].cursor) == Rest(high=NINE, covered=datetime(2026, 11, 2, 8, 57, tzinfo=UTC))


def test_a_merged_row_that_was_told_with_its_winner_is_not_told_again_as_purged(wire: responses.RequestsMock) -> None:
    wire.replace(
        responses.GET,
        f"{DATA}/sobjects/Lead/deleted/",
        json={
            "deletedRecords": [{"id": "00Q000000000001AAA", "deletedDate": "2026-11-02T08:59:30.000+0000"}],
            "earliestDateAvailable": "2026-10-20T00:00:00.000+0000",
            "latestDateCovered": "2026-11-02T09:00:00.000+0000",
        },
    )
    loser = {**_lead(1), "Id": "00Q000000000001AAA", "IsDeleted": True, "MasterRecordId": "00Q000000000002AAA"}
    asked = answers(wire, lambda _: page(loser))

    pages = list(connect().read(Ask(source="Lead", fields=("Email",), cursor=REST)))

    (told,) = [record for shown in pages for record in shown.records]
    assert told.survivor is not None
    assert told.survivor.id == "00Q000000000002AAA"
    assert len(asked) == 1


def test_after_three_weeks_away_purged_rows_are_asked_for_as_far_back_as_salesforce_knows(wire: responses.RequestsMock) -> None:
    three_weeks_ago = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
    answers(wire, lambda _: page())

    list(connect().read(Ask(source="Lead", fields=("Email",), cursor=cursor_of(Rest(high=three_weeks_ago, covered=three_weeks_ago)))))

    assert "start=2026-10-18T10%3A00%3A00%2B00%3A00" in str(wire.calls[-1].request.url)


def test_children_beyond_the_first_answer_are_fetched(wire: responses.RequestsMock) -> None:
    role = {"attributes": {"type": "OpportunityContactRole"}, "ContactId": "003000000000001AAA", "Role": "Champion"}
    more = {**role, "ContactId": "003000000000002AAA"}
    children = {"totalSize": 2, "done": False, "nextRecordsUrl": "/services/data/v66.0/query/01g-2", "records": [role]}
    deal = {
        "Id": "006000000000001AAA",
        "SystemModstamp": "2026-11-02T08:55:00.000+0000",
        "IsDeleted": False,
        "OpportunityContactRoles": children,
    }
    answers(wire, lambda _: page(deal))
    wire.add(responses.GET, f"{DATA}/query/01g-2", json={"totalSize": 2, "done": True, "records": [more]})

    (told,) = connect().read(Ask(source="Opportunity", fields=(), related=("Contact",)))

    assert told.records[0].fields["@Contact"] == [
        {"id": "003000000000001AAA", "role": "Champion"},
        {"id": "003000000000002AAA", "role": "Champion"},
    ]


def test_a_field_in_the_wrong_capitals_is_told_its_own_spelling(wire: responses.RequestsMock) -> None:
    answers(wire, lambda _: page(_lead(1)))

    with pytest.raises(CrmField, match="it is spelt Email"):
        list(connect().read(Ask(source="Lead", fields=("email",))))


@pytest.mark.parametrize("name", ["Email FROM User--", "Email, Name", "(SELECT Id FROM Tasks)", "", "1x"])
def test_what_is_no_name_is_not_asked(wire: responses.RequestsMock, name: str) -> None:
    asked = answers(wire, lambda _: page())

    with pytest.raises(CrmField):
        list(connect().read(Ask(source="Lead", fields=(name,))))

    assert asked == []


def test_a_condition_on_what_is_no_name_is_not_asked(wire: responses.RequestsMock) -> None:
    asked = answers(wire, lambda _: page())

    for ask in (
        Ask(source="Lead", fields=(), where={"Id != null OR Status": ("x",)}),
        Ask(source="Lead", fields=(), since=NINE, since_field="CreatedDate > 1 OR x"),
    ):
        with pytest.raises(CrmField):
            list(connect().read(ask))

    assert asked == []


def test_values_of_where_cannot_break_out(wire: responses.RequestsMock) -> None:
    asked = answers(wire, lambda _: page())

    list(connect().read(Ask(source="Lead", fields=("Email",), where={"Status": ("x') OR Id != ('", "y\\")})))

    assert r"Status IN ('x\') OR Id != (\'','y\\')" in asked[0]


def test_an_unknown_relation_is_named_with_the_known_ones(wire: responses.RequestsMock) -> None:
    with pytest.raises(CrmField, match="known: Account, Opportunity"):
        list(connect().read(Ask(source="Contact", fields=("Email",), related=("Tag",))))


def test_since_without_a_field_says_so(wire: responses.RequestsMock) -> None:
    with pytest.raises(CrmField, match="no field tells the time"):
        list(connect().read(Ask(source="Task", fields=("Subject",), since=NINE)))
