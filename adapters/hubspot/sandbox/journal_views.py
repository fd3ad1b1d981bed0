"""`/webhooks-journal/…`: subscriptions of the pull journal and its files, for a client-credentials token.

Station: HubSpot sandbox, views over `journal.py`. A file's address is signed by its expiry, needs no token and counts as no call,
as it stands outside the API. Not served: batches, snapshots, app lifecycle and list events.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, request

from adapters.hubspot.sandbox.credentials import AppKeys, Token
from adapters.hubspot.sandbox.errors import fault, invalid_request, not_found
from adapters.hubspot.sandbox.journal import Journal, JournalSubscription, UnknownOffsetError
from adapters.hubspot.sandbox.kinds import BY_NAME, find_kind
from adapters.hubspot.sandbox.reading import names, record_id, record_number
from adapters.hubspot.sandbox.routing import NO_CONTENT, Answer, Api, Call, reply, scopes
from adapters.hubspot.sandbox.stamps import iso, to_ms

FILE_LIVES = timedelta(minutes=15)
"""How long a file's address works. Not documented: a guess."""
TOKEN_LIVES = timedelta(minutes=30)
READ = "developer.webhooks_journal.read"
SUBSCRIPTIONS_READ = "developer.webhooks_journal.subscriptions.read"
SUBSCRIPTIONS_WRITE = "developer.webhooks_journal.subscriptions.write"
APP_SCOPES = frozenset({READ, SUBSCRIPTIONS_READ, SUBSCRIPTIONS_WRITE})

_OBJECT_ACTIONS = frozenset({"CREATE", "UPDATE", "DELETE", "MERGE", "RESTORE"})
_ASSOCIATION_ACTIONS = frozenset({"ASSOCIATION_ADDED", "ASSOCIATION_REMOVED"})


