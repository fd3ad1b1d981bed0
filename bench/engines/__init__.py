"""The engines that are compared: each is a process of its own, `python -m bench.engines.NAME CROWD [RESULT]`."""
