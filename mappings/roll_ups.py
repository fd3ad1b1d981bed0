"""Dates and counters on a person's row → activities.

Station: used by `contact_rows`. A CRM that keeps only roll-ups of what somebody did still tells when the latest was, and how many.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from connector.core.records import Activity, RecordKey
from connector.ports.crm import Json
from mappings.activity_parts import Details, first_instant, kind_of
from mappings.convert.plain import read_whole, read_yes_no
from mappings.convert.registry import Fields, Spec, Surroundings
from mappings.field_mapping import Misread


def roll_up_of(activity: str, *, row: str) -> str:
    """The name of the moment or counter of a row that an activity's id was made by; empty for the id of another row's activity."""
    return activity.removeprefix(f"{row}:").rpartition(":")[0] if activity.startswith(f"{row}:") else ""


class Moments:
    """Dates that are activities. The id holds the moment's name and second, so a later date is another activity."""

    def __init__(self, specs: Sequence[Spec], around: Surroundings) -> None:
        self._made = [
            (spec["id"], first_instant((spec["at"],), around), kind_of(spec["activity"], around), Details(spec, around)) for spec in specs
        ]
        self.fields = tuple(
            name
            for spec, (_, _, _, details) in zip(specs, self._made, strict=True)
            for name in (spec["at"], *details.fields, *(step[key] for step in spec["activity"] for key in ("from", "past") if step[key]))
        )

    def of(self, key: RecordKey, fields: Fields, seen_at: datetime, misread: Misread) -> dict[str, Activity]:
        """Activities by id."""
        found: dict[str, Activity] = {}
        for name, at_of, kind_at, details in self._made:
            at = at_of(fields, misread)
            kind = kind_at(fields, seen_at, misread) if at is not None else ""
            if at is not None and kind:
                made = f"{key.id}:{name}:{int(at.timestamp())}"
                if made not in found:
                    found[made] = Activity(id=made, contact=key, source=key.source, kind=kind, at=at, **details.read(fields, misread))
        return found


class Counter:
    """A number that only rises. Ids hold the count, so that the same rise seen again is the same activities."""

    def __init__(self, spec: Spec, around: Surroundings) -> None:
        self._name, self._field, self._kind = spec["id"], spec["from"], spec["activity"]
        self._most, self._told_elsewhere = spec["most"], 1 if spec["newest_told_by"] else 0
        self._at = first_instant((spec["at"],) if spec["at"] else (), around)
        self._at_modified = spec["at_modified"]
        self._details = Details({**spec, "seconds": spec["seconds"]}, around)
        self.fields = tuple(name for name in (spec["from"], spec["at"], *self._details.fields) if name)

    def of(
        self,
        key: RecordKey,
        fields: Fields,
        before: Mapping[str, Json] | None,
        *,
        modified_at: datetime,
        seen_at: datetime,
        misread: Misread,
    ) -> list[Activity]:
        """The activities of the rise since `before`, the newest last; at most one when first seen, none when it fell or stands still."""
        count = self._count(fields.get(self._field))
        if count is None:
            if fields.get(self._field) not in (None, ""):
                misread.append((self._field, fields.get(self._field)))
            return []
        first = before is None or self._field not in before
        known = max(0, count - 1) if before is None or first else self._count(before[self._field]) or 0
        rise = count - known
        if rise <= 0:
            return []
        at = self._at(fields, misread) or (modified_at if self._at_modified else None if first else seen_at)
        if at is None:
            return []
        newest = count - self._told_elsewhere
        least = max(known, newest - self._most)
        return [
            self._activity(key, number, at.astimezone(UTC), fields if number == count else None, misread)
            for number in range(least + 1, newest + 1)
        ]

    def _activity(self, key: RecordKey, number: int, at: datetime, fields: Fields | None, misread: Misread) -> Activity:
        details = self._details.read(fields, misread) if fields is not None else {}
        return Activity(id=f"{key.id}:{self._name}:{number}", contact=key, source=key.source, kind=self._kind, at=at, **details)

    def _count(self, raw: Json) -> int | None:
        number = read_whole(raw)
        if isinstance(number, int):
            return max(0, number)
        ticked = read_yes_no(raw)
        return int(ticked) if isinstance(ticked, bool) else None
