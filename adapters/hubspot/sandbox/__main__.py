"""`python -m adapters.hubspot.sandbox`: serves a HubSpot portal on this machine until it is told to stop."""

from __future__ import annotations

import argparse

from adapters.hubspot.sandbox.app import default_tokens, limits_for, make_app
from adapters.hubspot.sandbox.credentials import ALL_SCOPES, Token
from adapters.hubspot.sandbox.portal import TIERS, PortalSettings
from adapters.hubspot.sandbox.seed import fill
from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.server import option_parser, serve
from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.kit.sandbox.world import World


def main() -> None:
    """Reads the options, fills the portal if it is empty, serves it."""
    options = _parser().parse_args()
    control = Control(clock=SandboxClock(start=options.now))
    settings = PortalSettings(tier=options.tier, portal_id=options.portal)
    made = make_app(
        control=control,
        database=SandboxDatabase(file=options.file),
        settings=settings,
        tokens=_tokens(options),
        limits=limits_for(options.tier, burst=options.burst, search_rate=options.search_rate, daily=options.daily),
    )
    if made.portal.store.is_empty():
        world = World(
            people=options.seed,
            seed=options.world_seed,
            now=control.now(),
            activities_per_person=options.activities_per_person,
        )
        fill(made.portal, world, alone=options.alone)
    credentials = {
        "access_token": made.tokens[0].text,
        "portal_id": str(settings.portal_id),
        "app_id": str(made.keys.app_id),
        "client_id": made.keys.client_id,
        "client_secret": made.keys.client_secret,
    }
    serve(
        made.app,
        crm="hubspot",
        control=control,
        port=options.port,
        credentials=credentials,
        with_parent=options.with_parent,
    )


def _parser() -> argparse.ArgumentParser:
    parser = option_parser("hubspot")
    parser.add_argument("--token", action="append", default=[], help="a token, or token=scope,scope for fewer scopes; may be given again")
    parser.add_argument("--scopes", default="", help="scopes of tokens given without any, joined by commas; all unless told")
    parser.add_argument("--tier", choices=TIERS, default="enterprise", help="what the account pays for; events need enterprise")
    parser.add_argument("--portal", type=int, default=PortalSettings().portal_id, help="number of the account")
    parser.add_argument("--burst", type=int, default=None, help="calls in 10 s per token; 0 = no limit; by tier unless told")
    parser.add_argument("--search-rate", type=int, default=None, help="searches a second; 0 = no limit; 5 unless told")
    parser.add_argument("--daily", type=int, default=None, help="calls a day; 0 = no limit; by tier unless told")
    parser.add_argument(
        "--alone", action="store_true", help="keep everybody's calls and meetings here, as if no Salesforce stood beside it"
    )
    return parser


def _tokens(options: argparse.Namespace) -> tuple[Token, ...]:
    common = frozenset(options.scopes.split(",")) if options.scopes else frozenset(ALL_SCOPES)
    tokens = []
    for written in options.token:
        text, _, scopes = written.partition("=")
        tokens.append(Token(text=text, scopes=frozenset(scopes.split(",")) if scopes else common))
    if not tokens:
        tokens = [Token(text=token.text, scopes=common) for token in default_tokens(options.world_seed)]
    return tuple(tokens)


if __name__ == "__main__":
    main()
