"""What every CRM adapter promises of a write: values, outcomes in order, one refused row stops no other."""

from connector.ports.crm import Ask, Crm, Write
from connector.ports.errors import Action
from tests.contract.conftest import Bench


def test_written_values_are_in_the_crm_and_outcomes_keep_their_order(bench: Bench, crm: Crm) -> None:
    ids = [bench.new_contact() for _ in range(3)]

    outcomes = list(crm.write(bench.writes(ids, "Pricing page 3 times")))

    assert [(outcome.key, outcome.ok) for outcome in outcomes] == [(record_id, True) for record_id in ids]
    assert [bench.field(record_id, bench.case.reasons_field) for record_id in ids] == ["Pricing page 3 times"] * 3
    assert [float(bench.field(record_id, bench.case.score_field)) for record_id in ids] == [71.0] * 3


def test_none_clears_a_field(bench: Bench, crm: Crm) -> None:
    record_id = bench.new_contact()
    list(crm.write(bench.writes([record_id], "soon gone")))

    (outcome,) = crm.write([Write(key=bench.key(record_id), fields={bench.case.reasons_field: None})])

    assert outcome.ok
    assert not bench.field(record_id, bench.case.reasons_field)


def test_writes_cost_one_call_a_batch(bench: Bench, crm: Crm) -> None:
    size = crm.abilities.write_batch
    alive = [record.key.id for page in crm.read(bench.ask()) for record in page.records if record.survivor is None]
    ids = alive[: size * 2 + 1]

    outcomes = list(crm.write(bench.writes(ids, "batch")))

    assert all(outcome.ok for outcome in outcomes)
    assert bench.case.write_calls(bench.sandbox.calls()) == 3
    assert crm.usage().calls["write"] == 3


def test_one_refused_row_of_a_batch_stops_no_other(bench: Bench, crm: Crm) -> None:
    for denial in bench.case.denials:
        ids = [bench.new_contact() for _ in range(3)]
        rows = {"error": denial.code, "message": denial.message, "fields": list(denial.fields), "ids": [ids[1]]}
        bench.sandbox.fault(bench.case.write_path, "rows", rows=rows)

        outcomes = list(crm.write(bench.writes(ids, denial.code)))

        bench.sandbox.heal()
        assert [outcome.ok for outcome in outcomes] == [True, False, True], denial.code
        refusal = outcomes[1].refusal
        assert refusal is not None
        assert (refusal.action, refusal.mended_by) == (denial.action, denial.mended_by), denial.code
        assert denial.message in refusal.message
        assert refusal.cause
        assert bench.field(ids[2], bench.case.reasons_field) == denial.code


def test_a_write_to_a_deleted_row_is_refused_for_that_row(bench: Bench, crm: Crm) -> None:
    alive, gone = bench.new_contact(), bench.new_contact()
    bench.sandbox.delete(bench.case.contact, gone)

    outcomes = list(crm.write(bench.writes([gone, alive], "one of two")))

    assert [outcome.ok for outcome in outcomes] == [False, True]
    refusal = outcomes[0].refusal
    assert refusal is not None
    assert refusal.action is Action.SKIP_RECORD


def test_writes_of_several_sources_keep_their_order(bench: Bench, crm: Crm) -> None:
    deal = next(iter(crm.read(Ask(source=bench.case.deal, fields=bench.case.deal_fields)))).records[0]
    contacts = [bench.new_contact(), bench.new_contact()]
    name = bench.case.deal_fields[0]
    writes = bench.writes(contacts, "mixed")
    writes.insert(1, Write(key=deal.key, fields={name: deal.fields[name]}))

    outcomes = list(crm.write(writes))

    assert [(outcome.key, outcome.ok) for outcome in outcomes] == [(contacts[0], True), (deal.key.id, True), (contacts[1], True)]


def test_a_connection_cut_after_the_effect_leaves_the_right_values_and_outcomes(bench: Bench, crm: Crm) -> None:
    ids = [bench.new_contact() for _ in range(3)]
    crm.identity()
    bench.sandbox.fault(bench.case.write_path, "reset_after", times=1)

    outcomes = list(crm.write(bench.writes(ids, "cut after")))

    assert [outcome.ok for outcome in outcomes] == [True, True, True]
    assert {bench.field(record_id, bench.case.reasons_field) for record_id in ids} == {"cut after"}
