"""The portal's deal pipeline: HubSpot's default sales pipeline, its stages and their probabilities.

Station: HubSpot sandbox, tables. Stage ids and probabilities are those of a new portal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from adapters.hubspot.sandbox.stamps import iso

PIPELINE_ID = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of the deal pipeline."""

    id: str
    label: str
    probability: str
    closed: bool = False

    @property
    def is_won(self) -> bool:
        """True for the stage of won deals."""
        return self.closed and self.probability == "1.0"

    @property
    def is_lost(self) -> bool:
        """True for the stage of lost deals."""
        return self.closed and not self.is_won


STAGES: tuple[Stage, ...] = (
    Stage(id="appointmentscheduled", label="Appointment Scheduled", probability="0.2"),
    Stage(id="qualifiedtobuy", label="Qualified To Buy", probability="0.4"),
    Stage(id="presentationscheduled", label="Presentation Scheduled", probability="0.6"),
    Stage(id="decisionmakerboughtin", label="Decision Maker Bought-In", probability="0.8"),
    Stage(id="contractsent", label="Contract Sent", probability="0.9"),
    Stage(id="closedwon", label="Closed Won", probability="1.0", closed=True),
    Stage(id="closedlost", label="Closed Lost", probability="0.0", closed=True),
)

STAGE_BY_ID: dict[str, Stage] = {stage.id: stage for stage in STAGES}


def pipeline_body(since_ms: int) -> dict[str, Any]:
    """The default deal pipeline as the pipelines API sends it."""
    stamp = iso(since_ms)
    return {
        "label": "Sales Pipeline",
        "displayOrder": 0,
        "id": PIPELINE_ID,
        "stages": [
            {
                "label": stage.label,
                "displayOrder": order,
                "metadata": {"isClosed": "true" if stage.closed else "false", "probability": stage.probability},
                "id": stage.id,
                "createdAt": stamp,
                "updatedAt": stamp,
                "archived": False,
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            }
            for order, stage in enumerate(STAGES)
        ],
        "createdAt": stamp,
        "updatedAt": stamp,
        "archived": False,
    }
