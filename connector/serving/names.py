"""What processes are called among those that share a store."""

import os
import socket
from uuid import uuid4


def machine_name() -> str:
    """Of the machine that this process runs on: what the names of its workers begin with, up to the first colon."""
    return socket.gethostname()


def worker_name() -> str:
    """A name for this process that no other one has, on any machine."""
    return f"{machine_name()}:{os.getpid()}:{uuid4().hex[:6]}"
