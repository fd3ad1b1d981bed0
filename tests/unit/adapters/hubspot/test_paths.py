"""Each API has a classic and a dated path."""

import pytest

from adapters.hubspot.paths import Paths, is_api_version


def test_the_classic_version_mixes_v3_and_v4() -> None:
    paths = Paths()

    assert paths.objects("contacts") == "/crm/v3/objects/contacts"
    assert paths.associations("deals", "contacts") == "/crm/v4/associations/deals/contacts"
    assert paths.properties("tasks") == "/crm/v3/properties/tasks"
    assert (paths.owners, paths.account, paths.events) == ("/crm/v3/owners", "/account-info/v3/details", "/events/v3/events")


def test_a_dated_version_stands_in_every_path_but_the_tokens() -> None:
    paths = Paths("2026-09")
    dated = [paths.objects("contacts"), paths.associations("deals", "contacts"), paths.properties("tasks")]
    dated += [paths.owners, paths.account, paths.events]

    assert dated == [
        "/crm/objects/2026-09/contacts",
        "/crm/associations/2026-09/deals/contacts",
        "/crm/properties/2026-09/tasks",
        "/crm/owners/2026-09",
        "/account-info/2026-09/details",
        "/events/event-occurrences/2026-09",
    ]
    assert "2026" not in paths.token


@pytest.mark.parametrize(
    ("text", "known"), [("v3", True), ("2026-09", True), ("2027-03", True), ("v4", False), ("2026-9", False), ("", False)]
)
def test_versions_are_recognised(text: str, known: bool) -> None:
    assert is_api_version(text) is known
