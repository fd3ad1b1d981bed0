"""Whatever a CRM sends, a row is mapped: nothing breaks, and what is not understood is absent."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.records import Activity, Company, Contact, Deal
from connector.ports.crm import Json
from mappings.compile import FieldMapping
from tests.support.odd_values import ODD
from tests.unit.mappings.crm_rows import mapped, mapping_of, row

MAPPINGS = {
    "hubspot": mapping_of("hubspot"),
    "hubspot below Enterprise": mapping_of("hubspot", sources=()),
    "salesforce": mapping_of("salesforce"),
}
SOURCES = [(name, read.source) for name, mapping in MAPPINGS.items() for read in mapping.reads]

SAID: st.SearchStrategy[Json] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**15),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(list(ODD.values())),
    st.sampled_from(
        [
            "",
            "true",
            "5",
            "51-200",
            "2026-11-01",
            "2026-11-01T09:30:00Z",
            "1763717400000",
            "a@example.com",
            "003x",
            "00Qx",
            "https://x.com/a?b",
        ]
    ),
    st.lists(st.text(max_size=3), max_size=2).map(list[Json]),
)
RELATED = st.lists(st.fixed_dictionaries({"id": st.text(min_size=1, max_size=3), "role": st.sampled_from(["", "Champion"])}), max_size=3)


def drawn_fields(data: st.DataObject, mapping: FieldMapping, source: str) -> dict[str, Json]:
    read = next(read for read in mapping.reads if read.source == source)
    fields: dict[str, Json] = {name: data.draw(SAID, label=name) for name in read.fields}
    fields.update({f"@{name}": json.loads(json.dumps(data.draw(RELATED))) for name in read.related})
    return fields


@pytest.mark.parametrize(("name", "source"), SOURCES)
@settings(max_examples=20)
@given(data=st.data())
def test_any_row_becomes_records_the_same_each_time(name: str, source: str, data: st.DataObject) -> None:
    mapping = MAPPINGS[name]
    fields = drawn_fields(data, mapping, source)
    before = data.draw(st.one_of(st.none(), st.just(fields), st.builds(lambda: drawn_fields(data, mapping, source))))

    result = mapped(mapping, row(source, "1", **fields), before=before)

    assert result == mapped(mapping, row(source, "1", **fields), before=before)
    for record in result.records:
        match record:
            case Activity():
                assert record.at.tzinfo is not None
                assert record.seconds >= 0
                assert record.kind
            case Contact() | Company() | Deal():
                assert all(value is not None and value != "" for value in record.values.values())
    ids = [record.id for record in result.records if isinstance(record, Activity)]
    assert len(ids) == len(set(ids))
