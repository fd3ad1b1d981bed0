"""Every class of refusal of a whole call, planted while `hotlead write-back` writes: told, the other CRM written, finished once it is over.

What may pass is tried again within the run; what a person must mend stops its own connection only; what one row's form spoils is cut up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from adapters.hubspot.batch import BATCH_WIDE
from adapters.hubspot.client import BURST_WAIT_S
from adapters.kit.retry import RETRY_STATUSES
from adapters.salesforce.batch import FORM_CODES
from adapters.salesforce.errors import DOORS, FIELD_CODES, LOGINS, QUOTA_USED
from tests.support.journeys import CRMS, Desk, Town
from tests.support.sandboxes import Sandbox

MEND, RECONNECT, LATER, PARTLY = 3, 4, 5, 6
"""Exit codes."""
WRITING = {"salesforce": "*/composite/sobjects", "hubspot": "*/objects/contacts/batch/update"}
LOGIN = "*/services/oauth2/token"
BOTH, ONE = 4, 6
"""People in both CRMs, and people in HubSpot alone or with Salesforce, who are written to."""
AT_ONCE = {"Retry-After": "0"}
"""So that a test does not wait as long as the CRM would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A refusal that a person, or a day, must mend: how the command ends and a part of what to do."""

    crm: str
    code: str
    status: int
    exit: int
    hint: str
    path: str = ""
    body: Any = field(default=None)

    @property
    def name(self) -> str:
        return f"{self.crm} {self.code}"

    @property
    def said(self) -> str:
        return f"No to the call, because of {self.code}."

    def plant(self, sandbox: Sandbox) -> None:
        body = self.body or [{"errorCode": self.code, "message": self.said}]
        sandbox.fault(self.path or WRITING[self.crm], "status", status=self.status, body=body)


def _salesforce(code: str, *, status: int, exit: int, hint: str) -> Stop:
    return Stop(crm="salesforce", code=code, status=status, exit=exit, hint=hint)


def _login(code: str, *, hint: str) -> Stop:
    body = {"error": code, "error_description": f"No to the call, because of {code}."}
    return Stop(crm="salesforce", code=code, status=400, exit=RECONNECT, hint=hint, path=LOGIN, body=body)


def _hubspot(code: str, *, status: int, exit: int, hint: str, **more: str) -> Stop:
    body = {"status": "error", "category": code, "message": f"No to the call, because of {code}.", **more}
    return Stop(crm="hubspot", code=code, status=status, exit=exit, hint=hint, body=body)


DOORS_SHUT = (
    _salesforce("API_DISABLED_FOR_ORG", status=403, exit=RECONNECT, hint="grant API Enabled"),
    _salesforce("INVALID_SESSION_ID", status=401, exit=RECONNECT, hint="check the app's scopes"),
    _salesforce("INVALID_AUTH_HEADER", status=401, exit=RECONNECT, hint="check the app's scopes"),
    _salesforce("API_CURRENTLY_DISABLED", status=403, exit=RECONNECT, hint="what the message names"),
    _salesforce("FUNCTIONALITY_NOT_ENABLED", status=403, exit=RECONNECT, hint="what the message names"),
    _salesforce("FORBIDDEN", status=403, exit=RECONNECT, hint="what the message names"),
)
FIELDS_HIDDEN = (
    _salesforce("INVALID_TYPE", status=400, exit=MEND, hint="grant it in the permission set Hotlead_Integration"),
    _salesforce("INVALID_FIELD_FOR_INSERT_UPDATE", status=400, exit=MEND, hint="grant it in the permission set Hotlead_Integration"),
    _salesforce("INSUFFICIENT_ACCESS", status=403, exit=MEND, hint="grant it in the permission set Hotlead_Integration"),
)
OUT_OF_QUOTA = (_salesforce(QUOTA_USED, status=403, exit=LATER, hint="it goes on where it stood"),)
LOGINS_REFUSED = (
    _login("invalid_client_id", hint="The consumer key is wrong"),
    _login("invalid_client", hint="The consumer secret is wrong"),
    _login("app_not_found", hint="give the org's My Domain"),
    _login("invalid_grant", hint="Approve the app for the API user"),
    _login("inactive_user", hint="activate it or name another"),
    _login("inactive_org", hint="locked or closed"),
    _login("rate_limit_exceeded", hint="wait some minutes"),
    _login("unsupported_grant_type", hint="Switch the flow on"),
    _login("invalid_app_access", hint="has no access to the app"),
)
STOPS = (
    *DOORS_SHUT,
    *FIELDS_HIDDEN,
    *OUT_OF_QUOTA,
    *LOGINS_REFUSED,
    _salesforce("SOME_NEW_CODE", status=400, exit=MEND, hint="See the message of Salesforce"),
    _hubspot("INVALID_AUTHENTICATION", status=401, exit=RECONNECT, hint="wrong, expired or revoked"),
    _hubspot("EXPIRED_AUTHENTICATION", status=401, exit=RECONNECT, hint="wrong, expired or revoked"),
    _hubspot("MISSING_SCOPES", status=403, exit=RECONNECT, hint="adds the scope to the key"),
    _hubspot("RATE_LIMIT", status=429, exit=LATER, hint="it goes on where it stood", policyName="DAILY"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """An answer after which the same call is made again."""

    status: int
    body: Mapping[str, Mapping[str, Any] | list[Mapping[str, Any]] | str]
    """By CRM; one that is not named gives such an answer never."""


PASSING = (
    *(
        Passing(status=status, body={"salesforce": "<html>down</html>", "hubspot": "<html>down</html>"})
        for status in sorted(RETRY_STATUSES)
    ),
    *(
        Passing(status=429, body={"hubspot": {"status": "error", "errorType": "RATE_LIMIT", "policyName": policy, "message": "slower"}})
        for policy in sorted(BURST_WAIT_S)
    ),
    Passing(status=400, body={"salesforce": [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access"}]}),
    Passing(
        status=403,
        body={"salesforce": [{"errorCode": QUOTA_USED, "message": "ConcurrentRequests (Concurrent API Requests) Limit exceeded."}]},
    ),
)
ANSWERS_A_CALL = 2
"""A call bears four; more of them at once only make longer waits."""
WEATHER = tuple(PASSING[start : start + ANSWERS_A_CALL] for start in range(0, len(PASSING), ANSWERS_A_CALL))

SPOILERS = (
    *({"salesforce": [{"errorCode": code, "message": "the form of one row is wrong"}]} for code in FORM_CODES),
    *(
        {"hubspot": {"status": "error", "category": "VALIDATION_ERROR", "message": "no", "errors": [{"code": code, "message": "no"}]}}
        for code in sorted(BATCH_WIDE | {"VALIDATION_ERROR"})
    ),
)
"""Bodies of a 400 to a whole batch that is nobody's fault in particular."""


