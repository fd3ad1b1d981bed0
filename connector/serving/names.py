"""What processes are called among those that share a store."""

import os
import socket
from uuid import uuid4


def worker_name() -> str:
    """A name for this process that no other one has, on any machine."""
    return f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:6]}"
