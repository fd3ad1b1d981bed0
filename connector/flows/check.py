"""What is missing before a connection can be read and written, and who can mend it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.core.ladder import Ladder
from connector.flows.published import file_of, mapping_of
from connector.ports.connections import Connection
from connector.ports.crm import Catalog, Crm, Finding, InstallStep, Severity
from connector.ports.store import Store
from mappings.compile import FieldMapping
from mappings.problems import Problem
from mappings.validate import check_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    connection: str
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    """Of the field mapping, against the CRM as it is now."""
    steps: tuple[InstallStep, ...]

    @property
    def ready(self) -> bool:
        """Whether nothing stands in the way of reading and writing."""
        return not any(f.severity is Severity.ERROR for f in self.findings) and not any(p.severity == "error" for p in self.problems)


def check(*, store: Store, crm: Crm, connection: Connection, ladder: Ladder) -> Checked:
    """All findings at once. Nothing is changed, in the CRM or here."""
    with store.read() as tx:
        document = tx.documents.current(kind="fields", name=connection.name)
        mapping = mapping_of(tx, connection=connection, ladder=ladder)
        ladders = tx.documents.all_current(kind="lifecycle")
    steps = crm.plan_install()
    catalog = crm.catalog(sources=[r.source for r in mapping.reads])
    problems: tuple[Problem, ...] = ()
    if document is not None:
        found = check_fields(document.text, file=file_of(document), catalog=catalog, ladder_text=ladders[0].text if ladders else None)
        problems = tuple(p for p in found if not _is_installed_later(p, steps=steps))
    findings = crm.check(reads=_reads(mapping, catalog=catalog), writes=_writes(mapping))
    return Checked(connection=connection.name, findings=findings, problems=problems, steps=steps)


def _is_installed_later(problem: Problem, *, steps: Sequence[InstallStep]) -> bool:
    """Whether the field that is not there is one that `hotlead install` makes; the step says so already."""
    field = problem.path.rsplit(".", 1)[-1]
    return any(s.state == "missing" and field in s.what for s in steps)


def sources_there(*, crm: Crm, mapping: FieldMapping) -> frozenset[str]:
    """Sources of the mapping that the CRM really shows; only optional ones are asked for, the others must be there."""
    optional = [r.source for r in mapping.reads if r.optional]
    shown = crm.catalog(sources=optional).sources if optional else {}
    return frozenset(r.source for r in mapping.reads if not r.optional or r.source in shown)


def _reads(mapping: FieldMapping, *, catalog: Catalog) -> Mapping[str, Sequence[str]]:
    return {r.source: r.fields for r in mapping.reads if not r.optional or r.source in catalog.sources}


def _writes(mapping: FieldMapping) -> Mapping[str, Sequence[str]]:
    return {r.source: tuple(w.field for w in mapping.writes(r.source)) for r in mapping.reads if mapping.writes(r.source)}
