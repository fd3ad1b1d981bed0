"""Finds the CRMs this product can talk to by looking at the folders beside it.

Station: read by `connector.bootstrap`. A CRM is a folder with a `manifest.toml` and an `adapter.py` that names its `KIND`; adding one needs
no edit here.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

from connector.ports.crm import CrmKind

ADAPTERS = Path(__file__).parent


class CrmKinds(Mapping[str, CrmKind]):
    """CRM kinds by folder name, in alphabetical order. A kind's vendor client is imported when it is first looked up, not before."""

    def __init__(self, folder: Path = ADAPTERS, package: str = "adapters") -> None:
        self._package = package
        self._names = tuple(sorted(manifest.parent.name for manifest in folder.glob("*/manifest.toml")))

    def __getitem__(self, name: str) -> CrmKind:
        if name not in self._names:
            raise KeyError(name)
        kind: CrmKind = import_module(f"{self._package}.{name}.adapter").KIND
        return kind

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"CrmKinds({', '.join(self._names)})"


def crm_kinds() -> Mapping[str, CrmKind]:
    """Every kind of CRM found, by name."""
    return CrmKinds()