@pytest.fixture(scope="module")
def ready(scored: Town) -> Town:
    """Some people of both CRMs live at fields, nothing written yet."""

    def go_live(desk: Desk) -> None:
        people = [*desk.emails_in(*CRMS, many=BOTH), *desk.emails_in("hubspot", many=ONE)]
        desk.go_live("fields", "--people", ",".join(dict.fromkeys(people)))

    return scored.after(go_live)


@pytest.fixture(scope="module")
def crms(ready: Town) -> Iterator[dict[str, Sandbox]]:
    """One pair of CRMs for all desks."""
    with ready.crms() as sandboxes:
        yield sandboxes


@pytest.fixture(scope="module")
def changes(ready: Town, crms: dict[str, Sandbox]) -> Any:
    """What each desk plans to write."""
    return ready.desk(crms).told("write-back", "--dry-run")["changes"]


@pytest.fixture(scope="module")
def planned(changes: Any) -> dict[str, set[str]]:
    """Rows to be written, by CRM."""
    rows = {crm: {f"{crm} {c['key']['source']}/{c['key']['id']}" for c in changes if c["key"]["connection"] == crm} for crm in CRMS}
    assert all(len(names) >= BOTH for names in rows.values())
    return rows


@pytest.fixture
def desk(ready: Town, crms: dict[str, Sandbox], changes: Any) -> Iterator[Desk]:
    """A desk that has written nothing, beside CRMs that hold nothing of ours."""
    made = ready.desk(crms)
    made.forget_counts()
    yield made
    made.heal()
    for change in changes:
        key = change["key"]
        before = {
            one["field"]: "" if one["before"] is None and key["connection"] == "hubspot" else one["before"] for one in change["fields"]
        }
        crms[key["connection"]].edit(key["source"], key["id"], before)


def _written(desk: Desk) -> set[str]:
    writes = desk.writes()
    assert {name: count for name, count in writes.items() if count > 1} == {}, "nothing is written twice"
    return {name.rsplit("/", 1)[0] for name in writes}


