"""How the rows of each source are read and mapped now: as the last pull did, which replays what a newer mapping sees otherwise.

Station: asked by the drain and by reconcile, so that a row says the same whichever way it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from connector.core.ladder import Ladder
from connector.flows.published import earlier_mapping_of, mapping_of
from connector.flows.pull import Bookmark
from connector.ports.connections import Connection
from connector.ports.store import Store
from mappings.compile import FieldMapping, SourceRead


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    read: SourceRead
    mapping: FieldMapping
    mark: Bookmark


def readings_of(store: Store, *, connection: Connection, ladder: Ladder) -> Mapping[str, Reading]:
    """By source, in the order of a pull. A source whose first load has not begun is left out: that load will read what is there then."""
    with store.read() as tx:
        mapping = mapping_of(tx, connection=connection, ladder=ladder)
        marks = {r.source: Bookmark.parse(tx.cursors.get(connection=connection.name, source=r.source)) for r in mapping.reads}
        begun = {source: mark for source, mark in marks.items() if mark is not None}
        mappings = {
            recipe: mapping if recipe == mapping.recipe else earlier_mapping_of(tx, connection=connection, ladder=ladder, recipe=recipe)
            for recipe in {mark.recipe for mark in begun.values()}
        }
    found: dict[str, Reading] = {}
    for source, mark in begun.items():
        read = next((r for r in mappings[mark.recipe].reads if r.source == source), None)
        if read is not None:
            found[source] = Reading(read=read, mapping=mappings[mark.recipe], mark=mark)
    return found
