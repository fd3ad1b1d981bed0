"""The sandbox as one Flask app: every view, the control and the pages over one org.

Station: Salesforce sandbox. Built by `__main__`, and by tests that want it in their own process.
"""

from __future__ import annotations

from flask import Flask, Response

from adapters.kit.sandbox.acts import act_routes
from adapters.kit.sandbox.pages import mount_pages
from adapters.kit.sandbox.push_routes import push_routes
from adapters.kit.sandbox.pushes import Pushes
from adapters.kit.sandbox.workflows import workflow_routes
from adapters.salesforce.sandbox.automations import AutomationsInForce
from adapters.salesforce.sandbox.bulk import bulk_routes
from adapters.salesforce.sandbox.bulk_ingest import ingest_routes
from adapters.salesforce.sandbox.calls import NEWEST, OLDEST, answer, guard
from adapters.salesforce.sandbox.collections_api import collection_routes
from adapters.salesforce.sandbox.composite import composite_routes
from adapters.salesforce.sandbox.conversions import conversion_routes
from adapters.salesforce.sandbox.deploy import deploy_routes
from adapters.salesforce.sandbox.oauth import ConnectedApp, Sessions, oauth_routes
from adapters.salesforce.sandbox.org import Org
from adapters.salesforce.sandbox.org_acts import OrgActs
from adapters.salesforce.sandbox.outbound import OutboundCourier
from adapters.salesforce.sandbox.page_views import OrgPages
from adapters.salesforce.sandbox.person_edits import PersonEdits
from adapters.salesforce.sandbox.queries import Cursors, query_routes
from adapters.salesforce.sandbox.rest import sobject_routes
from adapters.salesforce.sandbox.tooling import tooling_routes

ACCENT = "#0b5cab"


def make_app(org: Org, connected_app: ConnectedApp, *, sessions: Sessions | None = None) -> Flask:
    """The app over `org`, with the connected app's credentials; `org.control` is mounted on it. `sessions`: another API's too."""
    app = Flask("adapters.salesforce.sandbox")
    app.url_map.merge_slashes = False
    sessions, cursors = sessions or Sessions(org=org), Cursors(org=org)
    guard(app, org, sessions)
    app.register_blueprint(oauth_routes(org, sessions, connected_app))
    app.register_blueprint(sobject_routes(org))
    app.register_blueprint(query_routes(org, cursors))
    app.register_blueprint(collection_routes(org))
    app.register_blueprint(composite_routes(app, org))
    app.register_blueprint(tooling_routes(org))
    courier = OutboundCourier(org)
    pushes = Pushes(control=org.control, changes=org.changes, courier=courier)
    app.register_blueprint(deploy_routes(org, AutomationsInForce(pushes=pushes, courier=courier)))
    app.register_blueprint(bulk_routes(org))
    app.register_blueprint(ingest_routes(org))

    @app.get("/services/data", strict_slashes=False)
    def versions() -> Response:
        numbers = range(int(OLDEST), int(NEWEST) + 1)
        return answer([{"label": f"Release {n}", "url": f"/services/data/v{n}.0", "version": f"{n}.0"} for n in numbers])

    people = PersonEdits(org=org, sessions=sessions)
    org.control.mount(app, state=people)
    app.register_blueprint(act_routes(OrgActs(org, people)))
    app.register_blueprint(workflow_routes(org.workflows))
    app.register_blueprint(conversion_routes(org))
    app.register_blueprint(push_routes(pushes))
    mount_pages(app, crm="Salesforce", accent=ACCENT, control=org.control, pages=OrgPages(org=org))
    return app
