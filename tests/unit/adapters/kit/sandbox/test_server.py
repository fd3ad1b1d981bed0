"""A sandbox as a program of its own: its ready line, and how it ends."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from adapters.kit.sandbox.server import option_parser

PROGRAM = """
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.server import option_parser, serve
from tests.unit.adapters.kit.sandbox.small_crm import SmallCrm, small_app

options = option_parser("small").parse_args()
crm = SmallCrm(Control())
serve(small_app(crm), crm="small", control=crm.control, port=options.port, credentials={"token": "t"},
      with_parent=options.with_parent)
"""


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, object]]]:
    command = [sys.executable, "-c", PROGRAM, *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as program:
        try:
            assert program.stdout is not None
            yield program, json.loads(program.stdout.readline())
        finally:
            if program.poll() is None:
                program.kill()


def test_it_prints_one_ready_line_and_serves_on_loopback() -> None:
    with running() as (program, ready):
        url = str(ready["url"])
        assert (ready["crm"], ready["credentials"]) == ("small", {"token": "t"})
        assert url.startswith("http://127.0.0.1:")
        assert requests.get(f"{url}/api/things/a", timeout=5).status_code == 200

        program.send_signal(signal.SIGTERM)
        out, err = program.communicate(timeout=10)

    assert (program.returncode, out, err) == (0, "", "")


def test_it_ends_with_its_parent_even_while_it_holds_a_call() -> None:
    with running("--with-parent") as (program, ready):
        url = str(ready["url"])
        requests.post(f"{url}/_sandbox/faults", json={"fault": "timeout_before", "seconds": 60}, timeout=5)
        with pytest.raises(requests.ReadTimeout):
            requests.get(f"{url}/api/things/a", timeout=0.2)

        assert program.stdin is not None
        program.stdin.close()

        assert program.wait(timeout=10) == 0


def test_a_start_time_without_a_zone_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        option_parser("small").parse_args(["--now", "2026-11-02T09:00:00"])

    assert "time zone" in capsys.readouterr().err
