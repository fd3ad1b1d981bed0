"""Links carry the association's label, the primary one first, each once."""

from adapters.hubspot.links import as_links, inline_links


def test_a_labelled_link_hides_its_unlabelled_twin() -> None:
    assert as_links([("7", ""), ("7", "Decision maker")]) == [{"id": "7", "role": "Decision maker"}]


def test_the_primary_comes_first_and_several_labels_are_several_links() -> None:
    links = as_links([("7", ""), ("8", "Primary"), ("7", "Champion"), ("7", "Budget holder"), ("8", "")])

    assert links == [
        {"id": "8", "role": "Primary"},
        {"id": "7", "role": "Budget holder"},
        {"id": "7", "role": "Champion"},
    ]


def test_inline_links_tell_the_primary_company_by_its_type() -> None:
    results = [
        {"id": "31", "type": "contact_to_company_unlabeled"},
        {"id": "32", "type": "contact_to_company"},
        {"id": "32", "type": "contact_to_company_unlabeled"},
    ]

    assert inline_links({"associations": {"companies": {"results": results}}}, "companies") == [
        {"id": "32", "role": "Primary"},
        {"id": "31", "role": ""},
    ]


def test_a_row_without_associations_has_no_links() -> None:
    assert inline_links({"id": "1"}, "companies") == []
    assert inline_links({"associations": {"deals": {"results": []}}}, "companies") == []


def test_more_links_than_a_row_carries_are_to_be_read_apart() -> None:
    block = {"results": [{"id": "1", "type": "contact_to_company"}], "paging": {"next": {"after": "1"}}}

    full = {"results": [{"id": str(number), "type": "contact_to_company_unlabeled"} for number in range(100)]}

    assert inline_links({"associations": {"companies": block}}, "companies") is None
    assert inline_links({"associations": {"companies": full}}, "companies") is None
