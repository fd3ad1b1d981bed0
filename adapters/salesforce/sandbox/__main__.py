"""Starts a Salesforce sandbox: `python -m adapters.salesforce.sandbox --seed 500`.

Station: Salesforce sandbox, a program of its own. Prints one line of JSON when ready, and serves until told to stop.
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from flask import Flask

from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.server import option_parser, serve
from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.kit.sandbox.world import World
from adapters.salesforce.sandbox.app import make_app
from adapters.salesforce.sandbox.oauth import ConnectedApp, Sessions, read_public_key
from adapters.salesforce.sandbox.org import Org, OrgSettings
from adapters.salesforce.sandbox.seed import seed_org
from adapters.salesforce.sandbox.seed_setup import API_USERNAME


def main() -> None:
    """Reads the options, fills the org, serves."""
    options = _options().parse_args()
    control = Control(clock=SandboxClock(start=options.now))
    settings = OrgSettings(
        daily_limit=options.daily_limit,
        token_lifetime_s=options.token_lifetime,
        may_customize=not options.no_customize,
        hidden_objects=tuple(options.hide_object),
        hidden_fields=tuple(options.hide_field),
    )
    org = Org(database=SandboxDatabase(file=options.file), control=control, settings=settings)
    now, average = control.now(), options.activities_per_person
    seed_org(org, World(people=options.seed, seed=options.world_seed, now=now, activities_per_person=average))
    connected_app = _connected_app(options)
    credentials = {
        "client_id": connected_app.client_id,
        "client_secret": connected_app.client_secret,
        "consumer_key": connected_app.consumer_key,
        "username": API_USERNAME,
        "domain": "sandbox.my",
    }
    sessions = Sessions(org=org)
    app = make_app(org, connected_app, sessions=sessions)
    with ExitStack() as stack:
        if options.pubsub:
            credentials["pubsub"] = stack.enter_context(_pubsub(org, app, sessions))
        serve(app, crm="salesforce", control=control, port=options.port, credentials=credentials, with_parent=options.with_parent)


@contextmanager
def _pubsub(org: Org, app: Flask, sessions: Sessions) -> Iterator[str]:
    """The Pub/Sub API beside the app, as long as the block runs: host and port. Its packages are an extra of the product."""
    from adapters.salesforce.sandbox.change_log import ChangeLog
    from adapters.salesforce.sandbox.pubsub import PubSubServer, pubsub_routes, serving_pubsub

    log = ChangeLog(changes=org.changes, control=org.control)
    server = PubSubServer(log=log, sessions=sessions, stopping=org.control.stopping)
    app.register_blueprint(pubsub_routes(server, log))
    with serving_pubsub(server) as address:
        yield address


def _options() -> argparse.ArgumentParser:
    parser = option_parser("salesforce")
    add = parser.add_argument
    add("--daily-limit", type=int, default=100_000, help="API calls in 24 hours")
    add("--client-id", default=None, help="consumer key of the connected app; random unless told")
    add("--client-secret", default=None, help="its secret; random unless told")
    add("--public-key", type=_public_key, default=None, help="PEM public key or certificate for JWT bearer")
    add("--consumer-key", default=None, help="consumer key of the JWT flow; the client id unless told")
    add("--token-lifetime", type=float, default=7200.0, help="seconds an access token lives")
    add(
        "--hide-field",
        action="append",
        default=[],
        metavar="OBJECT.FIELD",
        help="a standard field the API user may not see; may be repeated",
    )
    add("--hide-object", action="append", default=[], metavar="OBJECT", help="an object it may not see; may be repeated")
    add("--pubsub", action="store_true", help="serve the Pub/Sub API too, on a port of its own (needs grpcio and fastavro)")
    add("--no-customize", action="store_true", help="the API user may not make fields or permission sets")
    return parser


def _connected_app(options: argparse.Namespace) -> ConnectedApp:
    client_id = options.client_id or f"3MVG9{secrets.token_urlsafe(48)}"
    return ConnectedApp(
        client_id=client_id,
        client_secret=options.client_secret or secrets.token_hex(32).upper(),
        consumer_key=options.consumer_key or client_id,
        public_key=options.public_key,
    )


def _public_key(path: str) -> RSAPublicKey:
    try:
        return read_public_key(Path(path).read_bytes())
    except (OSError, ValueError) as err:
        raise argparse.ArgumentTypeError(f"{path} holds no RSA public key or certificate in PEM ({err})") from err


if __name__ == "__main__":
    main()