def test_every_code_of_a_refused_call_has_a_case() -> None:
    assert {stop.code for stop in DOORS_SHUT} == set(DOORS)
    assert {stop.code for stop in FIELDS_HIDDEN} == FIELD_CODES - set(FORM_CODES), "a field that is not there is cut out, below"
    assert {stop.code for stop in LOGINS_REFUSED} == set(LOGINS)


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_a_refusal_that_somebody_must_mend_stops_one_crm_and_is_made_good_afterwards(
    desk: Desk, planned: dict[str, set[str]], stop: Stop
) -> None:
    stop.plant(desk.sandboxes[stop.crm])
    (other,) = set(CRMS) - {stop.crm}

    done = desk.hotlead("write-back")

    assert done.code == stop.exit, done.said()
    assert stop.code in done.err
    assert stop.said in done.err
    assert stop.hint in done.err
    assert _written(desk) == planned[other]
    assert desk.told("runs", "--refused")["parked"] == [], "no row is to blame"
    desk.heal()
    desk.ok("write-back")
    assert _written(desk) == planned[other] | planned[stop.crm]


@pytest.mark.parametrize("answers", WEATHER, ids=lambda answers: "-".join(str(answer.status) for answer in answers))
def test_a_refusal_that_may_pass_is_tried_again_without_a_word(
    desk: Desk, planned: dict[str, set[str]], answers: tuple[Passing, ...]
) -> None:
    for crm in CRMS:
        bodies = [(answer.status, answer.body[crm]) for answer in answers if crm in answer.body]
        for nth, (status, body) in enumerate(bodies, start=1):
            desk.sandboxes[crm].fault(WRITING[crm], "status", status=status, body=body, headers=AT_ONCE, calls=[nth])

    done = desk.hotlead("write-back")

    assert done.code == 0, done.said()
    assert {crm: desk.sandboxes[crm].bitten() for crm in CRMS} == {crm: sum(crm in answer.body for answer in answers) for crm in CRMS}
    assert _written(desk) == planned["salesforce"] | planned["hubspot"]


@pytest.mark.parametrize("bodies", SPOILERS, ids=lambda bodies: str(next(iter(bodies.values())))[-60:])
def test_a_call_refused_for_its_form_is_cut_up_until_every_row_is_written(
    desk: Desk, planned: dict[str, set[str]], bodies: Mapping[str, Any]
) -> None:
    for crm, body in bodies.items():
        desk.sandboxes[crm].fault(WRITING[crm], "status", status=400, body=body, calls=[1])

    done = desk.hotlead("write-back")

    assert done.code == 0, done.said()
    assert sum(desk.sandboxes[crm].bitten() for crm in bodies) == 1
    assert _written(desk) == planned["salesforce"] | planned["hubspot"]


def test_a_field_that_is_gone_parks_the_rows_that_carry_it_and_names_it(desk: Desk, planned: dict[str, set[str]]) -> None:
    message = "No such column 'Hotlead_Fit__c' on sobject of type Lead"
    desk.sandboxes["salesforce"].fault(
        WRITING["salesforce"], "status", status=400, body=[{"errorCode": "INVALID_FIELD", "message": message}]
    )

    done = desk.hotlead("write-back")

    parked = desk.told("runs", "--refused", "--limit", "100")["parked"]
    assert done.code == PARTLY, done.said()
    assert _written(desk) == planned["hubspot"]
    assert {f"salesforce {p['key']['source']}/{p['key']['id']}" for p in parked} == planned["salesforce"]
    assert {(p["refusal"]["action"], p["refusal"]["field"]) for p in parked} == {("fix_mapping", "Hotlead_Fit__c")}


def test_rows_that_an_answer_leaves_out_are_parked_and_written_by_the_next_run(desk: Desk, planned: dict[str, set[str]]) -> None:
    silent = {"status": "COMPLETE", "results": [], "numErrors": 1, "errors": [{"category": "INTERNAL_ERROR", "message": "", "context": {}}]}
    desk.sandboxes["hubspot"].fault(WRITING["hubspot"], "status", status=207, body=silent)

    done = desk.hotlead("write-back")

    parked = desk.told("runs", "--refused", "--limit", "100")["parked"]
    assert done.code == PARTLY, done.said()
    assert {(p["refusal"]["code"], p["refusal"]["action"]) for p in parked} == {("NO_RESULT", "retry")}
    assert {f"hubspot {p['key']['source']}/{p['key']['id']}" for p in parked} == planned["hubspot"]
    desk.heal()
    desk.ok("write-back")
    assert _written(desk) == planned["salesforce"] | planned["hubspot"]
    assert desk.told("runs", "--refused")["parked"] == []
