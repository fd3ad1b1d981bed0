"""What every CRM adapter promises of rows that are read again by their ids, and of the links they bring."""

from itertools import islice

from connector.ports.crm import Ask, Crm, RawRecord
from mappings.compile import compile_fields, compile_lifecycle
from mappings.document import packaged
from mappings.field_mapping import SourceRead
from tests.contract.conftest import Bench
from tests.support.crm_reads import ids_of


def test_deals_bring_the_ids_of_their_people(bench: Bench, crm: Crm) -> None:
    case = bench.case

    deals = [
        record for page in crm.read(Ask(source=case.deal, fields=case.deal_fields, related=(case.deal_contact,))) for record in page.records
    ]

    people = [deal.fields[f"@{case.deal_contact}"] for deal in deals]
    assert all(isinstance(rows, list) for rows in people)
    linked = [row for rows in people if isinstance(rows, list) for row in rows]
    assert linked
    assert all(isinstance(row, dict) and row["id"] and "role" in row for row in linked)


def test_reread_gives_rows_as_they_are_now_in_order(bench: Bench, crm: Crm) -> None:
    first, second, gone = bench.new_contact(), bench.new_contact(), bench.new_contact()
    bench.sandbox.edit(bench.case.contact, second, {bench.case.text_field: "Just now"})
    bench.sandbox.delete(bench.case.contact, gone)

    rows = list(crm.reread(source=bench.case.contact, ids=[second, gone, first], fields=[bench.case.text_field]))

    assert [row.key.id for row in rows] == [second, gone, first]
    assert rows[0].fields[bench.case.text_field] == "Just now"
    assert [row.deleted for row in rows] == [False, True, False]


def test_rereads_go_in_batches(bench: Bench, crm: Crm) -> None:
    ids = ids_of([next(iter(crm.read(bench.ask())))])
    ids = (ids * 3)[: crm.abilities.reread_batch + 1]

    rows = list(crm.reread(source=bench.case.contact, ids=ids, fields=[bench.case.email_field]))

    assert [row.key.id for row in rows] == ids
    assert crm.usage().calls["reread"] == 2


def test_a_reread_row_equals_what_a_pull_read_of_every_source_of_the_mapping(bench: Bench, crm: Crm) -> None:
    compared = set()
    for asked in _shipped_reads(bench.case.crm):
        if not crm.abilities.rereads(asked.source):
            continue
        pages = islice(crm.read(Ask(source=asked.source, fields=asked.fields, related=asked.related)), 3)
        pulled = [row for page in pages for row in page.records]
        compared.add(asked.source)

        again = list(crm.reread(source=asked.source, ids=[row.key.id for row in pulled], fields=asked.fields, related=asked.related))

        assert [row.key for row in again] == [row.key for row in pulled]
        assert [_comparable(row) for row in again] == [_comparable(row) for row in pulled]
    assert {bench.case.contact, bench.case.deal, bench.case.activity} <= compared


def _shipped_reads(crm: str) -> tuple[SourceRead, ...]:
    ladder = compile_lifecycle(packaged("lifecycle", "b2b_default"), file="lifecycle", version=1)
    return compile_fields(packaged("fields", crm), file=crm, connection="under-test", version=1, ladder=ladder, zone="UTC").reads


def _comparable(row: RawRecord) -> tuple[object, ...]:
    """All that a row says; links in any order, which no CRM promises."""
    fields = {name: sorted(map(str, value)) if isinstance(value, list) else value for name, value in row.fields.items()}
    return fields, row.modified_at, row.deleted, row.survivor


def test_rereads_with_related_ids_cost_no_more_calls_than_batches(bench: Bench, crm: Crm) -> None:
    case = bench.case
    deals = [row.key.id for page in crm.read(Ask(source=case.deal, fields=case.deal_fields)) for row in page.records]
    before = crm.usage().calls.get("reread", 0)

    rows = list(crm.reread(source=case.deal, ids=deals, fields=case.deal_fields, related=(case.deal_contact,)))

    assert [row.key.id for row in rows] == deals
    assert crm.usage().calls["reread"] - before == case.reread_calls(len(deals))
