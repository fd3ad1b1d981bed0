"""The Pub/Sub API's messages as the service reads and writes them: protocol buffers by hand.

Station: Salesforce sandbox, under `pubsub.py`. Source of the field numbers: eventbus.v1.PubSub, the service's public interface file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SERVICE = "eventbus.v1.PubSub"
LATEST, EARLIEST, CUSTOM = 0, 1, 2

Value = int | str | bytes


class BadMessageError(ValueError):
    """A request that is no protocol buffer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """What a subscriber asks for."""

    topic: str
    preset: int
    replay_id: bytes
    wanted: int


def message(*fields: tuple[int, Value]) -> bytes:
    """A message of these fields; nothing stands for zero and for empty text, as in proto3."""
    return b"".join(_field(number, value) for number, value in fields if value not in (0, "", b""))


def repeated(number: int, parts: Iterable[bytes]) -> bytes:
    """One field that stands several times, also where a part is empty."""
    return b"".join(_key(number, 2) + _varint(len(part)) + part for part in parts)


def read_name(raw: bytes) -> str:
    """The first field of a TopicRequest or SchemaRequest."""
    return _bytes_of(_fields(raw), 1).decode()


def read_fetch(raw: bytes) -> FetchRequest:
    """Raises BadMessageError."""
    fields = _fields(raw)
    preset, wanted = fields.get(2, 0), fields.get(4, 0)
    if not isinstance(preset, int) or not isinstance(wanted, int):
        raise BadMessageError("replay_preset and num_requested are numbers")
    return FetchRequest(topic=_bytes_of(fields, 1).decode(), preset=preset, replay_id=_bytes_of(fields, 3), wanted=wanted)


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return _key(number, 0) + _varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return _key(number, 2) + _varint(len(raw)) + raw


def _key(number: int, shape: int) -> bytes:
    return _varint(number * 8 + shape)


def _varint(number: int) -> bytes:
    out = []
    while True:
        number, low = divmod(number, 128)
        out.append(low + (128 if number else 0))
        if not number:
            return bytes(out)


def _fields(raw: bytes) -> dict[int, int | bytes]:
    """The last value of each field."""
    found: dict[int, int | bytes] = {}
    rest = raw
    while rest:
        key, rest = _read_varint(rest)
        number, shape = divmod(key, 8)
        if shape == 0:
            found[number], rest = _read_varint(rest)
        elif shape == 2:
            length, rest = _read_varint(rest)
            if length > len(rest):
                raise BadMessageError("a field is cut off")
            found[number], rest = rest[:length], rest[length:]
        else:
            raise BadMessageError(f"field {number} has shape {shape}, which no request has")
    return found


def _read_varint(raw: bytes) -> tuple[int, bytes]:
    number = 0
    for place, byte in enumerate(raw[:10]):
        number += (byte % 128) << (7 * place)
        if byte < 128:
            return number, raw[place + 1 :]
    raise BadMessageError("a number is cut off")


def _bytes_of(fields: dict[int, int | bytes], number: int) -> bytes:
    value = fields.get(number, b"")
    if not isinstance(value, bytes):
        raise BadMessageError(f"field {number} is no text")
    return value
