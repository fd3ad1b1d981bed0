"""One deployment by the Metadata API: sent, waited for, told.

Station: under `provision.py` and `push_install.py`. A deployment takes all or nothing of its components.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from adapters.kit.budget import Purpose
from adapters.salesforce.client import SalesforceClient
from connector.ports.errors import CrmRefused

POLL_S = (0.2, 0.5, 1, 2, 3, 5)
"""Waits between looks at a deployment; the last goes on."""
PATIENCE_S = 900.0


class Deployer:
    """Deploys zips into one org."""

    def __init__(self, *, client: SalesforceClient) -> None:
        self._client = client

    def deploy(self, package: bytes, *, check_only: bool) -> Mapping[str, Any]:
        """The deployment's result, with what came of each component. `check_only` leaves nothing behind. Raises CrmError."""
        options = {
            "allowMissingFiles": False,
            "checkOnly": check_only,
            "ignoreWarnings": True,
            "rollbackOnError": True,
            "singlePackage": True,
            "testLevel": "NoTestRun",
        }
        parts = {
            "json": (None, json.dumps({"deployOptions": options}).encode(), "application/json"),
            "file": ("hotlead.zip", package, "application/zip"),
        }
        begun = self._client.call("POST", "metadata/deployRequest", purpose=Purpose.INSTALL, essential=True, files=parts).body
        return self._ended(str(begun["id"]))

    def failure(self, what: str, problems: Sequence[str]) -> CrmRefused:
        """What to raise where the org does not take it."""
        shown = "; ".join(problems[:10]) + (f" and {len(problems) - 10} more" if len(problems) > 10 else "")
        return CrmRefused(
            f'Salesforce "{self._client.connection}": {what}: {shown}',
            connection=self._client.connection,
            code="INSTALL",
            hint="The API user needs Customize Application and Modify Metadata for this one step; or an admin runs it as themselves.",
        )

    def _ended(self, deployment: str) -> Mapping[str, Any]:
        waits = iter(POLL_S)
        wait_s = 0.0
        started = self._client.clock.monotonic()
        path = f"metadata/deployRequest/{deployment}?includeDetails=true"
        while self._client.clock.monotonic() - started < PATIENCE_S:
            told: Mapping[str, Any] = self._client.call("GET", path, purpose=Purpose.INSTALL, essential=True).body["deployResult"]
            if told["done"]:
                return told
            wait_s = next(waits, wait_s)
            self._client.clock.sleep(wait_s)
        raise self.failure("the deployment goes on in Salesforce", ["look at Setup > Deployment Status, then repeat"])


def refused(result: Mapping[str, Any]) -> dict[str, str]:
    """What was refused, by component; nothing when it went through."""
    if result.get("success"):
        return {}
    problems = {str(failure.get("fullName")): str(failure.get("problem")) for failure in components(result, "componentFailures")}
    return problems or {"deployment": str(result.get("errorMessage") or result.get("status"))}


def components(result: Mapping[str, Any], which: str) -> Sequence[Mapping[str, Any]]:
    """`componentSuccesses` or `componentFailures`; Salesforce gives a single one without a list."""
    found = (result.get("details") or {}).get(which) or []
    return [found] if isinstance(found, dict) else found
