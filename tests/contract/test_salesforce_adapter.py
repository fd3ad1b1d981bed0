"""What is Salesforce's own: log-in flows, conversions, contact roles, locked rows, field-level security, quota, archived activities."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Barrier
from traceback import format_exception
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from adapters.salesforce.adapter import KIND, SalesforceCrm
from connector.core.records import RecordKey
from connector.ports.crm import Ask, FieldType, NewTask, Outcome, Priority, RawRecord, Severity, TaskType, Write
from connector.ports.errors import Action, CrmAuth, CrmError, CrmField, CrmLimit
from tests.support.clocks import HurriedClock
from tests.support.sandboxes import Sandbox, running_sandbox


@contextmanager
def _org(*, people: int = 500, options: tuple[str, ...] = ()) -> Iterator[Sandbox]:
    with running_sandbox("salesforce", people=people, options=options) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def org() -> Iterator[Sandbox]:
    """An org of 800 people with hotlead's fields; tests leave only new records behind."""
    with _org(people=800) as sandbox:
        _install(sandbox)
        yield sandbox


@pytest.fixture
def crm(org: Sandbox) -> Iterator[SalesforceCrm]:
    """A new connection to the org, which wakes at once from every wait."""
    org.heal()
    org.reset_counters()
    opened = _open(org)
    yield opened
    opened.close()
    org.heal()


def _open(sandbox: Sandbox, **changed: str) -> SalesforceCrm:
    settings = {**KIND.sandbox_settings(url=sandbox.url, credentials=sandbox.credentials), **changed}
    return KIND.open(connection="sf", settings=settings, clock=HurriedClock())


def _install(sandbox: Sandbox) -> None:
    for _ in _open(sandbox).install():
        pass


def _rows(crm: SalesforceCrm, ask: Ask) -> list[RawRecord]:
    return [record for page in crm.read(ask) for record in page.records]


def _cursor(crm: SalesforceCrm, ask: Ask) -> str:
    return [page.cursor for page in crm.read(ask)][-1]


def _lead(org: Sandbox, name: str = "Lock") -> str:
    return org.create("Lead", {"LastName": name, "Company": "Contract Ltd"})


def _write(lead: str, fields: Mapping[str, Any]) -> Write:
    return Write(key=RecordKey("sf", "Lead", lead), fields=dict(fields))


def _key_pair(folder: Path, name: str) -> tuple[str, Path]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = folder / f"{name}.pem"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), public


def test_jwt_bearer_logs_in_as_the_named_user_and_a_strange_key_is_refused(tmp_path: Path) -> None:
    private, public = _key_pair(tmp_path, "ours")
    strange, _ = _key_pair(tmp_path, "strange")
    with _org(people=0, options=("--public-key", str(public), "--consumer-key", "jwt-app")) as sandbox:
        settings = {"domain": "acme.my", "client_id": "jwt-app", "username": sandbox.credentials["username"], "base_url": sandbox.url}

        identity = KIND.open(connection="sf", settings={**settings, "private_key": private}).identity()
        with pytest.raises(CrmAuth) as refusal:
            KIND.open(connection="sf", settings={**settings, "private_key": strange}).identity()

    assert identity.user == sandbox.credentials["username"]
    assert refusal.value.code == "invalid_grant"
    assert refusal.value.hint
    assert strange.splitlines()[3] not in str(refusal.value) + repr(refusal.value.__dict__)


def test_eight_threads_that_begin_at_once_log_in_once(crm: SalesforceCrm) -> None:
    start = Barrier(8)

    def first_call(_number: int) -> int:
        start.wait()
        return len(crm.users())

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(first_call, range(8)))

    assert len(set(counts)) == 1
    assert crm.usage().calls["auth"] == 1


