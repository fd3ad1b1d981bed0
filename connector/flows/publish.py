"""Publishes a document an admin edited, or puts an earlier version back. A document with problems is never published."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from connector.flows.published import file_of
from connector.ports.crm import Catalog
from connector.ports.errors import UsageError
from connector.ports.store import Document, Store, Tx
from mappings.compile import compile_scoring
from mappings.problems import Problem, ProblemsError
from mappings.validate import check_fields, check_lifecycle, check_scoring, starved

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    kind: str
    name: str
    version: int
    unchanged: bool
    """Whether the same text was current already, so that nothing new was published."""
    warnings: tuple[Problem, ...]


def publish(
    *, store: Store, kind: str, name: str, text: str, file: str, clock: Clock, catalog: Catalog | None = None, note: str = ""
) -> PublishedVersion:
    """The new current version. Raises ProblemsError with every problem when there is an error among them; then nothing changes."""
    with store.read() as tx:
        problems = problems_of(tx, kind=kind, text=text, file=file, catalog=catalog)
        before = tx.documents.current(kind=kind, name=name)
    if any(p.severity == "error" for p in problems):
        raise ProblemsError(problems)
    version = store.write(lambda tx: tx.documents.publish(kind=kind, name=name, text=text, at=clock(), note=note))
    return PublishedVersion(
        kind=kind,
        name=name,
        version=version,
        unchanged=before is not None and before.version == version,
        warnings=tuple(problems),
    )


def problems_of(tx: Tx, *, kind: str, text: str, file: str, catalog: Catalog | None) -> tuple[Problem, ...]:
    """Every problem of a document, warnings included."""
    if kind == "lifecycle":
        scoring = tx.documents.all_current(kind="scoring")
        models = [compile_scoring(d.text, file=file_of(d), version=d.version) for d in scoring]
        return check_lifecycle(text, file=file, models=models)
    if kind == "scoring":
        problems = check_scoring(text, file=file)
        if any(p.severity == "error" for p in problems):
            return problems
        model = compile_scoring(text, file=file, version=0)
        return (*problems, *starved(model, kinds=tx.activities.kinds(), people=tx.people.count(), text=text, file=file))
    ladders = tx.documents.all_current(kind="lifecycle")
    return check_fields(text, file=file, catalog=catalog, ladder_text=ladders[0].text if ladders else None)


def put_back(*, store: Store, kind: str, name: str, version: int, clock: Clock) -> PublishedVersion:
    """An earlier version, published again as the newest one."""
    with store.read() as tx:
        earlier = tx.documents.version(kind=kind, name=name, version=version)
        known = tx.documents.versions(kind=kind, name=name)
    if earlier is None:
        raise UsageError(f"There is no version {version} of {kind} '{name}'.", hint=_versions_hint(known, kind=kind, name=name))
    return publish(
        store=store,
        kind=kind,
        name=name,
        text=earlier.text,
        file=f"{name} version {version}",
        clock=clock,
        note=f"version {version} put back",
    )


def _versions_hint(known: tuple[Document, ...], *, kind: str, name: str) -> str:
    if not known:
        return f"No {kind} document is called '{name}'."
    return f"There are versions {', '.join(str(d.version) for d in known)}."
