"""What is pushed, to whom, and what goes wrong on the way on purpose.

Station: sandbox ground, values only. `pushes.py` queues and sends; a CRM's courier says what a letter and a parcel are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Protocol
from urllib.parse import urlsplit

from adapters.kit.sandbox.changes import Change

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
"""Where a sandbox sends to: made-up people have no business on a real network."""
TARGET_KEYS = frozenset({"target", "via", "timeout_s", "max_concurrent", "mischief", "stamps"})
"""Keys of a subscription that every CRM shares."""
_MISCHIEF_KEYS = ("duplicate_every", "copies", "drop_every", "shuffle", "delay_s", "seed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mischief:
    """What goes wrong on purpose. Counts run over the letters of one subscription, from 1."""

    duplicate_every: int = 0
    """Every so many-th letter is told again, between `copies[0]` and `copies[1]` times; 0 is none."""
    copies: tuple[int, int] = (1, 1)
    drop_every: int = 0
    """Every so many-th letter is lost without a trace."""
    shuffle: bool = False
    """Letters leave in any order; with `delay_s`, each after a time of its own up to that."""
    delay_s: float = 0.0
    """Seconds of the sandbox's clock a letter waits before it is first sent."""
    seed: int = 0


def read_mischief(written: object) -> Mischief:
    """The mischief a JSON object asks for. Raises ValueError."""
    if not isinstance(written, Mapping):
        raise ValueError(f"mischief is an object with {', '.join(_MISCHIEF_KEYS)}")
    unknown = sorted(set(written) - set(_MISCHIEF_KEYS))
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r} in mischief; known keys are {', '.join(_MISCHIEF_KEYS)}")
    return Mischief(
        duplicate_every=int(written.get("duplicate_every", 0)),
        copies=_copies(written.get("copies", 1)),
        drop_every=int(written.get("drop_every", 0)),
        shuffle=bool(written.get("shuffle", False)),
        delay_s=float(written.get("delay_s", 0.0)),
        seed=int(written.get("seed", 0)),
    )


def _copies(written: object) -> tuple[int, int]:
    least, most = written if isinstance(written, list) and len(written) == 2 else (written, written)
    if not isinstance(least, int) or not isinstance(most, int) or not 0 <= least <= most:
        raise ValueError("copies in mischief is a number, or [fewest, most]")
    return least, most


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where one subscriber is and how it is spoken to. `wants` is the CRM's own: which changes, and its keys."""

    url: str
    """The address the subscriber gave: what is signed and named."""
    via: str
    """Where the connection goes: the same, or a reverse proxy on this machine that stands for it; "" when none is known yet."""
    timeout_s: float
    max_concurrent: int
    wants: Any
    mischief: Mischief = field(default_factory=Mischief)
    is_stamped_by_real_time: bool = False
    """Requests carry the real present instead of the sandbox's."""
    written: Mapping[str, Any] = field(default_factory=dict)


def base_of(url: str) -> str:
    """Scheme and host of an address: `https://leads.example.com`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def is_on_this_machine(url: str) -> bool:
    """True for an address that a sandbox may send to."""
    return urlsplit(url).scheme == "http" and urlsplit(url).hostname in LOOPBACK_HOSTS


def refuse_stray(via: str) -> None:
    """Raises ValueError unless the address is on this machine."""
    if not is_on_this_machine(via):
        raise ValueError('a sandbox sends to this machine only, by http; give "via": "http://127.0.0.1:PORT" for another public address')


def read_target(written: Mapping[str, Any], *, wants: Any, timeout_s: float, max_concurrent: int, is_reached_later: bool = False) -> Target:
    """The target of a subscription body, with the CRM's defaults. Raises ValueError for an address off this machine.

    `is_reached_later`: a public address may stand without `via`; it is reached once a proxy is named for it.
    """
    url = str(written.get("target", ""))
    via = str(written.get("via") or ("" if is_reached_later and not is_on_this_machine(url) else url))
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError("target is the address to push to, as http://127.0.0.1:8080/hooks/it")
    if via or not is_reached_later:
        refuse_stray(via)
    stamps = written.get("stamps", "sandbox")
    if stamps not in ("sandbox", "real"):
        raise ValueError('stamps is "sandbox" or "real": whose clock dates the requests')
    return Target(
        url=url,
        via=via,
        timeout_s=float(written.get("timeout_s", timeout_s)),
        max_concurrent=int(written.get("max_concurrent", max_concurrent)),
        wants=wants,
        mischief=read_mischief(written.get("mischief", {})),
        is_stamped_by_real_time=stamps == "real",
        written=dict(written),
    )


Letter = dict[str, Any]
"""One thing told to one subscriber, as the CRM's courier made it from a change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One request ready to be sent."""

    headers: Mapping[str, str]
    body: bytes


class Courier(Protocol):
    """What is the CRM's own about pushing: who wants what, what a request looks like, what counts as taken, when to retry."""

    batch: int
    """Most letters in one request."""

    def read(self, written: Mapping[str, Any]) -> Target:
        """The target of a subscription body. Raises ValueError."""
        ...

    def letters(self, target: Target, change: Change) -> list[Letter]:
        """What this subscriber is told of a change; nothing when it did not ask for it."""
        ...

    def parcel(self, target: Target, letters: tuple[Letter, ...], *, attempt: int, at: datetime) -> Parcel | None:
        """The request for these letters at the `attempt`-th try (from 0); None when there is nothing left to say."""
        ...

    def is_taken(self, status: int, body: bytes) -> bool:
        """True when the answer means that the subscriber has it."""
        ...

    def next_try(self, *, attempt: int, waited: timedelta, chance: Random) -> timedelta | None:
        """How long to wait after the `attempt`-th try failed, `waited` since the first; None gives the letters up."""
        ...
