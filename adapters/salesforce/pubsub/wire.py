"""The few Pub/Sub API messages that are sent and read here, as protocol buffers by hand.

Station: under `channel.py`. Source of the field numbers: eventbus.v1.PubSub, the service's public interface file, seen 2026-11. By hand, so
that no generated code and no runtime of one version of protoc is needed; fields that are not known are skipped, as the format asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SERVICE = "/eventbus.v1.PubSub"
LATEST, EARLIEST, CUSTOM = 0, 1, 2
"""Where a subscription begins: at new events, at the oldest that is kept, behind a replay id."""

_VARINT, _BYTES = 0, 2

Fields = Mapping[int, Sequence[int | bytes]]
"""By field number: what stood there, in order; numbers as they are, everything else as bytes."""


class UnreadableMessage(ValueError):
    """Not a protocol buffer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event: its own id, by which schema its payload is read, and where it stands."""

    id: str
    schema: str
    payload: bytes
    replay_id: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Some events; none in a keep-alive. `replay_id` is the newest position, `pending` how many more may come unasked."""

    events: tuple[Event, ...]
    replay_id: bytes
    pending: int


def fetch_request(*, topic: str, most: int, preset: int = LATEST, replay_id: bytes = b"") -> bytes:
    """Asks for so many more events; only the first request of a stream says from where."""
    parts = _text(1, topic) + (_number(2, preset) if preset else b"") + (_bytes(3, replay_id) if replay_id else b"")
    return parts + _number(4, most)


def schema_request(schema: str) -> bytes:
    return _text(1, schema)


def read_schema(raw: bytes) -> str:
    """The schema as JSON."""
    return _last_bytes(read_fields(raw), 1).decode("utf-8")


def read_fetched(raw: bytes) -> Fetched:
    """Raises UnreadableMessage."""
    fields = read_fields(raw)
    events = tuple(_event(one) for one in fields.get(1, ()) if isinstance(one, bytes))
    return Fetched(events=events, replay_id=_last_bytes(fields, 2), pending=_last_number(fields, 4))


def _event(raw: bytes) -> Event:
    fields = read_fields(raw)
    told = read_fields(_last_bytes(fields, 1))
    return Event(
        id=_last_bytes(told, 1).decode("utf-8", errors="replace"),
        schema=_last_bytes(told, 2).decode("utf-8", errors="replace"),
        payload=_last_bytes(told, 3),
        replay_id=_last_bytes(fields, 2),
    )


def read_fields(raw: bytes) -> Fields:
    """Every field of a message. Raises UnreadableMessage."""
    found: dict[int, list[int | bytes]] = {}
    at = 0
    while at < len(raw):
        key, at = _varint(raw, at)
        value: int | bytes
        match key & 7:
            case 0:
                value, at = _varint(raw, at)
            case 2:
                length, at = _varint(raw, at)
                value, at = raw[at : at + length], at + length
            case 1:
                value, at = raw[at : at + 8], at + 8
            case 5:
                value, at = raw[at : at + 4], at + 4
            case _:
                raise UnreadableMessage("a field of no known shape")
        if at > len(raw):
            raise UnreadableMessage("it ends too soon")
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(raw) and shift < 70:
        byte = raw[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not byte & 0x80:
            return number, at
    raise UnreadableMessage("a number without an end")


def _encoded(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _encoded(field << 3 | _VARINT) + _encoded(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _encoded(field << 3 | _BYTES) + _encoded(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode("utf-8"))


def _last_bytes(fields: Fields, number: int) -> bytes:
    last = fields.get(number, (b"",))[-1]
    return last if isinstance(last, bytes) else b""


def _last_number(fields: Fields, number: int) -> int:
    last = fields.get(number, (0,))[-1]
    return last if isinstance(last, int) else 0
