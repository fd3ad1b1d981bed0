"""`hotlead sandbox`: a server that ends with the command, however that ends."""

import json
import signal
import subprocess
import sys
from urllib.request import urlopen

import pytest

from tests.support.serving import until

COMMAND = (sys.executable, "-c", "from connector.cli import main; main()", "sandbox", "hubspot", "--seed", "1")


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=10):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_no_server_is_left_behind(end: signal.Signals) -> None:
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, text=True) as running:
        url = json.loads(running.stdout.readline() if running.stdout else "")["url"]
        answered = _answers(url)
        running.send_signal(end)

    assert answered
    until(lambda: not _answers(url), what="the end of the sandbox")
