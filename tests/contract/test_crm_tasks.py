"""What every CRM adapter promises of tasks: one for a key whatever is cut, closed and looked up again."""

import pytest

from connector.ports.crm import Ask, Crm, RawRecord, TaskState, TaskStatus
from connector.ports.errors import Action, CrmUnreachable
from tests.contract.conftest import Bench
from tests.support.crm_tasks import call_task, new_key


def _tasks_with_key(bench: Bench, key: str) -> list[RawRecord]:
    field = bench.case.task_key_field
    ask = Ask(source=bench.case.task_source, fields=(field,), where={field: (key,)})
    return [record for page in bench.open().read(ask) for record in page.records]


def test_a_task_is_made_on_its_contact(bench: Bench, crm: Crm) -> None:
    contact, key = bench.new_contact(), new_key()

    (outcome,) = crm.make_tasks([call_task(bench.key(contact), key)])

    assert outcome.ok
    assert outcome.key == key
    assert [record.key.id for record in _tasks_with_key(bench, key)] == [outcome.record]


def test_the_same_key_again_gives_the_same_task_back_untouched(bench: Bench, crm: Crm) -> None:
    contact, key = bench.new_contact(), new_key()
    (first,) = crm.make_tasks([call_task(bench.key(contact), key)])
    before = bench.sandbox.record(bench.case.task_source, first.record)

    (second,) = bench.open().make_tasks([call_task(bench.key(contact), key, subject="Another subject")])

    assert second == first
    assert bench.sandbox.record(bench.case.task_source, first.record) == before


@pytest.mark.parametrize("fault", ["reset_after", "reset_before", "cut_body"])
def test_a_connection_cut_while_a_task_is_made_leaves_exactly_one(bench: Bench, crm: Crm, fault: str) -> None:
    contact, key = bench.new_contact(), new_key()
    crm.identity()
    bench.sandbox.fault(bench.case.task_path, fault, times=1)

    (outcome,) = crm.make_tasks([call_task(bench.key(contact), key)])

    assert outcome.ok
    assert [record.key.id for record in _tasks_with_key(bench, key)] == [outcome.record]


def test_tasks_keep_their_order_and_a_key_given_twice_makes_one(bench: Bench, crm: Crm) -> None:
    contact, keys = bench.key(bench.new_contact()), [new_key() for _ in range(3)]

    outcomes = list(crm.make_tasks([call_task(contact, key) for key in (*keys, keys[0])]))

    assert [outcome.key for outcome in outcomes] == [*keys, keys[0]]
    assert outcomes[3].record == outcomes[0].record
    assert len({outcome.record for outcome in outcomes}) == 3


def test_closing_a_task_completes_it_and_closing_it_again_changes_nothing(bench: Bench, crm: Crm) -> None:
    contact, key = bench.new_contact(), new_key()
    (made,) = crm.make_tasks([call_task(bench.key(contact), key)])

    (closed,) = crm.close_tasks([key])
    after = bench.sandbox.record(bench.case.task_source, made.record)
    (again,) = crm.close_tasks([key])

    assert closed.ok
    assert closed.record == made.record
    assert again.ok
    assert bench.sandbox.record(bench.case.task_source, made.record) == after


def test_closing_a_task_that_is_not_there_says_so_and_makes_none(bench: Bench, crm: Crm) -> None:
    key = new_key()

    (outcome,) = crm.close_tasks([key])

    assert not outcome.ok
    assert outcome.refusal is not None
    assert outcome.refusal.action is Action.SKIP_RECORD
    assert _tasks_with_key(bench, key) == []


def test_a_task_is_open_until_a_person_completes_it_or_throws_it_away(bench: Bench, crm: Crm) -> None:
    contact, keys = bench.key(bench.new_contact()), [new_key() for _ in range(3)]
    open_, completed, gone = (outcome.record for outcome in crm.make_tasks([call_task(contact, key) for key in keys]))
    fresh = list(crm.task_states(keys))
    bench.sandbox.edit(bench.case.task_source, completed, bench.case.task_done)
    bench.sandbox.delete(bench.case.task_source, gone)

    states = list(crm.task_states([*keys, unknown := new_key(), keys[0]]))

    assert [(state.status, state.record) for state in fresh] == [(TaskStatus.OPEN, record) for record in (open_, completed, gone)]
    assert states == [
        TaskState(key=keys[0], status=TaskStatus.OPEN, record=open_),
        TaskState(key=keys[1], status=TaskStatus.COMPLETED, record=completed),
        TaskState(key=keys[2], status=TaskStatus.GONE),
        TaskState(key=unknown, status=TaskStatus.GONE),
        TaskState(key=keys[0], status=TaskStatus.OPEN, record=open_),
    ]


def test_task_states_cost_a_call_a_hundred_and_nothing_for_none(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.reset_counters()
    before = crm.usage().calls.get("reread", 0)

    states = list(crm.task_states([f"nobody-{number:060}" for number in range(101)]))
    none = list(crm.task_states([]))

    assert {state.status for state in states} == {TaskStatus.GONE}
    assert len(states) == 101
    assert none == []
    assert crm.usage().calls["reread"] - before == 2
    assert sum(bench.sandbox.calls().values()) == 2


def test_a_task_is_never_called_gone_because_a_look_up_failed(bench: Bench, crm: Crm) -> None:
    crm.identity()
    bench.sandbox.fault(bench.case.look_up_path, "status", status=503, body="")

    with pytest.raises(CrmUnreachable):
        list(crm.task_states([new_key()]))
