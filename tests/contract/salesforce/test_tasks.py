"""What is special to tasks in Salesforce: types that are hidden, subjects that fit, tasks that were thrown away."""

import pytest

from adapters.salesforce.adapter import SalesforceCrm
from connector.ports.crm import Ask
from connector.ports.errors import Action, CrmField
from tests.support.connected_org import install, lead_task, new_lead, opened, org_of
from tests.support.crm_reads import rows_of
from tests.support.sandboxes import Sandbox


def test_a_task_has_its_day_priority_type_and_a_subject_that_fits(crm: SalesforceCrm, org: Sandbox) -> None:
    lead = new_lead(org)

    (made,) = crm.make_tasks([lead_task(lead, f"task-{lead}")])

    task = org.record("Task", made.record)
    assert (task["WhoId"], task["ActivityDate"], task["Priority"], task["Type"]) == (lead, "2026-12-01", "High", "Call")
    assert len(task["Subject"]) == 255
    assert task["IsClosed"] is False


def test_a_task_is_made_without_a_type_where_the_org_hides_it() -> None:
    with org_of(options=("--hide-field", "Task.Type")) as sandbox:
        install(sandbox)
        lead = new_lead(sandbox)

        (made,) = opened(sandbox).make_tasks([lead_task(lead, "untyped")])

        assert made.ok
        assert sandbox.record("Task", made.record)["Type"] is None


def test_a_task_that_a_rep_threw_away_is_not_made_again(crm: SalesforceCrm, org: Sandbox) -> None:
    lead = new_lead(org)
    (made,) = crm.make_tasks([lead_task(lead, f"thrown-{lead}")])
    org.delete("Task", made.record)

    (again,) = crm.make_tasks([lead_task(lead, f"thrown-{lead}")])

    assert again == made
    assert org.record("Task", made.record)["IsDeleted"] is True


def test_a_task_without_the_key_field_says_to_install() -> None:
    with org_of() as sandbox, pytest.raises(CrmField) as refusal:
        list(opened(sandbox).make_tasks([lead_task(new_lead(sandbox), "early")]))

    assert "hotlead install" in refusal.value.hint


def test_a_task_on_a_converted_lead_is_refused(crm: SalesforceCrm) -> None:
    converted = next(lead for lead in rows_of(crm, Ask(source="Lead", fields=("Email",))) if lead.survivor is not None)

    (outcome,) = crm.make_tasks([lead_task(converted.key.id, f"late-{converted.key.id}")])

    assert not outcome.ok
    assert outcome.refusal is not None
    assert outcome.refusal.action is Action.SKIP_RECORD
