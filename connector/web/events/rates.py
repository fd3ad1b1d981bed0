"""How many page views one address may send: counted by minute, in memory that stays bounded whoever sends."""

from collections import Counter
from datetime import datetime
from ipaddress import ip_address, ip_network
from threading import Lock

MOST_SENDERS = 50_000
"""Senders counted in one minute; further new ones wait for the next."""
_HOME_BITS = 64
"""One subscriber holds at least this much of an IPv6 address."""


class MinuteRate:
    """Safe for several threads. Nothing of an address outlives its minute."""

    def __init__(self, *, most: int) -> None:
        self._most = most
        self._minute = 0
        self._counts: Counter[tuple[str, str]] = Counter()
        self._guard = Lock()

    def takes(self, *, key: str, address: str, now: datetime) -> bool:
        """Whether this sender may send one more this minute."""
        sender = (key, _subscriber(address))
        minute = int(now.timestamp() // 60)
        with self._guard:
            if minute != self._minute:
                self._minute = minute
                self._counts.clear()
            if sender not in self._counts and len(self._counts) >= MOST_SENDERS:
                return False
            self._counts[sender] += 1
            return self._counts[sender] <= self._most


def _subscriber(address: str) -> str:
    try:
        known = ip_address(address)
    except ValueError:
        return ""
    return str(ip_network((known, _HOME_BITS), strict=False)) if known.version == 6 else address
