"""A CRM is found by its folder, and imported only when it is wanted."""

import subprocess
import sys
from pathlib import Path

import pytest

from adapters.finder import CrmKinds, crm_kinds


def test_every_folder_with_a_manifest_is_a_crm_and_no_other(tmp_path: Path) -> None:
    for name in ("zeta", "alpha", "kit"):
        (tmp_path / name).mkdir()
    (tmp_path / "zeta" / "manifest.toml").touch()
    (tmp_path / "alpha" / "manifest.toml").touch()

    assert list(CrmKinds(folder=tmp_path)) == ["alpha", "zeta"]


def test_salesforce_is_found() -> None:
    kinds = crm_kinds()

    assert kinds["salesforce"].abilities.crm == "salesforce"
    assert kinds["salesforce"].abilities.write_batch == 200


def test_an_unknown_crm_is_no_key() -> None:
    with pytest.raises(KeyError):
        crm_kinds()["nocrm"]


def test_listing_the_kinds_imports_no_vendor_client() -> None:
    code = (
        "import sys; from adapters.finder import crm_kinds; list(crm_kinds()); "
        "sys.exit(bool({'simple_salesforce', 'hubspot'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
