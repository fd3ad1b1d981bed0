"""Which fields a sandbox's own workflows set when others change."""

from __future__ import annotations

import pytest

from adapters.kit.sandbox.workflows import MOST_TURNS, WorkflowBook


def test_every_workflow_of_the_source_that_waits_for_a_changed_field_has_its_say_the_last_one_wins() -> None:
    book = WorkflowBook()
    book.add({"source": "Lead", "when_field": "Score", "set": {"Rating": "Cold", "Status": "Open"}})
    book.add({"source": "Lead", "when_field": "Score", "set": {"Rating": "Hot"}})
    book.add({"source": "Lead", "when_field": "Title", "set": {"Fax": "1"}})
    book.add({"source": "Contact", "when_field": "Score", "set": {"Fax": "2"}})

    assert book.following("Lead", {"Score", "Email"}) == {"Rating": "Hot", "Status": "Open"}
    assert book.following("Lead", {"Email"}) == {}


def test_a_workflow_within_workflows_ends_after_some_turns() -> None:
    book = WorkflowBook()
    book.add({"source": "Lead", "when_field": "Score", "set": {"Score": 1}})

    def turns() -> int:
        if not book.following("Lead", {"Score"}):
            return 0
        with book.firing():
            return 1 + turns()

    assert turns() == MOST_TURNS
    assert book.following("Lead", {"Score"}) == {"Score": 1}
    assert book.listed()["fired"] == MOST_TURNS


@pytest.mark.parametrize("written", [{}, {"source": "Lead", "when_field": "Score", "set": {}}, {"source": "Lead", "set": {"a": 1}}])
def test_a_workflow_without_sense_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a workflow is"):
        WorkflowBook().add(written)
