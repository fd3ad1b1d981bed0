"""A child that ends when its parent is gone, so that nobody is left holding the data directory."""

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
"""prctl(2)."""
LOOKED_EVERY_S = 1.0


def end_with(parent: int) -> None:
    """Sends this process SIGTERM once its parent, with this number, has ended, however it ended."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    else:
        threading.Thread(target=_watch, args=(parent,), name="hotlead-parent", daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked
        os.kill(os.getpid(), signal.SIGTERM)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKED_EVERY_S)
    os.kill(os.getpid(), signal.SIGTERM)
