"""What every CRM adapter promises before the first read: identity, catalog, install, check, and what its settings say."""

from collections.abc import Iterator

import pytest
import requests

from adapters.finder import crm_kinds
from connector.ports.crm import Crm, Severity
from connector.ports.errors import UsageError
from tests.contract.conftest import Bench
from tests.support.crm_cases import CASES


def test_identity_names_the_account_and_its_zone(crm: Crm) -> None:
    identity = crm.identity()

    assert identity.account
    assert identity.name
    assert "/" in identity.zone
    assert identity.production is False


def test_users_have_ids_and_addresses(crm: Crm) -> None:
    users = crm.users()

    assert len(users) > 3
    assert len({user.id for user in users}) == len(users)
    assert any("@" in user.email and user.active for user in users)


def test_the_catalog_shows_what_is_asked_and_leaves_out_what_is_not_there(bench: Bench, crm: Crm) -> None:
    case = bench.case

    catalog = crm.catalog(sources=[case.contact, case.deal, case.missing_source])

    assert set(catalog.sources) == {case.contact, case.deal}
    assert set(case.contact_fields) <= set(catalog.sources[case.contact])
    assert case.missing_field not in catalog.sources[case.contact]
    assert (catalog.sources[case.contact][case.reasons_field].length or 255) >= 255
    assert catalog.sources[case.contact][case.score_field].writable


def test_after_an_install_the_plan_finds_everything_and_a_second_install_makes_nothing(bench: Bench, crm: Crm) -> None:
    plan = crm.plan_install()

    again = list(crm.install())

    assert {step.state for step in plan} == {"present"}
    assert {step.state for step in again} == {"present"}
    assert [step.what for step in again] == [step.what for step in plan]


def test_check_is_content_with_an_installed_crm(bench: Bench, crm: Crm) -> None:
    case = bench.case

    findings = crm.check(reads={case.contact: case.contact_fields}, writes={case.contact: (case.score_field, case.reasons_field)})

    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []


def test_check_names_each_missing_field_and_source_and_who_mends_it(bench: Bench, crm: Crm) -> None:
    case = bench.case

    findings = crm.check(
        reads={case.contact: (case.email_field, case.missing_field), case.missing_source: ("x",)},
        writes={case.contact: (case.missing_field,)},
    )

    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    assert any(case.missing_field in finding.message for finding in errors)
    assert any(case.missing_source in finding.message for finding in errors)
    assert all(finding.mended_by and finding.hint for finding in errors)


def test_check_with_wrong_credentials_is_one_finding_that_says_what_to_do(bench: Bench) -> None:
    crm = bench.open(**{bench.case.secret_setting: "pat-na1-00000000-0000-0000-0000-000000000000"})

    findings = crm.check(reads={bench.case.contact: bench.case.contact_fields}, writes={})

    assert [finding.severity for finding in findings] == [Severity.ERROR]
    assert findings[0].hint


def test_the_record_address_opens_in_the_crm(bench: Bench, crm: Crm) -> None:
    record_id = bench.new_contact("Shown")

    page = requests.get(crm.record_url(bench.key(record_id)), timeout=10)

    assert page.status_code == 200
    assert "Shown" in page.text


@pytest.fixture(params=sorted(CASES))
def kind_name(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of each CRM, without a sandbox."""
    yield request.param


def test_opening_with_wrong_settings_names_each_and_calls_nobody(kind_name: str) -> None:
    kind = crm_kinds()[kind_name]

    with pytest.raises(UsageError) as refusal:
        kind.open(connection="x", settings={"base_url": "http://example.com", "timeout_s": "soon", "colour": "red"})

    for name in ("base_url", "timeout_s", "colour", CASES[kind_name].secret_setting):
        assert name in str(refusal.value)


def test_every_secret_setting_is_marked(kind_name: str) -> None:
    secrets = {setting.name for setting in crm_kinds()[kind_name].settings if setting.secret}

    assert CASES[kind_name].secret_setting in secrets
