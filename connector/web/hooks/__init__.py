"""The receivers of CRM pushes: `POST /hooks/<connection>` and `POST /hooks/<connection>/<secret>`."""

from connector.web.hooks.door import Door
from connector.web.hooks.routes import hooks_blueprint

__all__ = ["Door", "hooks_blueprint"]
