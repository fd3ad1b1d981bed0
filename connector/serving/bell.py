"""Between the store's writer and the engine: who is woken, once what they are to look at is durable."""

from collections.abc import Callable
from dataclasses import dataclass

from jobs.registry import REGISTRY


@dataclass(slots=True)
class Bell:
    """Passes wakes on to whoever listens by now; what is woken before that is found when the clock starts."""

    listener: Callable[[str, str], None] | None = None

    def ring(self, wakes: frozenset[tuple[str, str]]) -> None:
        if self.listener is not None:
            for job, key in wakes:
                if job in REGISTRY:
                    self.listener(job, key)