class JournalViews:
    """The views of the journal and of the tokens it needs."""

    def __init__(self, api: Api, journal: Journal, *, app: AppKeys) -> None:
        self._portal = api.portal
        self._credentials = api.credentials
        self._journal = journal
        self._app = app
        read = scopes(READ)
        for base in ("/webhooks-journal/journal/2026-03", "/webhooks-journal/journal-local/2026-03"):
            api.serve_at("GET", f"{base}/earliest", self.earliest, needs=read)
            api.serve_at("GET", f"{base}/latest", self.latest, needs=read)
            api.serve_at("GET", f"{base}/offset/<offset>/next", self.following, needs=read)
        subscriptions = "/webhooks-journal/subscriptions/2026-03"
        api.serve_at("GET", subscriptions, self.subscriptions, needs=scopes(SUBSCRIPTIONS_READ))
        api.serve_at("POST", subscriptions, self.subscribe, needs=scopes(SUBSCRIPTIONS_WRITE))
        api.serve_at("DELETE", f"{subscriptions}/<number>", self.unsubscribe, needs=scopes(SUBSCRIPTIONS_WRITE))
        for path in ("/oauth/v1/token", "/oauth/2026-03/token"):
            api.app.add_url_rule(path, endpoint=f"POST {path}", view_func=self.token, methods=["POST"])
        api.app.add_url_rule("/_sandbox/journal-files/<offset>", view_func=self.file, methods=["GET"])

    def token(self) -> Response:
        """A client-credentials token of the app; other grants are not served."""
        form = request.form
        if form.get("grant_type") != "client_credentials":
            return _no_token("BAD_GRANT_TYPE", "unsupported grant_type")
        if (form.get("client_id"), form.get("client_secret")) != (self._app.client_id, self._app.client_secret):
            return _no_token("BAD_CLIENT_ID", "missing or unknown client id")
        wanted = frozenset(form.get("scope", "").split())
        if not wanted or wanted - APP_SCOPES:
            return _no_token("BAD_SCOPE", f"scopes of this app are {' '.join(sorted(APP_SCOPES))}")
        text = self._credentials.issue(Token(text="", scopes=wanted, app_id=self._app.app_id), lives=TOKEN_LIVES)
        return reply(200, {"token_type": "bearer", "access_token": text, "expires_in": int(TOKEN_LIVES.total_seconds())}, {})

    def earliest(self, _call: Call) -> Answer:
        """Where the oldest file is; 204 when there is none."""
        return self._entry(self._journal.earliest())

    def latest(self, _call: Call) -> Answer:
        """Where the newest file is; 204 when there is none."""
        return self._entry(self._journal.latest())

    def following(self, _call: Call, offset: str) -> Answer:
        """Where the file behind `offset` is; 204 on the newest, 404 when the offset is unknown or older than three days."""
        try:
            return self._entry(self._journal.after(offset))
        except UnknownOffsetError:
            raise not_found("The journal offset has expired or does not exist.") from None

    def file(self, offset: str) -> Response:
        """The file itself; 403 after its address has run out."""
        if to_ms(self._portal.control.now()) > (record_number(request.args.get("expires", "")) or 0):
            return Response("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", 403, mimetype="text/xml")
        body = self._journal.file(offset)
        return Response(body or "", 200 if body else 404, content_type="application/json")

    def subscriptions(self, _call: Call) -> Answer:
        """Every subscription."""
        return Answer(body={"results": [self._shown(one) for one in self._journal.subscriptions()]})

    def subscribe(self, call: Call) -> Answer:
        """A new subscription."""
        given = call.object_body()
        type_, kind = str(given.get("subscriptionType", "OBJECT")), find_kind(str(given.get("objectTypeId", "")))
        known = {"OBJECT": _OBJECT_ACTIONS, "ASSOCIATION": _ASSOCIATION_ACTIONS}.get(type_, frozenset())
        actions = frozenset(names(given.get("actions"), "actions"))
        if kind is None or not actions or actions - known:
            raise invalid_request("Invalid subscription type provided", context={"subscriptionType": [type_], "actions": sorted(actions)})
        if given.get("portalId") != self._portal.settings.portal_id:
            raise invalid_request(f"The app is not installed in portal {given.get('portalId')}.")
        others = [find_kind(one) for one in names(given.get("associatedObjectTypeIds"), "associatedObjectTypeIds")]
        made = {
            "type": type_,
            "kind": kind.name,
            "actions": actions,
            "properties": frozenset(names(given.get("properties"), "properties")),
            "ids": frozenset(_record_ids(given.get("objectIds"))),
            "associated": frozenset(one.name for one in others if one is not None),
        }
        return Answer(body=self._shown(self._journal.subscribe(made)), status=201)

    def unsubscribe(self, _call: Call, number: str) -> Answer:
        """204, or 404."""
        if not number.isdigit() or not self._journal.unsubscribe(int(number)):
            raise not_found()
        return NO_CONTENT

    def _entry(self, offset: str | None) -> Answer:
        if offset is None:
            return NO_CONTENT
        expires = self._portal.control.now() + FILE_LIVES
        url = f"{request.host_url}_sandbox/journal-files/{offset}?expires={to_ms(expires)}"
        return Answer(body={"url": url, "expiresAt": iso(to_ms(expires)), "currentOffset": offset})

    def _shown(self, one: JournalSubscription) -> dict[str, Any]:
        stamp = iso(to_ms(one.created))
        return {
            "id": one.number,
            "appId": self._app.app_id,
            "subscriptionType": one.type,
            "objectTypeId": BY_NAME[one.kind].type_id,
            "portalId": self._portal.settings.portal_id,
            "actions": sorted(one.actions),
            "properties": sorted(one.properties),
            "objectIds": sorted(one.ids),
            "associatedObjectTypeIds": sorted(BY_NAME[name].type_id for name in one.associated),
            "createdAt": stamp,
            "updatedAt": stamp,
        }


def _no_token(status: str, message: str) -> Response:
    refused = fault(400, message)
    return reply(400, refused.body | {"status": status}, {})


def _record_ids(given: Any) -> list[int]:
    listed = [] if given is None else given
    if not isinstance(listed, list):
        raise invalid_request("Invalid input JSON: objectIds must be a list of ids")
    return [record_id(one) for one in listed]
