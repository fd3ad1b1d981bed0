"""Starts a Salesforce sandbox: `python -m adapters.salesforce.sandbox --seed 500`.

Station: Salesforce sandbox, a program of its own. Prints one line of JSON when ready, and serves until told to stop.
"""

from __future__ import annotations

import secrets
from pathlib import Path

from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.server import option_parser, serve
from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.kit.sandbox.world import World
from adapters.salesforce.sandbox.app import make_app
from adapters.salesforce.sandbox.oauth import ConnectedApp, read_public_key
from adapters.salesforce.sandbox.org import Org, OrgSettings
from adapters.salesforce.sandbox.seed import seed_org
from adapters.salesforce.sandbox.seed_setup import API_USERNAME


def main() -> None:
    """Reads the options, fills the org, serves."""
    parser = option_parser("salesforce")
    parser.add_argument("--daily-limit", type=int, default=100_000, help="API calls in 24 hours")
    parser.add_argument("--client-id", default=None, help="consumer key of the connected app; random unless told")
    parser.add_argument("--client-secret", default=None, help="its secret; random unless told")
    parser.add_argument("--public-key", type=Path, default=None, help="PEM public key or certificate for JWT bearer")
    parser.add_argument("--consumer-key", default=None, help="consumer key of the JWT flow; the client id unless told")
    parser.add_argument("--token-lifetime", type=float, default=7200.0, help="seconds an access token lives")
    parser.add_argument(
        "--hide-field", action="append", default=[], metavar="OBJECT.FIELD",
        help="a standard field the API user may not see, as Task.Type; may be repeated",
    )  # fmt: skip
    parser.add_argument("--hide-object", action="append", default=[], metavar="OBJECT", help="an object it may not see; may be repeated")
    parser.add_argument("--no-customize", action="store_true", help="the API user may not make fields or permission sets")
    options = parser.parse_args()

    control = Control(clock=SandboxClock(start=options.now))
    settings = OrgSettings(
        daily_limit=options.daily_limit,
        token_lifetime_s=options.token_lifetime,
        may_customize=not options.no_customize,
        hidden_objects=tuple(options.hide_object),
        hidden_fields=tuple(options.hide_field),
    )
    org = Org(database=SandboxDatabase(file=options.file), control=control, settings=settings)
    seed_org(
        org,
        World(
            people=options.seed,
            seed=options.world_seed,
            now=control.now(),
            activities_per_person=options.activities_per_person,
        ),
    )
    client_id = options.client_id or f"3MVG9{secrets.token_urlsafe(48)}"
    connected_app = ConnectedApp(
        client_id=client_id,
        client_secret=options.client_secret or secrets.token_hex(32).upper(),
        consumer_key=options.consumer_key or client_id,
        public_key=read_public_key(options.public_key.read_bytes()) if options.public_key else None,
    )
    serve(
        make_app(org, connected_app),
        crm="salesforce",
        control=control,
        port=options.port,
        credentials={
            "client_id": connected_app.client_id,
            "client_secret": connected_app.client_secret,
            "consumer_key": connected_app.consumer_key,
            "username": API_USERNAME,
            "domain": "sandbox.my",
        },
        with_parent=options.with_parent,
    )


if __name__ == "__main__":
    main()
