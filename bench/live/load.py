"""Sends signed requests over kept connections as fast as they are answered: `python -m bench.live.load ORDER`, told as JSON.

One thread over raw sockets: a client library would cost more than what is measured. Everything is made ready before the clock starts.
"""

import json
import os
import select
import socket
import sys
import time
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from bench.live.letters import requests_ready

END_OF_HEAD = b"\r\n\r\n"
PATIENCE_S = 60.0


@dataclass(slots=True)
class Line:
    """One connection with the request under way on it."""

    wire: socket.socket
    sent_at: float = 0.0
    heard: bytes = b""


@dataclass(slots=True)
class Tally:
    statuses: dict[str, int] = field(default_factory=dict)
    times_s: list[float] = field(default_factory=list)


def main() -> None:
    """Carries out the order on the command line and prints what came of it."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    os.sched_setaffinity(0, order.pop("cores"))
    lines = order.pop("lines")
    ready = requests_ready(records=order.pop("ids", None) or range(*order.pop("records")), **order)
    began, began_cpu = time.perf_counter(), time.process_time()
    tally = send_all(ready, port=order["port"], lines=lines)
    wall_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    ms = [one * 1000 for one in tally.times_s]
    told = {"wall_s": wall_s, "cpu_s": cpu_s, "statuses": tally.statuses, "p50_ms": median(ms), "p99_ms": quantiles(ms, n=100)[98]}
    print(json.dumps(told))


def send_all(ready: list[bytes], *, port: int, lines: int) -> Tally:
    """Every request answered once, in their order, at most one under way on each connection."""
    tally, waiting = Tally(), iter(ready)
    poll = select.epoll()
    open_lines: dict[int, Line] = {}
    for _ in range(lines):
        wire = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        open_lines[wire.fileno()] = Line(wire)
        poll.register(wire, select.EPOLLIN)
    under_way = sum(_send_next(line, waiting) for line in open_lines.values())
    while under_way:
        for number, _ in poll.poll(PATIENCE_S) or _nobody_answers():
            line = open_lines[number]
            answer = line.wire.recv(65536)
            if not answer:
                raise ConnectionError("the server closed a connection")
            line.heard += answer
            status = _status_if_whole(line.heard)
            if status:
                tally.times_s.append(time.perf_counter() - line.sent_at)
                tally.statuses[status] = tally.statuses.get(status, 0) + 1
                under_way += _send_next(line, waiting) - 1
    for line in open_lines.values():
        line.wire.close()
    return tally


def _nobody_answers() -> list[tuple[int, int]]:
    raise TimeoutError(f"no answer within {PATIENCE_S} s")


def _send_next(line: Line, waiting: Any) -> int:
    """1 where there was one more to send."""
    request = next(waiting, None)
    if request is None:
        return 0
    line.heard, line.sent_at = b"", time.perf_counter()
    line.wire.sendall(request)
    return 1


def _status_if_whole(heard: bytes) -> str:
    """The status once the answer is all there, else nothing."""
    head, end, body = heard.partition(END_OF_HEAD)
    if not end:
        return ""
    _, mark, rest = head.lower().partition(b"content-length:")
    length = int(rest.split(b"\r\n", 1)[0]) if mark else 0
    return heard[9:12].decode() if len(body) >= length else ""


if __name__ == "__main__":
    main()