def test_no_trace_of_an_error_shows_the_token_or_the_secret(crm: SalesforceCrm, org: Sandbox) -> None:
    token = crm._client.token().access.reveal()
    traces = []
    for fault in ({"fault": "status", "status": 503}, {"fault": "reset_before"}, {"fault": "cut_body"}, {"fault": "html"}):
        org.fault("*/queryAll", **fault)
        with pytest.raises(CrmError) as failure:
            list(crm.read(Ask(source="Lead", fields=("Email",))))
        traces += format_exception(failure.value)
        org.heal()

    shown = "".join(traces)
    assert "CrmError" in shown or "CrmUnreachable" in shown
    assert token not in shown
    assert org.credentials["client_secret"] not in shown


def test_an_empty_org_gives_one_page_and_a_next_run() -> None:
    with _org(people=0) as sandbox:
        crm = _open(sandbox)

        pages = list(crm.read(Ask(source="Lead", fields=("Email",))))
        again = list(crm.read(Ask(source="Lead", fields=("Email",), cursor=pages[-1].cursor)))

    assert [len(page.records) for page in pages] == [0]
    assert pages[0].expected == 0
    assert all(not page.records for page in again)


def test_a_converted_lead_names_the_contact_that_lives_on(crm: SalesforceCrm) -> None:
    converted = [lead for lead in _rows(crm, Ask(source="Lead", fields=("Email",))) if lead.survivor is not None]

    contacts = {contact.key.id for contact in _rows(crm, Ask(source="Contact", fields=("Email",)))}

    assert converted
    assert all(lead.survivor is not None and lead.survivor.source == "Contact" and lead.survivor.id in contacts for lead in converted)
    assert not any(lead.deleted for lead in converted)


def test_writing_a_converted_lead_is_refused_with_its_contact(crm: SalesforceCrm, org: Sandbox) -> None:
    converted = next(lead for lead in _rows(crm, Ask(source="Lead", fields=("Email",))) if lead.survivor is not None)
    alive = _lead(org)

    outcomes = list(crm.write([_write(converted.key.id, {"Hotlead_Score__c": 5}), _write(alive, {"Hotlead_Score__c": 5})]))

    assert [outcome.ok for outcome in outcomes] == [False, True]
    refusal = outcomes[0].refusal
    assert refusal is not None
    assert refusal.code == "CANNOT_UPDATE_CONVERTED_LEAD"
    assert refusal.survivor == converted.survivor


def test_a_lead_converted_since_the_last_run_comes_with_its_contact(crm: SalesforceCrm, org: Sandbox) -> None:
    ask = Ask(source="Lead", fields=("LastName",))
    lead = _lead(org, "Convert")
    cursor = _cursor(crm, ask)
    made = org.order("convert", {"lead": lead})

    changes = {record.key.id: record for record in _rows(crm, Ask(source="Lead", fields=("LastName",), cursor=cursor))}

    assert changes[lead].survivor == RecordKey("sf", "Contact", made["contact"])
    assert not changes[lead].deleted


@pytest.mark.parametrize("source", ["Lead", "Contact", "Account"])
def test_a_merged_record_comes_deleted_with_its_winner(crm: SalesforceCrm, org: Sandbox, source: str) -> None:
    fields = {"Lead": {"LastName": "M", "Company": "M"}, "Contact": {"LastName": "M"}, "Account": {"Name": "M"}}[source]
    winner, loser = org.create(source, fields), org.create(source, fields)
    cursor = _cursor(crm, Ask(source=source, fields=()))
    org.order("merge", {"master": winner, "losers": [loser]})

    changes = [record for record in _rows(crm, Ask(source=source, fields=(), cursor=cursor)) if record.key.id == loser]

    assert [(record.deleted, record.survivor) for record in changes] == [(True, RecordKey("sf", source, winner))]


def test_writing_a_merged_lead_is_refused_with_its_winner(crm: SalesforceCrm, org: Sandbox) -> None:
    winner, loser, deleted = _lead(org), _lead(org), _lead(org)
    org.order("merge", {"master": winner, "losers": [loser]})
    org.delete("Lead", deleted)

    outcomes = list(crm.write([_write(one, {"Hotlead_Score__c": 1}) for one in (loser, deleted, winner)]))

    assert [outcome.ok for outcome in outcomes] == [False, False, True]
    assert [outcome.refusal.survivor for outcome in outcomes if outcome.refusal] == [RecordKey("sf", "Lead", winner), None]
    assert crm.usage().calls["reread"] == 1


