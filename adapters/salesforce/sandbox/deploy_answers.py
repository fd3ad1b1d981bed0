"""What a deploy tells about itself: its state, its components, its numbers.

Station: Salesforce sandbox, values for `deploy.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

from adapters.salesforce.sandbox.automations import NOTHING_DEPLOYED, Automations


@dataclass(slots=True, kw_only=True)
class Deployment:
    """One deploy: its options, what came of each component, and how often it was asked after."""

    deploy_id: str
    options: dict[str, Any]
    started: str
    user_id: str
    successes: list[dict[str, Any]] = dataclass_field(default_factory=list)
    failures: list[dict[str, Any]] = dataclass_field(default_factory=list)
    error: str | None = None
    asked: int = 0
    automations: Automations = NOTHING_DEPLOYED
    """What will be in force when it succeeds."""

    @property
    def check_only(self) -> bool:
        """True for a trial that leaves nothing behind."""
        return self.options.get("checkOnly") is True

    @property
    def succeeded(self) -> bool:
        """True when every component could be deployed."""
        return not self.failures and self.error is None


def component(
    kind: str,
    full_name: str,
    file_name: str,
    *,
    record_id: str | None = None,
    created: bool = False,
    changed: bool = True,
    deleted: bool = False,
    problem: str | None = None,
) -> dict[str, Any]:
    """One component of the result: deployed (not `changed`: the org had just that), removed, or with its problem."""
    return {
        "changed": changed and problem is None,
        "columnNumber": None,
        "componentType": kind,
        "created": created,
        "deleted": deleted,
        "fileName": file_name,
        "fullName": full_name,
        "id": record_id,
        "lineNumber": None,
        "problem": problem,
        "problemType": None if problem is None else "Error",
        "requiresProductionTestRun": False,
        "success": problem is None,
        "warning": False,
    }


def deploy_result(deployment: Deployment, *, status: str, details: bool) -> dict[str, Any]:
    """The deployResult; counts and components only when it is done, components only with `details`."""
    done = status in ("Succeeded", "Failed")
    total = len(deployment.successes) + len(deployment.failures)
    result = {
        "id": deployment.deploy_id,
        "success": status == "Succeeded",
        "checkOnly": deployment.check_only,
        "ignoreWarnings": deployment.options.get("ignoreWarnings", False),
        "rollbackOnError": deployment.options.get("rollbackOnError", True),
        "status": status,
        "runTestsEnabled": False,
        "done": done,
        "createdBy": deployment.user_id,
        "createdDate": deployment.started,
        "startDate": deployment.started,
        "completedDate": deployment.started if done else None,
        "errorMessage": deployment.error,
        "errorStatusCode": None,
        "numberComponentErrors": len(deployment.failures) if done else 0,
        "numberComponentsDeployed": len(deployment.successes) if done else 0,
        "numberComponentsTotal": total,
        "numberTestErrors": 0,
        "numberTestsCompleted": 0,
        "numberTestsTotal": 0,
    }
    if details:
        result["details"] = {
            "allComponentMessages": [],
            "componentFailures": deployment.failures if done else [],
            "componentSuccesses": deployment.successes if done else [],
            "retrieveResult": None,
            "runTestResult": {"numFailures": 0, "numTestsRun": 0, "failures": [], "successes": []},
        }
    return result
