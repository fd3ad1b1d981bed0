"""Sites and their sealed signing secrets."""

import json

from sqlalchemy import delete, select

from connector.ports.sites import Site
from connector.store.instants import from_us, to_us
from connector.store.schema import sites
from connector.store.transaction import AnyRow, Transaction
from connector.store.values import dump


class SqlSites:
    """Fulfils `ports.sites.Sites`."""

    __slots__ = ("_t",)

    def __init__(self, t: Transaction) -> None:
        self._t = t

    def all(self) -> tuple[Site, ...]:
        return tuple(_site(row) for row in self._t.rows(select(sites).order_by(sites.c.name)))

    def get(self, name: str) -> Site | None:
        row = self._t.first(select(sites).where(sites.c.name == name))
        return None if row is None else _site(row)

    def put(self, site: Site) -> None:
        row = {
            "name": site.name,
            "public_key": site.public_key,
            "origins": dump(list(site.origins)),
            "needs_consent": site.needs_consent,
            "production": site.production,
            "sealed": site.sealed,
            "created_at": to_us(site.created_at),
        }
        self._t.upsert(sites, [row])

    def remove(self, name: str) -> None:
        """One that is not there stays so."""
        self._t.run(delete(sites).where(sites.c.name == name))


def _site(row: AnyRow) -> Site:
    return Site(
        name=row.name,
        public_key=row.public_key,
        origins=tuple(json.loads(row.origins)),
        needs_consent=row.needs_consent,
        production=row.production,
        sealed=bytes(row.sealed),
        created_at=from_us(row.created_at),
    )
