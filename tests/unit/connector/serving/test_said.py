"""What a worker says of its connections once it is ready."""

from connector.ports.errors import SecretsError
from connector.serving.worker import ConnectionSaid, said_of
from tests.support.stores import connection


def test_a_connection_whose_secrets_cannot_be_opened_is_told_with_what_to_do_and_raises_nothing() -> None:
    def receives(name: str) -> bool:
        raise SecretsError("The stored credentials are damaged.", hint="Connect again to type them in anew.")

    said = said_of(connection("crm"), receives=receives, has_feed=lambda one: True)

    assert said == ConnectionSaid(
        name="crm",
        crm="salesforce",
        live="off",
        receiving=False,
        changes="polling",
        trouble="The stored credentials are damaged. Connect again to type them in anew.",
    )


def test_a_connection_is_told_with_how_it_hears_of_changes_at_the_soonest() -> None:
    def changes(*, receives: bool, feed: bool) -> tuple[bool, str, str]:
        said = said_of(connection("crm"), receives=lambda name: receives, has_feed=lambda one: feed)
        return said.receiving, said.changes, said.trouble

    assert changes(receives=True, feed=True) == (True, "push", "")
    assert changes(receives=False, feed=True) == (False, "feed", "")
    assert changes(receives=False, feed=False) == (False, "polling", "")
