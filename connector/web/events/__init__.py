"""The receivers of first-party events: `POST /events` from servers, `POST /events/page` from web pages, and the script for those."""

from connector.web.events.routes import events_blueprint

__all__ = ["events_blueprint"]
