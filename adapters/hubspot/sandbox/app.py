"""The portal as a Flask app: state, rules and views put together.

Station: HubSpot sandbox. `__main__.py` serves it as a process; tests may serve it in a thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flask import Flask

from adapters.hubspot.sandbox.account_views import AccountViews
from adapters.hubspot.sandbox.batch_views import BatchViews
from adapters.hubspot.sandbox.credentials import ALL_SCOPES, AppKeys, Credentials, Token, make_token_text
from adapters.hubspot.sandbox.event_views import EventViews
from adapters.hubspot.sandbox.journal import Journal
from adapters.hubspot.sandbox.journal_views import JournalViews
from adapters.hubspot.sandbox.limits import BURST_BY_TIER, DAILY_BY_TIER, SEARCHES_A_SECOND, Limits, LimitSettings
from adapters.hubspot.sandbox.link_views import LinkViews
from adapters.hubspot.sandbox.merge_views import MergeViews
from adapters.hubspot.sandbox.merging import Merging
from adapters.hubspot.sandbox.object_views import ObjectViews
from adapters.hubspot.sandbox.pages import PortalPages
from adapters.hubspot.sandbox.people_edits import PeopleEdits
from adapters.hubspot.sandbox.portal import Portal, PortalSettings
from adapters.hubspot.sandbox.portal_acts import PortalActs
from adapters.hubspot.sandbox.property_views import PropertyViews
from adapters.hubspot.sandbox.records import Records
from adapters.hubspot.sandbox.routing import Api
from adapters.hubspot.sandbox.webhooks import WebhookCourier
from adapters.kit.sandbox.acts import act_routes
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.pages import mount_pages
from adapters.kit.sandbox.push_routes import push_routes
from adapters.kit.sandbox.pushes import Pushes
from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.kit.sandbox.workflows import workflow_routes

ACCENT = "#c2410c"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxApp:
    """The app and what its maker needs of it."""

    app: Flask
    portal: Portal
    control: Control
    tokens: tuple[Token, ...]
    keys: AppKeys


def limits_for(tier: str, *, burst: int | None = None, search_rate: int | None = None, daily: int | None = None) -> LimitSettings:
    """The limits of a tier, those given put in their place; 0 switches one off."""
    return LimitSettings(
        burst=BURST_BY_TIER[tier] if burst is None else burst,
        search_rate=SEARCHES_A_SECOND if search_rate is None else search_rate,
        daily=DAILY_BY_TIER[tier] if daily is None else daily,
    )


def default_tokens(seed: int) -> tuple[Token, ...]:
    """One token with every scope, the same for the same seed."""
    return (Token(text=make_token_text(seed), scopes=frozenset(ALL_SCOPES)),)


def make_app(
    *,
    control: Control,
    database: SandboxDatabase | None = None,
    settings: PortalSettings | None = None,
    tokens: Iterable[Token] = (),
    limits: LimitSettings | None = None,
) -> SandboxApp:
    """A portal ready to be served, empty unless its database holds one; `seed.fill` puts the world in."""
    portal = Portal(database=database or SandboxDatabase(), control=control, settings=settings)
    kept = tuple(tokens) or default_tokens(1)
    counted = Limits(limits or limits_for(portal.settings.tier), time_zone=portal.settings.time_zone, now=control.now)
    app = Flask(__name__)
    api = Api(app, portal=portal, credentials=Credentials(kept, now=control.now), limits=counted)
    records, keys = Records(portal), AppKeys()
    # Fixed words before record ids: /contacts/merge is not the record "merge".
    BatchViews(api, records)
    merging = Merging(portal, records)
    MergeViews(api, records, merging)
    ObjectViews(api, records)
    LinkViews(api, records.linking)
    PropertyViews(api)
    AccountViews(api)
    EventViews(api, records)
    JournalViews(api, Journal(portal), app=keys)
    people = PeopleEdits(portal, records)
    control.mount(app, state=people)
    app.register_blueprint(act_routes(PortalActs(portal, records=records, merging=merging, people=people, limits=counted)))
    app.register_blueprint(workflow_routes(portal.workflows))
    courier = WebhookCourier(portal_id=portal.settings.portal_id, keys=keys)
    app.register_blueprint(push_routes(Pushes(control=control, changes=portal.changes, courier=courier)))
    mount_pages(app, crm="HubSpot", accent=ACCENT, control=control, pages=PortalPages(portal))
    return SandboxApp(app=app, portal=portal, control=control, tokens=kept, keys=keys)
