"""The Salesforce sandbox through the unchanged simple-salesforce over a socket: what its documentation promises."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.server import serving
from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.kit.sandbox.world import World
from adapters.salesforce.sandbox.app import make_app
from adapters.salesforce.sandbox.oauth import ConnectedApp
from adapters.salesforce.sandbox.org import Org, OrgSettings
from adapters.salesforce.sandbox.seed import seed_org
from adapters.salesforce.sandbox.seed_setup import API_USERNAME
from tests.support.sandboxes import running_sandbox

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
APP = ConnectedApp(client_id="key-of-app", client_secret="secret-of-app", public_key=PRIVATE_KEY.public_key())
METADATA = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


class Redirect(HTTPAdapter):
    """Sends every https call to the sandbox, and remembers the last answer's headers."""

    def __init__(self, base: str) -> None:
        self._base = urlsplit(base)
        self.headers: Any = {}
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        asked = urlsplit(str(request.url))
        request.url = urlunsplit((self._base.scheme, self._base.netloc, asked.path, asked.query, ""))
        answer = super().send(request, *args, **more)
        self.headers = answer.headers
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An org that is being served; `wire` is the adapter below its client."""

    url: str
    org: Org
    session: requests.Session
    wire: Redirect
    client: Any

    def log_in(self, **credentials: Any) -> Any:
        return Salesforce(session=self.session, version="66.0", object_pairs_hook=dict, **credentials)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()


def _serve(*, people: int = 0, settings: OrgSettings | None = None) -> Iterator[Served]:
    control = Control(clock=SandboxClock(start=NOW))
    org = Org(database=SandboxDatabase(), control=control, settings=settings or OrgSettings())
    seed_org(org, World(people=people, seed=1, now=NOW))
    with serving(make_app(org, APP), control=control) as url:
        session, wire = requests.Session(), Redirect(url)
        session.mount("https://", wire)
        login: dict[str, Any] = {"consumer_key": APP.client_id, "consumer_secret": APP.client_secret, "domain": "acme.my"}
        client = Salesforce(session=session, version="66.0", object_pairs_hook=dict, **login)
        yield Served(url=url, org=org, session=session, wire=wire, client=client)


@pytest.fixture
def served() -> Iterator[Served]:
    """An org without people."""
    yield from _serve()


@pytest.fixture(scope="module")
def crowded() -> Iterator[Served]:
    """An org of 900 seeded people and 4,500 more leads with one equal stamp; only read from."""
    for made in _serve(people=900):
        rows = [{"attributes": {"type": "Lead"}, "LastName": f"Lead {n}", "Company": "Equal"} for n in range(4500)]
        made.org.control.clock.adjust(frozen=True)
        for start in range(0, len(rows), 200):
            body = {"records": rows[start : start + 200]}
            assert all(one["success"] for one in made.client.restful("composite/sobjects", method="POST", json=body))
        made.org.control.clock.adjust(frozen=False)
        yield made


def _error(failure: Any) -> tuple[int, str]:
    return failure.value.status, failure.value.content[0]["errorCode"]


def _lead(served: Served, **values: Any) -> str:
    return str(served.client.Lead.create({"LastName": "Abe", "Company": "Oak", **values})["id"])


def _package(*, fields: str, permissions: str = "", owner: str = "Lead", named: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        manifest = named or "<types><members>*</members><name>CustomField</name></types>"
        archive.writestr("package.xml", f"<Package {METADATA}>{manifest}<version>66.0</version></Package>")
        if fields:
            archive.writestr(f"objects/{owner}.object", f"<CustomObject {METADATA}>{fields}</CustomObject>")
        if permissions:
            body = f"<PermissionSet {METADATA}><label>Scores</label>{permissions}</PermissionSet>"
            archive.writestr("permissionsets/Scores.permissionset", body)
    return out.getvalue()


SCORE = "<fields><fullName>Score__c</fullName><label>Score</label><type>Number</type><precision>3</precision><scale>0</scale></fields>"
KEY = (
    "<fields><fullName>Key__c</fullName><label>Key</label><type>Text</type><length>80</length>"
    "<externalId>true</externalId><unique>true</unique></fields>"
)


def _grant(path: str) -> str:
    return f"<fieldPermissions><field>{path}</field><readable>true</readable><editable>true</editable></fieldPermissions>"


def _deploy(served: Served, package: bytes, **options: Any) -> dict[str, Any]:
    """The finished result, after as many questions as it takes."""
    options = {"singlePackage": True, "testLevel": "NoTestRun", **options}
    base = f"{served.url}/services/data/v66.0/metadata/deployRequest"
    bearer = {"Authorization": f"Bearer {served.client.session_id}"}
    parts: Any = {
        "json": (None, json.dumps({"deployOptions": options}), "application/json"),
        "file": ("deploy.zip", package, "application/zip"),
    }
    started = requests.post(base, files=parts, headers=bearer, timeout=10)
    assert started.status_code == 201, started.text
    for _ in range(5):
        asked = requests.get(f"{base}/{started.json()['id']}?includeDetails=true", headers=bearer, timeout=10).json()
        if asked["deployResult"]["done"]:
            return dict(asked["deployResult"])
    raise AssertionError("the deploy never ended")


def _install_key(served: Served) -> None:
    done = _deploy(served, _package(fields=KEY, owner="Activity", permissions=_grant("Task.Key__c")))
    assert done["success"], done["details"]["componentFailures"]
    _assign(served, "Scores")


def _assign(served: Served, name: str) -> None:
    (found,) = served.client.query(f"SELECT Id FROM PermissionSet WHERE Name = '{name}'")["records"]
    (user,) = served.client.query(f"SELECT Id FROM User WHERE Username = '{API_USERNAME}'")["records"]
    served.client.PermissionSetAssignment.create({"PermissionSetId": found["Id"], "AssigneeId": user["Id"]})


def test_client_credentials_give_a_token_that_works_and_a_limit_header(served: Served) -> None:
    assert served.client.query("SELECT COUNT() FROM LeadStatus")["totalSize"] == 5
    assert served.wire.headers["Sforce-Limit-Info"] == "api-usage=1/100000"
    assert served.client.api_usage["api-usage"].used == 1


@pytest.mark.parametrize(
    ("key", "secret", "code"), [("wrong", "secret-of-app", "invalid_client_id"), ("key-of-app", "wrong", "invalid_client")]
)
def test_wrong_client_is_refused(served: Served, key: str, secret: str, code: str) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as failure:
        served.log_in(consumer_key=key, consumer_secret=secret, domain="acme.my")

    assert failure.value.code == code


def test_token_in_the_form_instead_of_the_header(served: Served) -> None:
    form = {"grant_type": "client_credentials", "client_id": APP.client_id, "client_secret": APP.client_secret}
    answer = requests.post(f"{served.url}/services/oauth2/token", data=form, timeout=10).json()

    assert set(answer) >= {"access_token", "instance_url", "id", "token_type", "issued_at", "signature"}
    assert answer["instance_url"] == served.url


def _pem(key: rsa.RSAPrivateKey) -> str:
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, shape, serialization.NoEncryption()).decode()


def test_jwt_signed_with_the_registered_key_logs_in(served: Served) -> None:
    client = served.log_in(username=API_USERNAME, consumer_key=APP.client_id, privatekey=_pem(PRIVATE_KEY), domain="acme.my")

    assert client.query("SELECT COUNT() FROM LeadStatus")["totalSize"] == 5


@pytest.mark.filterwarnings("ignore:(?s).*connected app policy:UserWarning")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"privatekey": _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))}, "invalid_grant"),
        ({"username": "nobody@nowhere.example"}, "invalid_grant"),
        ({"consumer_key": "wrong"}, "invalid_client_id"),
    ],
)
def test_jwt_that_does_not_fit_is_refused(served: Served, change: dict[str, str], code: str) -> None:
    good = {"username": API_USERNAME, "consumer_key": APP.client_id, "privatekey": _pem(PRIVATE_KEY), "domain": "acme.my"}

    with pytest.raises(SalesforceAuthenticationFailed) as failure:
        served.log_in(**{**good, **change})

    assert failure.value.code == code


def test_expired_token_is_401_invalid_session_id(served: Served) -> None:
    direct = served.log_in(session_id=served.client.session_id, instance_url=served.url.replace("http:", "https:"))
    served.control("PUT", "clock", {"advance_s": 7201})

    with pytest.raises(SalesforceExpiredSession) as failure:
        direct.restful("limits")

    assert _error(failure) == (401, "INVALID_SESSION_ID")


def test_client_logs_in_again_by_itself_after_an_expired_token(served: Served) -> None:
    served.control("POST", "faults", {"path": "*/query*", "fault": "expired_token", "times": 1})

    assert served.client.query("SELECT COUNT() FROM LeadStatus")["totalSize"] == 5
    calls = served.control("GET", "counters")["calls"]
    assert calls["POST /services/oauth2/token"] == 2


def test_daily_limit_refuses_further_calls_until_the_window_moves_on(served: Served) -> None:
    served.control("POST", "api_usage", {"calls": 100_000})

    with pytest.raises(SalesforceRefusedRequest) as failure:
        served.client.query("SELECT Id FROM Lead")
    assert _error(failure) == (403, "REQUEST_LIMIT_EXCEEDED")

    served.control("PUT", "clock", {"advance_s": 86_401})
    again = served.log_in(consumer_key=APP.client_id, consumer_secret=APP.client_secret, domain="acme.my")
    assert again.limits()["DailyApiRequests"] == {"Max": 100_000, "Remaining": 99_999}


@pytest.mark.parametrize("version", ["31.0", "59.0", "68.0"])
def test_versions_in_service_answer_under_their_own_path(served: Served, version: str) -> None:
    client = Salesforce(
        session=served.session, version=version, consumer_key=APP.client_id, consumer_secret=APP.client_secret, domain="acme.my"
    )

    (record,) = client.query("SELECT Id FROM Organization")["records"]

    assert record["attributes"]["url"].startswith(f"/services/data/v{version}/sobjects/Organization/00D")


@pytest.mark.parametrize("version", ["30.0", "69.0", "66", "66.1"])
def test_other_versions_are_not_found(served: Served, version: str) -> None:
    answer = requests.get(f"{served.url}/services/data/v{version}/limits", timeout=10)

    assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_query_longer_than_the_uri_limit_is_414(served: Served) -> None:
    bearer = {"Authorization": f"Bearer {served.client.session_id}"}
    soql = f"SELECT Id FROM Lead WHERE LastName = '{'x' * 17_000}'"

    answer = requests.get(f"{served.url}/services/data/v66.0/query", params={"q": soql}, headers=bearer, timeout=10)

    assert answer.status_code == 414


def test_query_pages_through_everything_once(crowded: Served) -> None:
    soql = "SELECT Id, LastName FROM Lead WHERE Company = 'Equal' ORDER BY SystemModstamp, Id"
    first = crowded.client.query(soql)

    assert (first["totalSize"], first["done"], len(first["records"])) == (4500, False, 2000)
    assert first["nextRecordsUrl"].startswith("/services/data/v66.0/query/01g")
    assert first["nextRecordsUrl"].endswith("-2000")
    ids = [record["Id"] for record in crowded.client.query_all_iter(soql)]
    assert len(ids) == len(set(ids)) == 4500
    assert ids == sorted(ids)


def test_batch_size_is_asked_for_by_header(crowded: Served) -> None:
    headers = {"Sforce-Query-Options": "batchSize=250"}

    page = crowded.client.restful("query", params={"q": "SELECT Id FROM Lead"}, headers=headers)

    assert len(page["records"]) == 250
    assert page["nextRecordsUrl"].endswith("-250")


def test_unknown_cursor_is_refused(crowded: Served) -> None:
    with pytest.raises(SalesforceMalformedRequest) as failure:
        crowded.client.query_more("01gHs0000000999IAA-2000")

    assert _error(failure) == (400, "INVALID_QUERY_LOCATOR")


def test_describe_tells_types_limits_and_permissions(served: Served) -> None:
    fields = {field["name"]: field for field in served.client.Lead.describe()["fields"]}

    assert (fields["Email"]["type"], fields["Email"]["length"], fields["Email"]["updateable"]) == ("email", 80, True)
    assert fields["SystemModstamp"]["updateable"] is False
    assert fields["Description"]["filterable"] is False
    assert fields["OwnerId"]["referenceTo"] == ["Group", "User"]
    assert [value["value"] for value in fields["Status"]["picklistValues"]] == ["New", "Contacted", "Nurturing", "Qualified", "Unqualified"]
    assert fields["LastName"]["nillable"] is False
    assert not [name for name in fields if name.startswith("Hotlead")]


def test_record_answers_by_short_and_long_id_with_nulls_present(served: Served) -> None:
    lead = _lead(served)

    read = served.client.Lead.get(lead[:15])

    assert read["Id"] == lead
    assert read["Email"] is None
    assert served.client.Lead.get(lead, params={"fields": "Status"}).keys() == {"attributes", "Status", "Id"}


def test_deleted_and_updated_list_the_changes_of_a_window(served: Served) -> None:
    kept, gone = _lead(served), _lead(served)
    served.client.Lead.delete(gone)
    served.control("PUT", "clock", {"advance_s": 5})
    start, end = NOW - timedelta(days=1), NOW + timedelta(days=1)

    deleted, updated = served.client.Lead.deleted(start, end), served.client.Lead.updated(start, end)

    assert [one["id"] for one in deleted["deletedRecords"]] == [gone]
    assert updated["ids"] == [kept]
    assert deleted["latestDateCovered"] < "2026-11-20T09:01"
    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.Lead.deleted(NOW - timedelta(days=16), end)
    assert _error(failure) == (400, "INVALID_REPLICATION_DATE")


def test_bulk_query_job_gives_csv_pages(crowded: Served) -> None:
    pages = list(crowded.client.bulk2.Lead.query("SELECT Id, IsConverted, Email, Owner.Name FROM Lead", max_records=3000, wait=0.01))

    rows = [row for page in pages for row in csv.DictReader(io.StringIO(page))]
    total = crowded.client.query("SELECT COUNT() FROM Lead")["totalSize"]
    assert len(pages) == -(-total // 3000)
    assert len({row["Id"] for row in rows}) == total
    assert set(rows[0]) == {"Id", "IsConverted", "Email", "Owner.Name"}
    assert {row["IsConverted"] for row in rows} == {"true", "false"}


def test_collection_gives_each_row_its_own_result_in_order(served: Served) -> None:
    good, gone = _lead(served), _lead(served)
    served.client.Lead.delete(gone)
    rows = [
        {"attributes": {"type": "Lead"}, "Id": good, "Rating": "Hot"},
        {"attributes": {"type": "Lead"}, "Id": good, "LastName": "x" * 81},
        {"attributes": {"type": "Lead"}, "Id": gone, "Rating": "Hot"},
        {"attributes": {"type": "Lead"}, "id": good[:15], "Title": "CTO"},
    ]

    done = served.client.restful("composite/sobjects", method="PATCH", json={"allOrNone": False, "records": rows})

    assert [one["success"] for one in done] == [True, False, False, True]
    assert [one["errors"][0]["statusCode"] for one in done if not one["success"]] == ["STRING_TOO_LONG", "ENTITY_IS_DELETED"]
    assert done[1]["errors"][0]["fields"] == ["LastName"]
    read = served.client.Lead.get(good)
    assert (read["Rating"], read["Title"], read["LastName"]) == ("Hot", "CTO", "Abe")


def test_all_or_none_takes_everything_back(served: Served) -> None:
    rows = [{"attributes": {"type": "Lead"}, "LastName": "A", "Company": "x"}, {"attributes": {"type": "Lead"}, "LastName": "B"}]

    done = served.client.restful("composite/sobjects", method="POST", json={"allOrNone": True, "records": rows})

    assert [one["errors"][0]["statusCode"] for one in done] == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert served.client.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([{"attributes": {"type": "Lead"}, "LastName": "A", "Company": "x"}] * 201, "EXCEEDED_ID_LIMIT"),
        ([{"attributes": {"type": name}, "LastName": "A"} for _ in range(6) for name in ("Lead", "Contact")], "LIMIT_EXCEEDED"),
        ([{"attributes": {"type": "Lead"}, "LastName": "A", "Company": "x", "Nope__c": 1}], "INVALID_FIELD"),
        ([{"attributes": {"type": "Nope"}, "LastName": "A"}], "INVALID_TYPE"),
    ],
)
def test_collection_that_is_not_well_formed_fails_whole(served: Served, rows: list[dict[str, Any]], code: str) -> None:
    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.restful("composite/sobjects", method="POST", json={"records": rows})

    assert _error(failure) == (400, code)
    assert served.client.query("SELECT COUNT() FROM Lead")["totalSize"] == 0


def test_task_upserted_twice_by_its_key_is_one_task(served: Served) -> None:
    _install_key(served)
    lead = _lead(served)
    body = {"records": [{"attributes": {"type": "Task"}, "Key__c": "k-1", "WhoId": lead, "Subject": "Call Abe"}]}

    done = [served.client.restful("composite/sobjects/Task/Key__c", method="PATCH", json=body)[0] for _ in range(2)]

    assert [one["created"] for one in done] == [True, False]
    assert done[0]["id"] == done[1]["id"]
    assert served.client.query("SELECT COUNT() FROM Task")["totalSize"] == 1


def test_upsert_survives_a_connection_cut_after_the_effect(served: Served) -> None:
    _install_key(served)
    served.control("POST", "faults", {"path": "*/composite/sobjects/Task/*", "fault": "reset_after", "calls": [1]})
    body = {"records": [{"attributes": {"type": "Task"}, "Key__c": "k-1", "Subject": "Call"}]}

    with pytest.raises(requests.ConnectionError):
        served.client.restful("composite/sobjects/Task/Key__c", method="PATCH", json=body)
    again = served.client.restful("composite/sobjects/Task/Key__c", method="PATCH", json=body)

    assert again[0]["created"] is False


def test_same_key_twice_in_one_call_is_refused_and_a_taken_key_too(served: Served) -> None:
    _install_key(served)
    rows = [{"attributes": {"type": "Task"}, "Key__c": "K-1", "Subject": "x"}, {"attributes": {"type": "Task"}, "Key__c": "k-1"}]

    done = served.client.restful("composite/sobjects/Task/Key__c", method="PATCH", json={"records": rows})
    served.client.Task.create({"Key__c": "k-2"})

    assert [one["errors"][0]["statusCode"] for one in done] == ["DUPLICATE_VALUE", "DUPLICATE_VALUE"]
    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.Task.create({"Key__c": "K-2"})
    assert _error(failure) == (400, "DUPLICATE_VALUE")


def test_single_upsert_says_created_then_not(served: Served) -> None:
    _install_key(served)

    first = served.client.restful("sobjects/Task/Key__c/a%2Fb", method="PATCH", json={"Subject": "x"})
    second = served.client.restful("sobjects/Task/Key__c/a%2Fb", method="PATCH", json={"Subject": "y"})

    assert (first["created"], second["created"]) == (True, False)
    assert served.client.Task.get_by_custom_id("Key__c", "a/b")["Subject"] == "y"
    with pytest.raises(SalesforceResourceNotFound) as failure:
        served.client.restful("sobjects/Task/Subject/x", method="PATCH", json={})
    assert _error(failure) == (404, "NOT_FOUND")


def test_key_that_several_records_carry_is_answered_with_their_addresses(served: Served) -> None:
    order = {"type": "Text", "label": "Code", "length": 20, "externalId": True, "required": True, "inlineHelpText": "Its code."}
    served.client.toolingexecute("sobjects/CustomField", method="POST", data={"FullName": "Lead.Code__c", "Metadata": order})
    twins = {_lead(served, Code__c="x"), _lead(served, Code__c="X")}

    with pytest.raises(SalesforceMoreThanOneRecord) as failure:
        served.client.restful("sobjects/Lead/Code__c/x", method="PATCH", json={"Rating": "Hot"})

    assert {str(address).rpartition("/")[2] for address in failure.value.content} == twins
    (field,) = [field for field in served.client.Lead.describe()["fields"] if field["name"] == "Code__c"]
    assert (field["externalId"], field["unique"], field["nillable"], field["inlineHelpText"]) == (True, False, False, "Its code.")


def test_bulk_job_writes_what_it_can_and_reports_the_rest(served: Served) -> None:
    good = _lead(served, Rating="Hot", Title="CTO")
    rows = [
        {"Id": good, "Rating": "#N/A", "Title": "", "Email": "abe@oak.example"},
        {"Id": good, "Rating": "", "Title": "x" * 129, "Email": ""},
    ]

    (done,) = served.client.bulk2.Lead.update(records=rows, wait=0.01)

    assert (done["numberRecordsProcessed"], done["numberRecordsFailed"]) == (2, 1)
    failed = list(csv.DictReader(io.StringIO(served.client.bulk2.Lead.get_failed_records(done["job_id"]))))
    assert failed[0]["sf__Error"].startswith("STRING_TOO_LONG:")
    read = served.client.Lead.get(good)
    assert (read["Rating"], read["Title"], read["Email"]) == (None, "CTO", "abe@oak.example")


def test_many_threads_lose_no_write(served: Served) -> None:
    lead = _lead(served)
    bearer = {"Authorization": f"Bearer {served.client.session_id}"}

    def log_calls(worker: int) -> int:
        with requests.Session() as session:
            answers = [
                session.post(
                    f"{served.url}/services/data/v66.0/sobjects/Task",
                    json={"WhoId": lead, "Subject": f"Call {worker}-{n}"},
                    headers=bearer,
                    timeout=10,
                ).status_code
                for n in range(20)
            ]
        return answers.count(201)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(log_calls, range(8))) == 160

    found = served.client.query_all("SELECT Id FROM Task")
    assert len({record["Id"] for record in found["records"]}) == 160


def test_campaign_members_tell_whom_they_mean(served: Served) -> None:
    lead = _lead(served)
    campaign = served.client.Campaign.create({"Name": "Expo"})["id"]
    member = served.client.CampaignMember.create({"CampaignId": campaign, "LeadId": lead, "Status": "Attended"})["id"]

    (found,) = served.client.query("SELECT LeadOrContactId, LeadOrContact.Name, Type, HasResponded FROM CampaignMember")["records"]

    assert (found["LeadOrContactId"], found["LeadOrContact"]["Name"], found["Type"]) == (lead, "Abe", "Lead")
    assert served.client.CampaignMember.get(member)["LeadOrContactId"] == lead


def test_collection_read_gives_records_in_the_order_of_the_ids_and_null_for_none(served: Served) -> None:
    one, gone, two = _lead(served), _lead(served), _lead(served)
    served.client.Lead.delete(gone)
    body = {"ids": [two, gone, one[:15]], "fields": ["Id", "LastName"]}

    found = served.client.restful("composite/sobjects/Lead", method="POST", json=body)

    assert [record and record["Id"] for record in found] == [two, None, one]


def test_rows_refused_on_demand_are_reported_with_their_error(served: Served) -> None:
    one, two = _lead(served), _lead(served)
    refusal = {"error": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record", "ids": [two]}
    served.control("POST", "faults", {"path": "*/composite/sobjects*", "fault": "rows", "times": 1, "rows": refusal})
    rows = [{"attributes": {"type": "Lead"}, "Id": lead, "Rating": "Hot"} for lead in (one, two)]

    done = [served.client.restful("composite/sobjects", method="PATCH", json={"records": rows}) for _ in range(2)]

    assert [[row["success"] for row in call] for call in done] == [[True, False], [True, True]]
    assert done[0][1]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert served.control("GET", "counters")["writes"][f"Lead/{one}/Rating"] == 2
    assert served.control("GET", "counters")["writes"][f"Lead/{two}/Rating"] == 1


def test_composite_runs_calls_in_order_and_counts_as_one(served: Served) -> None:
    before = served.client.limits()["DailyApiRequests"]["Remaining"]
    base = "/services/data/v66.0/sobjects"
    body = {
        "allOrNone": True,
        "compositeRequest": [
            {"method": "POST", "url": f"{base}/Account", "referenceId": "oak", "body": {"Name": "Oak"}},
            {"method": "POST", "url": f"{base}/Contact", "referenceId": "abe", "body": {"LastName": "Abe", "AccountId": "@{oak.id}"}},
        ],
    }

    done = served.client.restful("composite", method="POST", json=body)["compositeResponse"]

    assert [one["httpStatusCode"] for one in done] == [201, 201]
    assert served.client.Contact.get(done[1]["body"]["id"])["AccountId"] == done[0]["body"]["id"]
    assert before - served.client.limits()["DailyApiRequests"]["Remaining"] == 3

    body["compositeRequest"][1]["body"] = {}  # type: ignore[index]  # a contact without a name
    failed = served.client.restful("composite", method="POST", json=body)["compositeResponse"]
    assert [one["body"][0]["errorCode"] for one in failed] == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert served.client.query("SELECT COUNT() FROM Account")["totalSize"] == 1


def test_deployed_field_is_invisible_until_its_permission_set_is_assigned(served: Served) -> None:
    lead = _lead(served)
    done = _deploy(served, _package(fields=SCORE, permissions=_grant("Lead.Score__c")))
    assert (done["status"], done["numberComponentsDeployed"]) == ("Succeeded", 2)

    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.query("SELECT Score__c FROM Lead")
    assert _error(failure) == (400, "INVALID_FIELD")
    assert "Score__c" not in [field["name"] for field in served.client.Lead.describe()["fields"]]
    with pytest.raises(SalesforceMalformedRequest):
        served.client.Lead.update(lead, {"Score__c": 87})

    _assign(served, "Scores")
    served.client.Lead.update(lead, {"Score__c": 87})
    assert served.client.query("SELECT Score__c FROM Lead WHERE Score__c > 86")["records"][0]["Score__c"] == 87.0


def test_trial_deploy_leaves_nothing_behind(served: Served) -> None:
    done = _deploy(served, _package(fields=SCORE, permissions=_grant("Lead.Score__c")), checkOnly=True)

    assert (done["status"], done["checkOnly"]) == ("Succeeded", True)
    assert served.client.toolingexecute("query?q=SELECT+Id+FROM+CustomField+WHERE+DeveloperName='Score'")["totalSize"] == 0
    assert served.client.query("SELECT COUNT() FROM PermissionSet WHERE Name = 'Scores'")["totalSize"] == 0


def test_deploy_is_repeatable_and_one_fault_takes_all_back(served: Served) -> None:
    package = _package(fields=SCORE, permissions=_grant("Lead.Score__c"))
    _deploy(served, package)

    again = _deploy(served, package)
    broken = _deploy(served, _package(fields=KEY, permissions=_grant("Lead.Nope__c")))

    assert {one["created"] for one in again["details"]["componentSuccesses"]} == {False}
    assert (broken["status"], broken["numberComponentErrors"]) == ("Failed", 1)
    assert broken["details"]["componentFailures"][0]["problem"] == "In field: field - no CustomField named Lead.Nope__c found"
    assert served.client.toolingexecute("query?q=SELECT+DeveloperName+FROM+CustomField+WHERE+TableEnumOrId='Lead'")["totalSize"] == 1


def test_field_on_task_is_refused_and_must_be_made_on_activity(served: Served) -> None:
    done = _deploy(served, _package(fields=KEY, owner="Task"))

    assert done["details"]["componentFailures"][0]["problem"].endswith("bad value for restricted picklist field: Task")


def test_tooling_makes_one_field_and_field_permissions_show_it(served: Served) -> None:
    metadata = {"type": "Number", "label": "Score", "precision": 3, "scale": 0}
    order = {"FullName": "Lead.Score__c", "Metadata": metadata}

    made = served.client.toolingexecute("sobjects/CustomField", method="POST", data=order)

    assert made["id"].startswith("00N")
    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.toolingexecute("sobjects/CustomField", method="POST", data=order)
    assert _error(failure) == (400, "DUPLICATE_DEVELOPER_NAME")
    granted = served.client.PermissionSet.create({"Name": "Scores", "Label": "Scores"})["id"]
    rights = {"ParentId": granted, "SobjectType": "Lead", "Field": "Lead.Score__c", "PermissionsRead": True, "PermissionsEdit": True}
    served.client.FieldPermissions.create(rights)
    _assign(served, "Scores")
    assert "Score__c" in [field["name"] for field in served.client.Lead.describe()["fields"]]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "composite", {"compositeRequest": [None]}),
        ("POST", "composite/sobjects", {"records": [1]}),
        ("POST", "composite/sobjects/Lead", {"ids": [None], "fields": ["Id"]}),
        ("POST", "sobjects/Lead", [1]),
        ("POST", "sobjects/Lead", {"LastName": {"a": 1}, "Company": "x"}),
        ("POST", "jobs/query", {"operation": "query", "query": 5}),
        ("POST", "tooling/sobjects/CustomField", {"FullName": 5}),
        ("POST", "metadata/deployRequest", {}),
    ],
)
def test_nonsense_is_a_400_with_an_error_body(served: Served, method: str, path: str, body: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.restful(path, method=method, json=body)

    assert failure.value.status == 400
    error: Any = failure.value.content[0]
    assert set(error) >= {"errorCode", "message"}


def test_user_without_the_permission_cannot_install_and_hidden_things_are_not_there() -> None:
    settings = OrgSettings(may_customize=False, hidden_objects=("Campaign",), hidden_fields=("Task.Type",))
    with contextmanager(_serve)(settings=settings) as served:
        base = f"{served.url}/services/data/v66.0"
        bearer = {"Authorization": f"Bearer {served.client.session_id}"}
        deploy = requests.post(f"{base}/metadata/deployRequest", headers=bearer, timeout=10)
        with pytest.raises(SalesforceRefusedRequest) as tooling:
            served.client.toolingexecute("sobjects/CustomField", method="POST", data={"FullName": "Lead.A__c", "Metadata": {}})
        with pytest.raises(SalesforceMalformedRequest) as query:
            served.client.query("SELECT Id FROM Campaign")
        with pytest.raises(SalesforceResourceNotFound) as described:
            served.client.Campaign.describe()
        names = {field["name"] for field in served.client.Task.describe()["fields"]}

    assert (deploy.status_code, deploy.json()[0]["errorCode"]) == (403, "INSUFFICIENT_ACCESS")
    assert _error(tooling) == (403, "INSUFFICIENT_ACCESS")
    assert _error(query) == (400, "INVALID_TYPE")
    assert _error(described) == (404, "NOT_FOUND")
    assert "Type" not in names
    assert "TaskSubtype" in names


def test_record_that_never_was_is_404_alone_and_a_row_error_in_a_collection(served: Served) -> None:
    never = "00QHs0000000zzzMAA"
    with pytest.raises(SalesforceResourceNotFound) as failure:
        served.client.Lead.update(never, {"Rating": "Hot"})
    rows = [{"attributes": {"type": "Lead"}, "Id": never, "Rating": "Hot"}]

    (done,) = served.client.restful("composite/sobjects", method="PATCH", json={"records": rows})

    assert failure.value.status == 404
    assert done["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"


def test_person_edits_are_stamped_with_a_human_and_not_counted_as_api_writes(served: Served) -> None:
    lead = _lead(served)
    served.control("DELETE", "counters")
    served.control("PATCH", f"records/Lead/{lead}", {"Rating": "Cold"})

    (read,) = served.client.query(f"SELECT Rating, LastModifiedBy.Name, CreatedBy.Name FROM Lead WHERE Id = '{lead}'")["records"]

    assert (read["Rating"], read["LastModifiedBy"]["Name"], read["CreatedBy"]["Name"]) == ("Cold", "Aoi Admin", "Integration User")
    assert served.control("GET", "counters")["writes"] == {}


def test_lead_converted_by_a_person_is_refused_to_the_api(served: Served) -> None:
    lead = _lead(served)
    made = served.control("POST", "convert", {"lead": lead})

    with pytest.raises(SalesforceMalformedRequest) as failure:
        served.client.Lead.update(lead, {"Rating": "Hot"})

    assert _error(failure) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
    (read,) = served.client.query(f"SELECT ConvertedContactId FROM Lead WHERE Id = '{lead}'")["records"]
    assert read["ConvertedContactId"] == made["contact"]


def test_touched_rows_share_one_stamp(crowded: Served) -> None:
    touched = crowded.control("POST", "bulk_touch", {"source": "Contact", "count": 150, "at": "2026-11-20T08:59:00+00:00"})

    found = crowded.client.query("SELECT COUNT() FROM Contact WHERE SystemModstamp = 2026-11-20T08:59:00Z")

    assert touched["touched"] == 150
    assert found["totalSize"] >= 150


def test_pages_show_people_and_a_record(crowded: Served) -> None:
    (lead,) = crowded.client.query("SELECT Id, Name, Company FROM Lead WHERE IsConverted = false ORDER BY Name DESC LIMIT 1")["records"]

    listed = requests.get(f"{crowded.url}/", params={"q": lead["Name"]}, timeout=10)
    page = requests.get(f"{crowded.url}/record/Lead/{lead['Id']}", timeout=10)

    assert listed.status_code == page.status_code == 200
    assert f"/record/Lead/{lead['Id']}" in listed.text
    assert lead["Company"].replace("&", "&amp;") in page.text


def test_state_in_a_file_outlives_the_program(tmp_path: Path) -> None:
    kept = str(tmp_path / "org.sqlite")
    options = ("--client-id", "a-key", "--client-secret", "a-secret", "--file", kept)
    form = {"grant_type": "client_credentials", "client_id": "a-key", "client_secret": "a-secret"}
    metadata = {"type": "Text", "label": "Key", "length": 80, "required": True}
    found = []
    for nth in range(2):
        with running_sandbox("salesforce", people=0, options=options) as sandbox:
            token = requests.post(f"{sandbox.url}/services/oauth2/token", data=form, timeout=10).json()["access_token"]
            bearer, base = {"Authorization": f"Bearer {token}"}, f"{sandbox.url}/services/data/v66.0"
            if nth == 0:
                order = {"FullName": "Lead.Key__c", "Metadata": metadata}
                requests.post(f"{base}/tooling/sobjects/CustomField", json=order, headers=bearer, timeout=10)
            lead = {"LastName": "Abe", "Company": "Oak", "Key__c": f"k{nth}"}
            made = requests.post(f"{base}/sobjects/Lead", json=lead, headers=bearer, timeout=10)
            assert made.status_code == 201, made.text
            asked = requests.get(f"{base}/query", params={"q": "SELECT Key__c FROM Lead"}, headers=bearer, timeout=10)
            found.append([record["Key__c"] for record in asked.json()["records"]])

    assert found == [["k0"], ["k0", "k1"]]


def test_program_prints_what_a_client_needs() -> None:
    options = ("--client-id", "a-key", "--client-secret", "a-secret", "--daily-limit", "500")
    with running_sandbox("salesforce", people=0, options=options) as sandbox:
        form = {"grant_type": "client_credentials", "client_id": "a-key", "client_secret": "a-secret"}
        token = requests.post(f"{sandbox.url}/services/oauth2/token", data=form, timeout=10).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        limits = requests.get(f"{sandbox.url}/services/data/v66.0/limits", headers=bearer, timeout=10)

    assert sandbox.credentials["client_id"] == "a-key"
    assert limits.headers["Sforce-Limit-Info"] == "api-usage=1/500"