def test_a_contact_role_added_later_brings_its_opportunity_again(crm: SalesforceCrm, org: Sandbox) -> None:
    ask = Ask(source="Opportunity", fields=("Name",), related=("Contact",))
    deal = _rows(crm, ask)[0]
    cursor = _cursor(crm, ask)
    contact = org.create("Contact", {"LastName": "Champion"})
    role = org.create("OpportunityContactRole", {"OpportunityId": deal.key.id, "ContactId": contact, "Role": "Champion"})

    added = _rows(crm, Ask(source="Opportunity", fields=("Name",), related=("Contact",), cursor=cursor))
    org.delete("OpportunityContactRole", role)
    removed = _rows(crm, Ask(source="Opportunity", fields=("Name",), related=("Contact",), cursor=cursor))

    before = deal.fields["@Contact"]
    assert isinstance(before, list)
    assert _people_of(added, deal.key.id) == [*before, {"id": contact, "role": "Champion"}]
    assert _people_of(removed, deal.key.id) == before


def _people_of(records: list[RawRecord], deal: str) -> Any:
    return next(record.fields["@Contact"] for record in reversed(records) if record.key.id == deal)


def test_activities_tell_whose_they_are_and_parents_stand_under_dotted_names(crm: SalesforceCrm) -> None:
    tasks = _rows(crm, Ask(source="Task", fields=("Subject", "Who.Type", "Owner.Name"), related=("Lead", "Contact")))

    about_leads = [task for task in tasks if task.fields["Who.Type"] == "Lead"]
    about_contacts = [task for task in tasks if task.fields["Who.Type"] == "Contact"]
    assert about_leads
    assert about_contacts
    assert all(task.fields["@Contact"] == [] and _one_id(task, "@Lead").startswith("00Q") for task in about_leads)
    assert all(task.fields["@Lead"] == [] and _one_id(task, "@Contact").startswith("003") for task in about_contacts)
    assert all(task.fields["Owner.Name"] for task in tasks)


def _one_id(record: RawRecord, name: str) -> str:
    related: Any = record.fields[name]
    (one,) = related
    return str(one["id"])


def test_activities_older_than_a_year_come_too_though_salesforce_has_archived_them(crm: SalesforceCrm) -> None:
    tasks = _rows(crm, Ask(source="Task", fields=("IsArchived", "ActivityDate")))

    assert any(task.fields["IsArchived"] for task in tasks)


