"""A checked lifecycle document → `core.ladder.Ladder`.

Station: the second half of `compile.compile_lifecycle`. Public holidays are left to the caller, who knows the years.
"""

from collections.abc import Mapping
from typing import Any

from connector.core.ladder import Calendar, FollowUpRule, Hysteresis, Ladder, OwnerRule, Redirect, Stage, StageField
from mappings.keys_lifecycle import WEEKDAYS

Read = Mapping[str, Any]
"""A table read by its shape: every key is there, each value of its kind."""


def build_ladder(read: Read, *, version: int) -> Ladder:
    """The ladder that the document says."""
    return Ladder(
        name=read["ladder"],
        version=version,
        label=read["label"],
        model=read["model"],
        stages=tuple(Stage(id=stage, label=entry["label"], enter=entry["enter"]) for stage, entry in read["stages"].items()),
        stage_fields=tuple(_stage_field(entry) for entry in read["stage_fields"]),
        hysteresis=Hysteresis(down_by=read["hysteresis"]["down_by"], dwell=read["hysteresis"]["dwell"]),
        follow_ups=tuple(_follow_up(entry) for entry in read["follow_ups"]),
        redirects=tuple(_redirect(entry) for entry in read["redirects"]),
        tasks_in=read["tasks_in"],
        round_robin=read["round_robin"],
        calendar=_calendar(read["calendar"]),
        language=read["language"],
        next_actions=read["next_actions"],
    )


def _stage_field(read: Read) -> StageField:
    back = {value: stage for stage, value in read["write"].items()}
    return StageField(crm=read["crm"], source=read["source"], field=read["field"], write=read["write"], read={**back, **read["read"]})


def _follow_up(read: Read) -> FollowUpRule:
    return FollowUpRule(
        id=read["id"],
        label=read["label"],
        on=read["on"],
        type=read["type"],
        priority=read["priority"],
        owners=tuple(OwnerRule(owner) for owner in read["owners"]),
        due=read["due"],
        cool_down=read["cool_down"],
    )


def _redirect(read: Read) -> Redirect:
    return Redirect(id=read["id"], label=read["label"], when=read["when"], to=OwnerRule(read["to"]), stage_move=read["stage_move"])


def _calendar(read: Read) -> Calendar:
    return Calendar(
        zone=read["zone"],
        opens=read["opens"],
        closes=read["closes"],
        weekdays=tuple(sorted({WEEKDAYS.index(day) for day in read["weekdays"]})),
        country=read["country"] or "",
        off=frozenset(read["off"]),
    )
