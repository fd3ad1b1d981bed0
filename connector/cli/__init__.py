"""The command `hotlead`. One file a group of commands; `frame` holds what they share, `tables` how results look."""

import sys

try:
    from connector.cli.entry import app, main
except KeyboardInterrupt:
    sys.stderr.write("Stopped before it began.\n")
    sys.exit(130)

__all__ = ["app", "main"]