def test_a_date_bounds_a_first_load_by_day(crm: SalesforceCrm) -> None:
    everything = _rows(crm, Ask(source="Task", fields=("ActivityDate",)))
    days = sorted(str(task.fields["ActivityDate"]) for task in everything if task.fields["ActivityDate"])
    since = datetime.fromisoformat(days[len(days) // 2]).replace(hour=15, tzinfo=UTC)

    bounded = _rows(crm, Ask(source="Task", fields=("ActivityDate",), since=since, since_field="ActivityDate"))

    assert len(bounded) == sum(day >= since.date().isoformat() for day in days)


def test_where_limits_rows_to_named_values(crm: SalesforceCrm) -> None:
    members = _rows(crm, Ask(source="CampaignMember", fields=("Status", "Campaign.Name"), related=("Lead", "Contact")))

    responded = _rows(crm, Ask(source="CampaignMember", fields=("Status",), where={"Status": ("Responded", "Attended")}))

    assert {member.fields["Status"] for member in responded} <= {"Responded", "Attended"}
    assert len(responded) == sum(member.fields["Status"] in ("Responded", "Attended") for member in members)
    assert all(member.fields["Campaign.Name"] for member in members)


def test_twelve_thousand_rows_of_one_stamp_come_in_seven_pages_or_less() -> None:
    with _org(people=21_000, options=("--activities-per-person", "0")) as sandbox:
        crm = _open(sandbox)
        ask = Ask(source="Lead", fields=("Email",))
        cursor = _cursor(crm, ask)
        sandbox.advance(3600)
        sandbox.touch("Lead", count=12_000)

        pages = list(crm.read(Ask(source="Lead", fields=("Email",), cursor=cursor)))

    told = [record.key.id for page in pages for record in page.records]
    assert len(told) == len(set(told)) == 12_000
    assert sum(bool(page.records) for page in pages) <= 7


def test_locked_rows_are_tried_again_alone_until_they_are_free(crm: SalesforceCrm, org: Sandbox) -> None:
    locked, free = _lead(org), _lead(org)
    rows = {"error": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record", "ids": [locked]}
    org.fault("*/composite/sobjects", "rows", rows=rows, times=2)

    outcomes = list(crm.write([_write(locked, {"Hotlead_Score__c": 8}), _write(free, {"Hotlead_Score__c": 9})]))

    assert [outcome.ok for outcome in outcomes] == [True, True]
    assert org.record("Lead", locked)["Hotlead_Score__c"] == 8
    assert org.writes()[f"Lead/{free}/Hotlead_Score__c"] == 1
    assert crm.usage().calls["write"] == 3


def test_a_row_that_stays_locked_is_given_up_for_now(crm: SalesforceCrm, org: Sandbox) -> None:
    locked, free = _lead(org), _lead(org)
    rows = {"error": "UNABLE_TO_LOCK_ROW", "message": "unable to obtain exclusive access to this record", "ids": [locked]}
    org.fault("*/composite/sobjects", "rows", rows=rows)

    outcomes = list(crm.write([_write(locked, {"Hotlead_Score__c": 8}), _write(free, {"Hotlead_Score__c": 9})]))

    assert [outcome.ok for outcome in outcomes] == [False, True]
    refusal = outcomes[0].refusal
    assert refusal is not None
    assert (refusal.action, refusal.mended_by) == (Action.RETRY, "nobody")
    assert crm.usage().calls["write"] == 6


def test_a_field_that_is_not_there_spoils_only_the_rows_that_carry_it(crm: SalesforceCrm, org: Sandbox) -> None:
    leads = [_lead(org) for _ in range(3)]
    writes = [_write(leads[0], {"Hotlead_Score__c": 1}), _write(leads[1], {"Nope__c": 1}), _write(leads[2], {"Hotlead_Score__c": 3})]

    outcomes = list(crm.write(writes))

    assert [outcome.ok for outcome in outcomes] == [True, False, True]
    refusal = outcomes[1].refusal
    assert refusal is not None
    assert (refusal.action, refusal.field) == (Action.FIX_MAPPING, "Nope__c")
    assert org.record("Lead", leads[2])["Hotlead_Score__c"] == 3


def test_one_row_of_a_form_that_salesforce_cannot_read_is_found_among_two_hundred(crm: SalesforceCrm, org: Sandbox) -> None:
    leads = [_lead(org) for _ in range(200)]
    writes = [_write(lead, {"Hotlead_Score__c": "many" if number == 137 else number}) for number, lead in enumerate(leads)]

    outcomes = list(crm.write(writes))

    refused = [outcome for outcome in outcomes if not outcome.ok]
    assert [outcome.key for outcome in refused] == [leads[137]]
    assert refused[0].refusal is not None
    assert refused[0].refusal.action is Action.FIX_MAPPING
    assert org.record("Lead", leads[199])["Hotlead_Score__c"] == 199


def test_a_hidden_field_is_named_with_the_permission_set_that_grants_it() -> None:
    with _org(options=("--hide-field", "Lead.Rating")) as sandbox:
        crm = _open(sandbox)

        with pytest.raises(CrmField) as refusal:
            list(crm.read(Ask(source="Lead", fields=("Email", "Rating"))))
        findings = crm.check(reads={"Lead": ("Email", "Rating")}, writes={})

    assert refusal.value.field == "Rating"
    assert "Hotlead_Integration" in refusal.value.hint
    assert any("Lead.Rating" in finding.message and finding.severity is Severity.ERROR for finding in findings)


def _task(lead: str, key: str) -> NewTask:
    return NewTask(
        key=key,
        contact=RecordKey("sf", "Lead", lead),
        subject="Call " + "x" * 300,
        body="Because",
        due_at=datetime(2026, 12, 1, 1, 0, tzinfo=UTC),
        due_on=date(2026, 12, 1),
        type=TaskType.CALL,
        priority=Priority.HIGH,
        owner=None,
    )


def test_a_task_has_its_day_priority_type_and_a_subject_that_fits(crm: SalesforceCrm, org: Sandbox) -> None:
    lead = _lead(org)

    (made,) = crm.make_tasks([_task(lead, f"task-{lead}")])

    task = org.record("Task", made.record)
    assert (task["WhoId"], task["ActivityDate"], task["Priority"], task["Type"]) == (lead, "2026-12-01", "High", "Call")
    assert len(task["Subject"]) == 255
    assert task["IsClosed"] is False


def test_a_task_is_made_without_a_type_where_the_org_hides_it() -> None:
    with _org(options=("--hide-field", "Task.Type")) as sandbox:
        _install(sandbox)
        lead = _lead(sandbox)

        (made,) = _open(sandbox).make_tasks([_task(lead, "untyped")])

        assert made.ok
        assert sandbox.record("Task", made.record)["Type"] is None


def test_a_task_that_a_rep_threw_away_is_not_made_again(crm: SalesforceCrm, org: Sandbox) -> None:
    lead = _lead(org)
    (made,) = crm.make_tasks([_task(lead, f"thrown-{lead}")])
    org.delete("Task", made.record)

    (again,) = crm.make_tasks([_task(lead, f"thrown-{lead}")])

    assert again == made
    assert org.record("Task", made.record)["IsDeleted"] is True


def test_a_task_without_the_key_field_says_to_install() -> None:
    with _org() as sandbox, pytest.raises(CrmField) as refusal:
        list(_open(sandbox).make_tasks([_task(_lead(sandbox), "early")]))

    assert "hotlead install" in refusal.value.hint


def test_a_task_on_a_converted_lead_is_refused(crm: SalesforceCrm) -> None:
    converted = next(lead for lead in _rows(crm, Ask(source="Lead", fields=("Email",))) if lead.survivor is not None)

    (outcome,) = crm.make_tasks([_task(converted.key.id, f"late-{converted.key.id}")])

    assert not outcome.ok
    assert outcome.refusal is not None
    assert outcome.refusal.action is Action.SKIP_RECORD


def test_reads_stop_at_nine_tenths_of_the_day_and_tasks_go_on() -> None:
    with _org(options=("--daily-limit", "200")) as sandbox:
        _install(sandbox)
        crm = _open(sandbox)
        lead = _lead(sandbox)

        with pytest.raises(CrmLimit) as refusal:
            for _ in range(200):
                list(crm.read(Ask(source="Lead", fields=("Email",))))
        used = crm.usage().day_used
        (made,) = crm.make_tasks([_task(lead, "urgent")])

    assert used is not None
    assert 180 <= used <= 182
    assert refusal.value.action is Action.WAIT
    assert refusal.value.until is not None
    assert made.ok


def test_a_quota_that_others_used_up_is_told_with_the_time_to_come_back() -> None:
    with _org(options=("--daily-limit", "500")) as sandbox:
        crm = _open(sandbox)
        crm.identity()
        sandbox.order("api_usage", {"calls": 500})

        with pytest.raises(CrmLimit) as refusal:
            crm.users()

    assert refusal.value.code == "REQUEST_LIMIT_EXCEEDED"
    assert refusal.value.until is not None
    assert refusal.value.until > datetime.now(UTC)


def test_a_clock_that_runs_apart_is_told() -> None:
    with _org(people=0) as sandbox:
        crm = _open(sandbox)
        crm.identity()
        before = crm.check(reads={}, writes={})
        sandbox.advance(300)

        after = crm.check(reads={}, writes={})

    assert "CLOCK" not in {finding.code for finding in before}
    assert "CLOCK" in {finding.code for finding in after}


def test_an_install_plans_everything_first_and_the_second_deploys_nothing() -> None:
    with _org(people=0) as sandbox:
        crm = _open(sandbox)
        plan = crm.plan_install()

        made = list(crm.install())
        deployed = sandbox.calls()["POST /services/data/<version>/metadata/deployRequest"]
        list(_open(sandbox).install())

        calls = sandbox.calls()

    assert {step.state for step in plan} == {"missing"}
    assert len(plan) == 16 * 2 + 1 + 2 + 1
    assert [step.what for step in made] == [step.what for step in plan]
    assert deployed == 2
    assert calls["POST /services/data/<version>/metadata/deployRequest"] == deployed


def test_an_install_goes_round_a_field_of_another_type_and_says_so() -> None:
    with _org(people=0) as sandbox:
        crm = _open(sandbox)
        _make_field(sandbox, "Lead.Hotlead_Score__c", {"type": "Text", "label": "Hotlead Score", "length": 80})

        made = {step.what: step for step in crm.install()}
        plan = {step.what: step for step in crm.plan_install()}

    for steps in (made, plan):
        odd = steps.pop("field Lead.Hotlead_Score__c (whole number)")
        assert odd.state == "different"
        assert odd.detail
        assert {step.state for step in steps.values()} == {"present"}


def _make_field(sandbox: Sandbox, name: str, metadata: Mapping[str, Any]) -> None:
    pair = (sandbox.credentials["client_id"], sandbox.credentials["client_secret"])
    form = {"grant_type": "client_credentials"}
    token = requests.post(f"{sandbox.url}/services/oauth2/token", data=form, auth=pair, timeout=5).json()["access_token"]
    made = requests.post(
        f"{sandbox.url}/services/data/v66.0/tooling/sobjects/CustomField",
        json={"FullName": name, "Metadata": metadata},
        headers={"Authorization": f"Bearer {token}"},
        timeout=5,
    )
    assert made.ok, made.text


def test_the_catalog_knows_types_options_and_parents(crm: SalesforceCrm) -> None:
    lead, task = (crm.catalog(sources=["Lead", "Task"]).sources[name] for name in ("Lead", "Task"))

    assert lead["AnnualRevenue"].type is FieldType.MONEY
    assert lead["NumberOfEmployees"].type is FieldType.INTEGER
    assert lead["Status"].type is FieldType.PICKLIST
    assert "Qualified" in lead["Status"].options
    assert lead["Hotlead_Score__c"].type is FieldType.INTEGER
    assert lead["Hotlead_Scored_At__c"].type is FieldType.DATETIME
    assert lead["CreatedDate"].writable is False
    assert task["Who.Type"].writable is False
    assert task["Hotlead_Key__c"].unique is True


def test_the_catalog_and_its_parents_cost_one_call_an_object(crm: SalesforceCrm) -> None:
    crm.catalog(sources=["Lead", "Contact", "Account", "CampaignMember"])
    crm.catalog(sources=["Lead", "Contact", "Account", "CampaignMember"])

    assert crm.usage().calls["catalog"] == 5


def test_an_unchanged_run_costs_two_calls_a_source(crm: SalesforceCrm) -> None:
    ask = Ask(source="Lead", fields=("Email",))
    cursor = _cursor(crm, ask)
    before = crm.usage().calls["read"]

    list(crm.read(Ask(source="Lead", fields=("Email",), cursor=cursor)))

    assert crm.usage().calls["read"] == before + 2


def test_the_outcome_of_a_write_names_the_full_id(crm: SalesforceCrm, org: Sandbox) -> None:
    lead = _lead(org)

    outcomes: list[Outcome] = list(crm.write([_write(lead[:15], {"Hotlead_Score__c": 4})]))

    assert outcomes == [Outcome(key=lead[:15], ok=True, record=lead)]
