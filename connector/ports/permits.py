"""Whether work that lies behind a lease may still write to a CRM: asked right before every such call, however long it waited for its turn.

Station: set by whoever holds the lease, asked by the adapters' budget. Work behind no lease may always write.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Check = Callable[[], None]
"""Raises LeaseLost where the work may not go on."""

_CHECKS: ContextVar[tuple[Check, ...]] = ContextVar("hotlead permits", default=())


@contextmanager
def behind(check: Check) -> Iterator[None]:
    """Until the block ends, whatever this thread writes to a CRM is checked, beside what is checked already."""
    token = _CHECKS.set((*_CHECKS.get(), check))
    try:
        yield
    finally:
        _CHECKS.reset(token)


def require_permit() -> None:
    """Raises LeaseLost where any check does; then nothing may be sent."""
    for check in _CHECKS.get():
        check()
