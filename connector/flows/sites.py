"""Sites that may send first-party events: made, listed, their signing secrets renewed, and removed."""

import re
import secrets
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

from connector.flows.sealing import seal
from connector.ports.connections import Vault
from connector.ports.errors import UsageError
from connector.ports.sites import Site
from connector.ports.store import Store, Tx

SECRET_BYTES = 32
"""Standard Webhooks asks for 24 to 64."""
KEPT_SECRETS = 2
"""The newest secret and the one before it, so that a sender can be moved over without losing an event."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownSite:
    """A site with its signing secrets (`whsec_…`), newest first."""

    site: Site
    secrets: tuple[str, ...] = field(repr=False)


def make_site(
    *,
    store: Store,
    vault: Vault,
    name: str,
    origins: Sequence[str],
    at: datetime,
    needs_consent: bool = True,
    production: bool = True,
) -> KnownSite:
    """A new site with a public key for its pages and a secret for its servers. Raises UsageError for a name that is taken or no name."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"'{name}' cannot be the name of a site.", hint="Use small letters, digits and dashes, at most 40, such as www or shop-eu."
        )
    allowed = tuple(dict.fromkeys(normal_origin(o) for o in origins))
    known = _keys([_new_secret()])
    public_key = f"pk_{secrets.token_urlsafe(18)}"

    def unit(tx: Tx) -> Site:
        if tx.sites.get(name) is not None:
            raise UsageError(f"There is a site '{name}' already.", hint="Renew its secret, or give the new one another name.")
        site = Site(
            name=name,
            public_key=public_key,
            origins=allowed,
            needs_consent=needs_consent,
            production=production,
            sealed=seal(tx, vault=vault, secrets=known),
            created_at=at,
        )
        tx.sites.put(site)
        return site

    site = store.write(unit)
    return KnownSite(site=site, secrets=tuple(known.values()))


def change_site(
    *, store: Store, name: str, origins: Sequence[str] | None = None, needs_consent: bool | None = None, production: bool | None = None
) -> Site:
    """The site with what is given changed; None leaves it. Raises UsageError for an unknown name or an address that is no origin."""
    allowed = None if origins is None else tuple(dict.fromkeys(normal_origin(o) for o in origins))

    def unit(tx: Tx) -> Site:
        site = _wanted(tx, name)
        changed = replace(
            site,
            origins=site.origins if allowed is None else allowed,
            needs_consent=site.needs_consent if needs_consent is None else needs_consent,
            production=site.production if production is None else production,
        )
        tx.sites.put(changed)
        return changed

    return store.write(unit)


def renew_secret(*, store: Store, vault: Vault, name: str) -> KnownSite:
    """The site with a new secret first; the one before it still counts until the next renewal, older ones end now."""
    fresh = _new_secret()

    def unit(tx: Tx) -> KnownSite:
        site = _wanted(tx, name)
        kept = _keys([fresh, *_opened(vault, site)][:KEPT_SECRETS])
        renewed = replace(site, sealed=seal(tx, vault=vault, secrets=kept))
        tx.sites.put(renewed)
        return KnownSite(site=renewed, secrets=tuple(kept.values()))

    return store.write(unit)


def remove_site(*, store: Store, name: str) -> None:
    """Its events are refused from now on; what they led to stays. Raises UsageError for an unknown name."""

    def unit(tx: Tx) -> None:
        _wanted(tx, name)
        tx.sites.remove(name)

    store.write(unit)


def known_sites(*, store: Store, vault: Vault) -> tuple[KnownSite, ...]:
    """All sites by name, with their secrets. Raises SecretsError where the key does not fit."""
    with store.read() as tx:
        sites = tx.sites.all()
    return tuple(KnownSite(site=s, secrets=_opened(vault, s)) for s in sites)


def normal_origin(text: str) -> str:
    """The origin as a browser sends it: scheme, host in small letters, port only where it is not the usual one.

    Raises UsageError for anything else, an address with a path among them.
    """
    parts = urlsplit(text.strip())
    try:
        port = parts.port
    except ValueError:
        port = -1
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.path not in ("", "/")
        or parts.query
        or port == -1
        or "@" in text
    ):
        raise UsageError(f"'{text}' is not the origin of a web page.", hint="Give scheme and host alone, such as https://www.example.com.")
    host = parts.hostname.encode("idna").decode("ascii") if not parts.hostname.isascii() else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" if port in (None, usual) else f"{parts.scheme}://{host}:{port}"


def _wanted(tx: Tx, name: str) -> Site:
    site = tx.sites.get(name)
    if site is None:
        raise UsageError(f"There is no site '{name}'.", hint=f"There are: {', '.join(s.name for s in tx.sites.all()) or 'none'}.")
    return site


def _new_secret() -> str:
    return "whsec_" + b64encode(secrets.token_bytes(SECRET_BYTES)).decode("ascii")


def _keys(newest_first: Sequence[str]) -> dict[str, str]:
    return {str(place): secret for place, secret in enumerate(newest_first, start=1)}


def _opened(vault: Vault, site: Site) -> tuple[str, ...]:
    kept = vault.open(site.sealed)
    return tuple(kept[place] for place in sorted(kept, key=int))
