"""A CRM of a few rows in memory, as far as pulling goes: every row stands in the order it was last put there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import cast

from connector.core.ladder import Ladder
from connector.core.records import RecordKey
from connector.flows.progress import silent
from connector.flows.pull import Horizon, Pulled, pull
from connector.ports.connections import Connection
from connector.ports.crm import Ask, Crm, Json, Page, RawRecord
from connector.ports.store import Store
from mappings.compile import FieldMapping, Recipe, compile_fields
from tests.support.ladders import LADDER
from tests.support.stores import at

WHOLE = Horizon(activities=timedelta(days=90), deals=timedelta(days=900))


@dataclass(slots=True)
class Shelf:
    """Gives a page for each row, so that a reader can be cut off between any two."""

    rows: dict[RecordKey, tuple[int, RawRecord]] = field(default_factory=dict)
    """With the number of the change that made each what it is."""
    changes: int = 0
    breaks_after: int | None = None
    """Pages until the connection breaks."""

    def put(self, source: str, id_: str, *, stamp: float = 0, deleted: bool = False, **fields: Json) -> None:
        """A row as it is from now on."""
        key = RecordKey("crm", source, id_)
        self.changes += 1
        self.rows[key] = (self.changes, RawRecord(key=key, modified_at=at(stamp), fields=fields, deleted=deleted))

    def read(self, ask: Ask) -> Iterator[Page]:
        """Deleted rows are told only to those who read on."""
        done = int(ask.cursor or 0)
        yield Page(records=(), cursor=str(done))
        for number, row in sorted(self.rows.values(), key=itemgetter(0)):
            if number <= done or row.key.source != ask.source or (row.deleted and ask.cursor is None):
                continue
            if self.breaks_after is not None:
                self.breaks_after -= 1
                if self.breaks_after < 0:
                    raise ConnectionResetError
            given = {name: row.fields.get(name) for name in ask.fields}
            yield Page(records=(replace(row, fields={} if row.deleted else given),), cursor=str(number))


def pull_from(
    shelf: Shelf, store: Store, *texts: str, zone: str = "UTC", sources: tuple[str, ...] | None = None, ladder: Ladder = LADDER
) -> tuple[Pulled, ...]:
    """A pull by the last of these texts, which are the versions of the mapping so far."""
    with store.read() as tx:
        connection = cast(Connection, tx.connections.get("crm"))

    def compiled(version: int, zone: str, there: tuple[str, ...] | None) -> FieldMapping:
        return compile_fields(texts[version - 1], file="f", connection="crm", version=version, ladder=ladder, zone=zone, sources=there)

    def earlier(recipe: Recipe) -> FieldMapping:
        return compiled(recipe.version, recipe.zone, recipe.sources)

    return tuple(
        pull(
            store=store,
            crm=cast(Crm, shelf),
            connection=connection,
            mapping=compiled(len(texts), zone, sources),
            earlier=earlier,
            reach=WHOLE,
            clock=_now,
            progress=silent,
        )
    )


def _now() -> datetime:
    return at(30)


def told(store: Store) -> Mapping[str, datetime]:
    """Every activity of everybody, by id."""
    with store.read() as tx:
        return {a.id: a.at for person in tx.people.ids(after=0, limit=99) for a in tx.activities.of(person)}
