"""Log lines: JSON for processes that stay up, plain for commands. Everything goes through the same cleaning before it leaves."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from adapters.kit.redaction import scrub
from connector.serving.seldom import SaidSeldom


def scrubbed(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The line without anything that looks like a credential, in whatever field it stands."""
    return {name: scrub(value) if isinstance(value, str) else value for name, value in event.items()}


def log_for_people(level: str) -> None:
    """Log lines of a command, on stderr, from this level on."""
    _configure(level, structlog.dev.ConsoleRenderer(colors=False))


def log_for_machines(level: str) -> None:
    """One JSON object a line, on stderr, with the run, job and connection that it is about; libraries' own warnings too."""
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    _configure(level, renderer)
    handler = logging.StreamHandler(sys.stderr)
    remove = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[remove, scrubbed, renderer], foreign_pre_chain=_SHARED))
    handler.addFilter(SaidSeldom())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


_SHARED: list[structlog.typing.Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]


def _configure(level: str, renderer: structlog.typing.Processor) -> None:
    structlog.configure(
        processors=[*_SHARED, scrubbed, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
