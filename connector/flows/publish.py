"""Publishes a document an admin edited, puts an earlier version back, or withdraws a model. One with problems is never published."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from connector.flows.published import file_of
from connector.ports.crm import Catalog
from connector.ports.documents import Document
from connector.ports.errors import UsageError
from connector.ports.store import Store, Tx
from mappings.compile import compile_lifecycle, compile_scoring
from mappings.document import kind_by_keys, sources_named
from mappings.problems import Problem, ProblemsError
from mappings.validate import check_fields, check_lifecycle, check_name, check_scoring, starved

Clock = Callable[[], datetime]
_WORDS = {"fields": "field mapping", "scoring": "scoring model", "lifecycle": "stage ladder"}
Catalogue = Callable[[tuple[str, ...]], Catalog]
"""What the CRM of the mapping's connection has of these sources."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedVersion:
    kind: str
    name: str
    version: int
    unchanged: bool
    """Whether the same text was current already, so that nothing new was published."""
    warnings: tuple[Problem, ...]
    looks_back_hours: int | None
    """How far back a scoring model looks, where that is farther than what was read of activities so far; else None."""


def publish(
    *, store: Store, kind: str, name: str, text: str, file: str, clock: Clock, catalogue: Catalogue | None = None, note: str = ""
) -> PublishedVersion:
    """The new current version. Raises ProblemsError with every problem when there is an error among them; then nothing changes."""
    problems = problems_of(store, kind=kind, name=name, text=text, file=file, catalogue=catalogue)
    with store.read() as tx:
        before = tx.documents.current(kind=kind, name=name)
    if any(p.severity == "error" for p in problems):
        raise ProblemsError(problems)
    hours = _looks_back(store, text=text, file=file) if kind == "scoring" else None
    version = store.write(lambda tx: tx.documents.publish(kind=kind, name=name, text=text, at=clock(), note=note))
    return PublishedVersion(
        kind=kind,
        name=name,
        version=version,
        unchanged=before is not None and before.version == version,
        warnings=tuple(problems),
        looks_back_hours=hours,
    )


def _looks_back(store: Store, *, text: str, file: str) -> int | None:
    """Hours that this model looks back, where that is farther than any published one and people are stored already."""
    with store.read() as tx:
        stored, there = tx.people.count(), tx.documents.all_current(kind="scoring")
    model = compile_scoring(text, file=file, version=0)
    models = [compile_scoring(d.text, file=file_of(d), version=d.version) for d in there]
    so_far = max((one.longest_window_hours() for one in models), default=0)
    hours = model.longest_window_hours()
    return hours if stored and hours > so_far else None


def problems_of(store: Store, *, kind: str, name: str, text: str, file: str, catalogue: Catalogue | None = None) -> tuple[Problem, ...]:
    """Every problem of a document to be published under a name, warnings included."""
    with store.read() as tx:
        misplaced = _misplaced(tx, kind=kind, name=name, text=text, file=file)
    if misplaced:
        return misplaced
    catalog = catalogue(sources_named(text)) if kind == "fields" and catalogue is not None else None
    with store.read() as tx:
        return _problems(tx, kind=kind, text=text, file=file, catalog=catalog)


def _misplaced(tx: Tx, *, kind: str, name: str, text: str, file: str) -> tuple[Problem, ...]:
    """A document that calls itself otherwise, a second ladder, another CRM's mapping: each would rule beside or instead of another.

    Raises UsageError for a document of another kind, whose every key would be wrong here.
    """
    other = kind_by_keys(text)
    if other and other != kind:
        raise UsageError(
            f"{file} is a {_WORDS[other]}, not a {_WORDS[kind]}. Nothing was published.", hint=f"Give it as `hotlead publish {other} …`."
        )
    if kind == "fields":
        connection = tx.connections.get(name)
        return check_name(text, file=file, kind=kind, name=connection.crm) if connection is not None else ()
    in_force = next((d.name for d in _ladders(tx)), name)
    if kind == "lifecycle" and in_force != name:
        raise UsageError(
            f"The ladder '{in_force}' is in force, and there is one ladder at a time. Nothing was published.",
            hint=f"Publish the document as '{in_force}', with `ladder: {in_force}` in it.",
        )
    return check_name(text, file=file, kind=kind, name=name)


def _ladders(tx: Tx) -> tuple[Document, ...]:
    return tx.documents.all_current(kind="lifecycle")


def _problems(tx: Tx, *, kind: str, text: str, file: str, catalog: Catalog | None) -> tuple[Problem, ...]:
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
    ladders = _ladders(tx)
    return check_fields(text, file=file, catalog=catalog, ladder_text=ladders[0].text if ladders else None)


def put_back(*, store: Store, kind: str, name: str, version: int, clock: Clock, catalogue: Catalogue | None = None) -> PublishedVersion:
    """An earlier version, published again as the newest one."""
    with store.read() as tx:
        earlier = tx.documents.version(kind=kind, name=name, version=version)
        known = tx.documents.versions(kind=kind, name=name)
    if earlier is None or earlier.withdrawn:
        raise UsageError(f"There is no version {version} of {kind} '{name}'.", hint=_versions_hint(known, kind=kind, name=name))
    return publish(
        store=store,
        kind=kind,
        name=name,
        text=earlier.text,
        file=f"{name} version {version}",
        clock=clock,
        catalogue=catalogue,
        note=f"version {version} put back",
    )


def _versions_hint(known: tuple[Document, ...], *, kind: str, name: str) -> str:
    if not known:
        return f"No {kind} document is called '{name}'."
    return f"There are versions {', '.join(str(d.version) for d in known if not d.withdrawn)}."


def withdraw(*, store: Store, kind: str, name: str, clock: Clock) -> int:
    """The number of the version that withdraws a scoring model. Repeating changes nothing. Raises UsageError for what is always needed."""
    if kind != "scoring":
        raise UsageError(
            f"Only a scoring model can be withdrawn: a {_WORDS[kind]} is always needed.", hint="Publish another text in its place."
        )

    def unit(tx: Tx) -> int:
        there = [d.name for d in tx.documents.all_current(kind=kind)]
        newest = tx.documents.versions(kind=kind, name=name)[:1]
        if newest and newest[0].withdrawn:
            return newest[0].version
        if name not in there:
            raise UsageError(f"No scoring model '{name}' is published.", hint=f"There are: {', '.join(there) or 'none'}.")
        if name in {compile_lifecycle(d.text, file=file_of(d), version=d.version).model for d in _ladders(tx)}:
            raise UsageError(
                f"The ladder decides by the model '{name}', so it cannot be withdrawn.",
                hint="First name another published model under `model` in the ladder, and publish that.",
            )
        return tx.documents.withdraw(kind=kind, name=name, at=clock())

    return store.write(unit)
