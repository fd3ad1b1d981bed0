"""What the store keeps of the documents an admin edits: every published version."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One published version of a mapping (`fields`), scoring model (`scoring`) or ladder (`lifecycle`)."""

    kind: str
    name: str
    version: int
    text: str
    published_at: datetime
    note: str = ""
    current: bool = True

    @property
    def withdrawn(self) -> bool:
        """Whether this version says that the document holds no longer; it has no text."""
        return not self.text


class Documents(Protocol):
    def publish(self, *, kind: str, name: str, text: str, at: datetime, note: str = "") -> int:
        """The new version's number. The same text as the current version publishes nothing and gives the current number."""

    def withdraw(self, *, kind: str, name: str, at: datetime) -> int:
        """The number of the version that says so. The versions before it are kept and can be published again."""

    def current(self, *, kind: str, name: str) -> Document | None:
        """None where there is none, or where it is withdrawn."""

    def all_current(self, *, kind: str) -> tuple[Document, ...]: ...
    def versions(self, *, kind: str, name: str) -> tuple[Document, ...]:
        """Newest first, withdrawals among them."""

    def version(self, *, kind: str, name: str, version: int) -> Document | None: ...
