"""The way back: our values as fields of a CRM.

Station: the inverse half of a compiled field mapping; used when changes are planned and writes are made.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from connector.core.changes import Ownership
from connector.core.ladder import StageField
from connector.core.records import Value
from connector.ports.crm import Json
from mappings.convert.plain import read_whole, written_plain
from mappings.convert.times import instant_reader, written_instant

WRITABLE: Mapping[str, str] = {
    "score": "whole",
    "fit": "whole",
    "engagement": "whole",
    "grade": "text",
    "temperature": "text",
    "reasons": "text",
    "breakdown": "text",
    "next_action": "text",
    "model": "text",
    "scored_at": "datetime",
    "stage": "text",
    "origin": "text",
    "disposition": "text",
    "disposition_reason": "text",
    "stage_since": "datetime",
    "hold_until": "datetime",
}
"""Values that can be written, and the form of each."""


class Leave(Enum):
    """What `WriteField.to_crm` gives for a value that the CRM has no word for: the field is to be left as it is."""

    LEAVE = "leave"


LEAVE: Final = Leave.LEAVE


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteField:
    """One field that hotlead fills. `from_crm(to_crm(v)) == v` for every value that can be wanted and is not left alone."""

    field: str
    name: str
    ownership: Ownership
    write: Callable[[Value], Json | Leave]
    read: Callable[[Json], Value | None]

    def to_crm(self, value: Value | None) -> Json | Leave:
        """The value in the CRM's form, None to clear the field, or LEAVE."""
        return self.write(value) if value is not None else LEAVE if self.name == "stage" else None

    def from_crm(self, raw: Json) -> Value | None:
        """Our value of what the CRM holds; what is none of ours comes back as its text, so that it never looks blank."""
        return None if raw is None or raw == "" else self.read(raw)


def write_field(*, field: str, name: str, ownership: str, values: Mapping[str, str] | None) -> WriteField:
    """The field by its form in WRITABLE, or by a table of words."""
    if values:
        write, read = _worded(values, {text: word for word, text in values.items()})
    else:
        write, read = _FORMS[WRITABLE[name]]
    return WriteField(field=field, name=name, ownership=Ownership(ownership), write=write, read=read)


def stage_write_field(field: StageField) -> WriteField:
    """The CRM's own stage field: written in its words, left alone where it has none for a stage."""
    write, read = _worded(field.write, field.read)
    return WriteField(field=field.field, name="stage", ownership=Ownership.OURS, write=write, read=read)


def _worded(written: Mapping[str, str], back: Mapping[str, str]) -> tuple[Callable[[Value], Json | Leave], Callable[[Json], Value | None]]:
    def write(value: Value) -> Json | Leave:
        return written.get(str(value), LEAVE)

    def read(raw: Json) -> Value | None:
        return back.get(str(raw), str(raw))

    return write, read


_read_instant = instant_reader(UTC)


def _instant(raw: Json) -> Value | None:
    moment = _read_instant(raw)
    return moment.replace(microsecond=0) if isinstance(moment, datetime) else str(raw)


def _whole(raw: Json) -> Value | None:
    number = read_whole(raw)
    return number if isinstance(number, int) else str(raw)


def _text(raw: Json) -> Value | None:
    return str(raw).replace("\r\n", "\n")


_FORMS: Mapping[str, tuple[Callable[[Value], Json | Leave], Callable[[Json], Value | None]]] = {
    "whole": (written_plain, _whole),
    "text": (written_plain, _text),
    "datetime": (written_instant, _instant),
}
