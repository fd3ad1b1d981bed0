"""The published documents of an installation, compiled."""

from collections.abc import Container
from dataclasses import dataclass, replace

from connector.core.ladder import Calendar, Ladder
from connector.core.model import Model
from connector.ports.connections import Connection
from connector.ports.documents import Document
from connector.ports.errors import UsageError
from connector.ports.store import Tx
from mappings.compile import FieldMapping, Recipe, compile_fields, compile_lifecycle, compile_scoring


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    models: tuple[Model, ...]
    ladder: Ladder

    @property
    def model(self) -> Model:
        """The model whose score decides stages and is written back."""
        return next(m for m in self.models if m.name == self.ladder.model)

    def with_calendar(self, calendar: Calendar) -> "Published":
        """The same with another calendar in the ladder."""
        return replace(self, ladder=replace(self.ladder, calendar=calendar))


def published(tx: Tx) -> Published:
    """Every current model and the ladder. Raises UsageError when there is none, or the ladder names a model that is not there."""
    models = tuple(compile_scoring(d.text, file=file_of(d), version=d.version) for d in tx.documents.all_current(kind="scoring"))
    ladders = tx.documents.all_current(kind="lifecycle")
    if not models or not ladders:
        raise UsageError("No scoring model or no ladder is published.", hint="Run `hotlead init`: it publishes the defaults.")
    ladder = compile_lifecycle(ladders[0].text, file=file_of(ladders[0]), version=ladders[0].version)
    if ladder.model not in {m.name for m in models}:
        raise UsageError(
            f"The ladder '{ladder.name}' decides by the model '{ladder.model}', which is not published.",
            hint=f"Published models: {', '.join(m.name for m in models)}. Publish that model, or name one of these in the ladder.",
        )
    return Published(models=models, ladder=ladder)


def mapping_of(tx: Tx, *, connection: Connection, ladder: Ladder, sources: Container[str] | None = None) -> FieldMapping:
    """The connection's published field mapping. `sources` are those that the CRM really has; None takes all of the mapping's."""
    document = tx.documents.current(kind="fields", name=connection.name)
    return _compiled(document, connection=connection, ladder=ladder, zone=connection.zone, sources=sources)


def earlier_mapping_of(tx: Tx, *, connection: Connection, ladder: Ladder, recipe: Recipe) -> FieldMapping:
    """The field mapping by which rows were read, for the activities that it saw in them."""
    document = tx.documents.version(kind="fields", name=connection.name, version=recipe.version)
    return _compiled(document, connection=connection, ladder=ladder, zone=recipe.zone, sources=recipe.sources)


def _compiled(
    document: Document | None, *, connection: Connection, ladder: Ladder, zone: str, sources: Container[str] | None
) -> FieldMapping:
    if document is None:
        raise UsageError(
            f"Connection '{connection.name}' has no published field mapping.",
            hint=f"Run `hotlead publish fields {connection.name} FILE`, or connect it again to get the default.",
        )
    return compile_fields(
        document.text,
        file=file_of(document),
        connection=connection.name,
        version=document.version,
        ladder=ladder,
        zone=zone,
        sources=sources,
    )


def file_of(document: Document) -> str:
    """How a stored document is named where a problem in it is shown."""
    return f"{document.kind}/{document.name}.yaml (version {document.version})"
