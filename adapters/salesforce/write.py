"""Writes fields to rows that are there, in collections of 200, and gives one outcome a row.

Station: `Write`s in, `Outcome`s out. The same values again change nothing, so a call whose fate is unknown is simply made again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from adapters.salesforce.batch import BATCH_ROWS, Collections, Row, RowResult
from adapters.salesforce.client import SalesforceClient
from adapters.salesforce.errors import CONVERTED, GONE_CODES, row_refusal
from adapters.salesforce.read import Reader
from adapters.salesforce.sources import source_named
from connector.core.records import RecordKey
from connector.ports.crm import Outcome, Write


class Writer:
    """Writes for one connection. Thread-safe."""

    def __init__(self, *, client: SalesforceClient, collections: Collections, reader: Reader) -> None:
        self._client = client
        self._collections = collections
        self._reader = reader

    def write(self, writes: Sequence[Write]) -> Iterator[Outcome]:
        """One outcome a write, in order. Writes of one source that stand together share calls; others wait for their turn in the order."""
        waiting = list(enumerate(writes))
        done: dict[int, Outcome] = {}
        next_given = 0
        while waiting:
            source = waiting[0][1].key.source
            batch = [place for place in waiting if place[1].key.source == source][:BATCH_ROWS]
            taken = {index for index, _ in batch}
            waiting = [place for place in waiting if place[0] not in taken]
            outcomes = self._write_batch(source, [write for _, write in batch])
            done.update(zip(sorted(taken), outcomes, strict=True))
            while next_given in done:
                yield done.pop(next_given)
                next_given += 1

    def _write_batch(self, source: str, writes: Sequence[Write]) -> list[Outcome]:
        rows = [_row(source, write) for write in writes]
        results = self._collections.update(rows)
        outcomes = [self._outcome(write, result) for write, result in zip(writes, results, strict=True)]
        return self._with_survivors(source, outcomes)

    def _outcome(self, write: Write, result: RowResult) -> Outcome:
        if not result.errors:
            return Outcome(key=write.key.id, ok=True, record=result.id or write.key.id)
        return Outcome(key=write.key.id, ok=False, refusal=row_refusal(result.errors, secrets=self._client.secrets()))

    def _with_survivors(self, source: str, outcomes: list[Outcome]) -> list[Outcome]:
        """Refusals of rows that merged or converted, with who took over: one re-read for all of a batch."""
        known = source_named(source)
        codes = (GONE_CODES if known.master else frozenset()) | ({CONVERTED} if known.converts else frozenset())
        gone = [outcome.key for outcome in outcomes if outcome.refusal and outcome.refusal.code in codes]
        if not gone:
            return outcomes
        survivors = {asked: row.survivor for asked, row in zip(gone, self._reader.reread(source=source, ids=gone, fields=()), strict=True)}
        return [_naming(outcome, survivors.get(outcome.key)) for outcome in outcomes]


def _row(source: str, write: Write) -> Row:
    return {"attributes": {"type": source}, "Id": write.key.id, **write.fields}


def _naming(outcome: Outcome, survivor: RecordKey | None) -> Outcome:
    if survivor is None or outcome.refusal is None:
        return outcome
    return replace(outcome, refusal=replace(outcome.refusal, survivor=survivor))
