"""Reads an adapter's `manifest.toml`: who it is and what it can do.

Station: adapters' common ground; read by the finder and by each `adapter.py`.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from connector.ports.crm import Abilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a CRM's folder says of itself."""

    abilities: Abilities
    sandbox_module: str
    cannot: tuple[str, ...]
    """Sentences on what this CRM or this adapter does not do, shown to the admin."""


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the adapter in `folder`. Raises KeyError or TypeError for one that lacks a key: a fault of the package itself."""
    told = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    return Manifest(
        abilities=Abilities(
            crm=told["crm"],
            label=told["label"],
            write_batch=told["write_batch"],
            task_batch=told["task_batch"],
            reread_batch=told["reread_batch"],
            tasks=told["tasks"],
            calls_per_task_batch=told["calls_per_task_batch"],
            read_by_time=tuple(told.get("read_by_time", ())),
            receiving=tuple(told["receiving"]),
        ),
        sandbox_module=told["sandbox_module"],
        cannot=tuple(told["cannot"]),
    )
