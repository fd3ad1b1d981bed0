"""Published versions of mappings, models and ladders; none is ever changed or lost. A withdrawal is a version without text."""

from datetime import datetime

from sqlalchemy import func, select

from connector.ports.documents import Document
from connector.store.instants import from_us, to_us
from connector.store.schema import documents
from connector.store.transaction import AnyRow, Transaction


class SqlDocuments:
    """Fulfils `ports.documents.Documents`. The newest version is the current one."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def publish(self, *, kind: str, name: str, text: str, at: datetime, note: str = "") -> int:
        current = self.current(kind=kind, name=name)
        if current is not None and current.text == text:
            return current.version
        return self._put(kind=kind, name=name, text=text, at=at, note=note)

    def withdraw(self, *, kind: str, name: str, at: datetime) -> int:
        return self._put(kind=kind, name=name, text="", at=at, note="withdrawn")

    def _put(self, *, kind: str, name: str, text: str, at: datetime, note: str) -> int:
        before = self.versions(kind=kind, name=name)
        version = before[0].version + 1 if before else 1
        row = {"kind": kind, "name": name, "version": version, "text": text, "published_at": to_us(at), "note": note}
        self._t.insert(documents, [row])
        return version

    def current(self, *, kind: str, name: str) -> Document | None:
        newest = self.versions(kind=kind, name=name)[:1]
        return newest[0] if newest and not newest[0].withdrawn else None

    def all_current(self, *, kind: str) -> tuple[Document, ...]:
        """By name."""
        newest = select(documents.c.name, func.max(documents.c.version).label("version")).where(documents.c.kind == kind)
        last = newest.group_by(documents.c.name).subquery()
        statement = select(documents).join(last, (documents.c.name == last.c.name) & (documents.c.version == last.c.version))
        held = statement.where(documents.c.kind == kind, documents.c.text != "").order_by(documents.c.name)
        return tuple(_document(row, current=True) for row in self._t.rows(held))

    def versions(self, *, kind: str, name: str) -> tuple[Document, ...]:
        statement = select(documents).where(documents.c.kind == kind, documents.c.name == name).order_by(documents.c.version.desc())
        return tuple(_document(row, current=i == 0 and bool(row.text)) for i, row in enumerate(self._t.rows(statement)))

    def version(self, *, kind: str, name: str, version: int) -> Document | None:
        return next((d for d in self.versions(kind=kind, name=name) if d.version == version), None)


def _document(row: AnyRow, *, current: bool) -> Document:
    return Document(
        kind=row.kind,
        name=row.name,
        version=row.version,
        text=row.text,
        published_at=from_us(row.published_at),
        note=row.note,
        current=current,
    )
