"""The command `hotlead`. One file a group of commands; `frame` holds what they share, `tables` how results look."""

from connector.cli.entry import app, main

__all__ = ["app", "main"]
