"""Errors in words, for the log and for people."""

import pytest

from connector.flows.error_texts import logged, told
from connector.ports.errors import CrmAuth, HotleadError

REFUSED = CrmAuth("HubSpot 'crm' refuses the key.", connection="crm", hint="Make a new one and run hotlead connect again.")


def test_a_log_line_names_the_class_the_message_and_what_to_do() -> None:
    assert logged(REFUSED) == {
        "error": "CrmAuth: HubSpot 'crm' refuses the key.",
        "hint": "Make a new one and run hotlead connect again.",
    }
    assert logged(HotleadError("It failed.")) == {"error": "HotleadError: It failed."}


def test_people_are_told_what_happened_and_what_to_do_and_no_class() -> None:
    assert told(REFUSED) == "HubSpot 'crm' refuses the key. Make a new one and run hotlead connect again."


@pytest.mark.parametrize(("message", "sentence"), [("It is away", "It is away."), ("Is it away?", "Is it away?")])
def test_a_message_is_a_sentence(message: str, sentence: str) -> None:
    assert told(HotleadError(message)) == sentence


def test_a_fault_of_our_own_shows_nothing_of_what_it_says() -> None:
    fault = ValueError("ann@example.com")

    assert logged(fault) == {"error": "ValueError"}
    assert told(fault) == "A fault in hotlead itself (ValueError); the log says where."
