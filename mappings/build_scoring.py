"""A checked scoring document → `core.model.Model`.

Station: the second half of `compile.compile_scoring`.
Half-life and window are resolved from rule, group, side.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from connector.core.model import (
    ActivityRule,
    Bands,
    Exclusion,
    FitRule,
    Group,
    HandOff,
    Ignore,
    Label,
    Model,
    Pattern,
    Per,
    Side,
    Surge,
)
from mappings.keys_bands import ENGAGEMENT_BANDS, FIT_BANDS

Read = Mapping[str, Any]
"""A table read by its shape: every key is there, each value of its kind."""


def build_model(read: Read, *, version: int) -> Model:
    """The model that the document says."""
    return Model(
        name=read["model"],
        version=version,
        label=read["label"],
        zone=read["zone"],
        applies_to=read["applies_to"],
        fit=_fit(read["fit"]),
        engagement=_engagement(read["engagement"]),
        total_limit=read["total_limit"],
        ignore=Ignore(kinds=read["ignore"]["kinds"], paths=read["ignore"]["paths"], marks=read["ignore"]["marks"]),
        exclude=tuple(_exclusion(entry) for entry in read["exclude"]),
        hand_offs=tuple(_hand_off(entry) for entry in read["hand_off"]),
        bands=_bands(read["bands"]),
    )


def _fit(side: Read) -> Side:
    groups = tuple(
        _group(group_id, group, tuple(FitRule(id=r["id"], label=r["label"], points=r["points"], when=r["when"]) for r in group["rules"]))
        for group_id, group in side["groups"].items()
    )
    return Side(limit=side["limit"], floor=side["floor"], groups=groups)


def _engagement(side: Read) -> Side:
    groups = tuple(
        _group(group_id, group, tuple(_activity_rule(rule, group, side) for rule in group["rules"]))
        for group_id, group in side["groups"].items()
    )
    return Side(limit=side["limit"], floor=side["floor"], groups=groups)


def _group(group_id: str, group: Read, rules: tuple[FitRule, ...] | tuple[ActivityRule, ...]) -> Group:
    label = group["label"] or Label(en=group_id.replace("_", " ").capitalize())
    return Group(id=group_id, label=label, limit=group["limit"], floor=group["floor"], rules=rules)


def _activity_rule(rule: Read, group: Read, side: Read) -> ActivityRule:
    half_life = rule["half_life"] or group["half_life"] or side["half_life"]
    window = rule["window"] or group["window"] or side["window"]
    return ActivityRule(
        id=rule["id"],
        label=rule["label"],
        points=rule["points"],
        pattern=pattern_of(rule),
        per=Per(rule["per"]),
        limit=rule["limit"],
        floor=rule["floor"],
        half_life_hours=_hours(half_life) if half_life else None,
        window_hours=_hours(window),
    )


def pattern_of(read: Read) -> Pattern:
    """The activities that a rule, exclusion or hand-off means."""
    return Pattern(
        kinds=read["kind"],
        where=read["where"],
        min_seconds=read["seconds"],
        at_least=read["at_least"],
        distinct_days=read["distinct_days"],
        within_hours=_hours(read["within"]) if read["within"] else None,
    )


def _exclusion(read: Read) -> Exclusion:
    pattern = pattern_of(read) if read["kind"] else None
    return Exclusion(id=read["id"], label=read["label"], when=read["when"], pattern=pattern)


def _hand_off(read: Read) -> HandOff:
    surge = read["surge"]
    return HandOff(
        id=read["id"],
        label=read["label"],
        pattern=pattern_of(read) if read["kind"] else None,
        surge=Surge(quiet_hours=_hours(surge["quiet"]), points=surge["points"], within_hours=_hours(surge["within"])) if surge else None,
        window_hours=_hours(read["window"]),
        origin=read["origin"] or "",
    )


def _bands(read: Read) -> Bands:
    return Bands(
        fit=tuple((letter, read["fit"][letter]) for letter in FIT_BANDS),
        engagement=tuple((number, read["engagement"][number]) for number in ENGAGEMENT_BANDS),
        unknown_when_missing=read["unknown_when_missing"],
        hot=read["hot"],
        warm=read["warm"],
    )


def _hours(length: timedelta) -> int:
    return int(length / timedelta(hours=1))
