"""What an object is: its fields, key prefix and children.

Station: Salesforce sandbox, values only. The standard ones stand in `standard_*.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from adapters.salesforce.sandbox.fields import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A child relationship: `relationship` is its name in a subquery, `field` the reference on `child`."""

    relationship: str
    child: str
    field: str
    cascade: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SObject:
    """An object of the org as it comes out of the box."""

    name: str
    label: str
    plural: str
    prefix: str
    fields: tuple[Field, ...]
    children: tuple[Child, ...] = ()
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    """Deleted records lie in the recycle bin; False means a delete is final."""
    replicateable: bool = True
    """Deleted and updated calls are allowed."""
    custom_fields_on: str | None = None
    """Name that Metadata and Tooling API know its custom fields by; None when it can have none."""
    tooling: bool = False
    """Visible to the Tooling API only."""
