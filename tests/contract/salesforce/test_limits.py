"""How calls to Salesforce keep to the day's quota, and what a clock that runs apart is told."""

from datetime import UTC, datetime

import pytest

from connector.ports.crm import Ask
from connector.ports.errors import Action, CrmLimit
from tests.support.connected_org import install, lead_task, new_lead, opened, org_of


def test_reads_stop_at_nine_tenths_of_the_day_and_tasks_go_on() -> None:
    with org_of(options=("--daily-limit", "200")) as sandbox:
        install(sandbox)
        crm = opened(sandbox)
        lead = new_lead(sandbox)

        with pytest.raises(CrmLimit) as refusal:
            for _ in range(200):
                list(crm.read(Ask(source="Lead", fields=("Email",))))
        used = crm.usage().day_used
        (made,) = crm.make_tasks([lead_task(lead, "urgent")])

    assert used is not None
    assert 180 <= used <= 182
    assert refusal.value.action is Action.WAIT
    assert refusal.value.until is not None
    assert made.ok


def test_a_quota_that_others_used_up_is_told_with_the_time_to_come_back() -> None:
    with org_of(options=("--daily-limit", "500")) as sandbox:
        crm = opened(sandbox)
        crm.identity()
        sandbox.order("api_usage", {"calls": 500})

        with pytest.raises(CrmLimit) as refusal:
            crm.users()

    assert refusal.value.code == "REQUEST_LIMIT_EXCEEDED"
    assert refusal.value.until is not None
    assert refusal.value.until > datetime.now(UTC)


def test_a_clock_that_runs_apart_is_told() -> None:
    with org_of(people=0) as sandbox:
        crm = opened(sandbox)
        crm.identity()
        before = crm.check(reads={}, writes={})
        sandbox.advance(300)

        after = crm.check(reads={}, writes={})

    assert "CLOCK" not in {finding.code for finding in before}
    assert "CLOCK" in {finding.code for finding in after}
