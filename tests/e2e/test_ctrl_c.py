"""Ctrl-C at a terminal: it reaches the whole group of processes, and what is left is one clean sentence."""

import os
import signal
import subprocess
import sys
from pathlib import Path

AT_A_TERMINAL = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
"""Who runs the tests in the background of a shell has Ctrl-C ignored, and so would every process below it."""
COMMAND = (sys.executable, "-c", f"{AT_A_TERMINAL}; from connector.cli import main; main()")
STOPPED = 130


def test_a_demo_that_is_cut_short_ends_with_a_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    running = subprocess.Popen(
        [*COMMAND, "demo", "--people", "200"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    try:
        assert running.stdout is not None
        while "pull contacts" not in running.stdout.readline():
            assert running.poll() is None

        os.killpg(running.pid, signal.SIGINT)
        _, err = running.communicate(timeout=60)
    finally:
        running.kill()

    assert running.returncode == STOPPED
    assert err.strip() == "Ended before it was done. Nothing is left behind."
    assert list(tmp_path.iterdir()) == []
