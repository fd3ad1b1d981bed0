"""The portal about itself: account details, usage, tokens, owners, pipelines, schemas.

Station: HubSpot sandbox, views.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.hubspot.sandbox.errors import invalid_request, not_found
from adapters.hubspot.sandbox.kinds import KINDS, Kind
from adapters.hubspot.sandbox.pipelines import PIPELINE_ID, pipeline_body
from adapters.hubspot.sandbox.portal import Owner
from adapters.hubspot.sandbox.routing import Answer, Api, Call, kind_named, no_scope, object_scope, scopes
from adapters.hubspot.sandbox.stamps import iso, to_ms


class AccountViews:
    """The views that are not about records."""

    def __init__(self, api: Api) -> None:
        self._portal = api.portal
        self._limits = api.limits
        self._credentials = api.credentials
        api.serve("GET", "account", "/details", self.details, needs=no_scope)
        api.serve("GET", "account", "/api-usage/daily/private-apps", self.usage, needs=no_scope)
        api.serve_at("POST", "/oauth/v2/private-apps/get/access-token-info", self.private_token, needs=no_scope)
        api.serve_at("GET", "/oauth/v1/access-tokens/<text>", self.oauth_token, needs=no_scope)
        owners = scopes("crm.objects.owners.read")
        api.serve("GET", "owners", "", self.owners, needs=owners)
        api.serve("GET", "owners", "/<owner_id>", self.owner, needs=owners)
        deals = scopes("crm.objects.deals.read", "crm.schemas.deals.read")
        api.serve("GET", "pipelines", "/<kind>", self.pipelines, needs=deals)
        api.serve("GET", "pipelines", "/<kind>/<pipeline_id>", self.pipeline, needs=deals)
        api.serve("GET", "pipelines", "/<kind>/<pipeline_id>/stages", self.stages, needs=deals)
        api.serve("GET", "schemas", "", self.schemas, needs=no_scope)
        api.serve("GET", "schemas", "/<kind>", self.schema, needs=object_scope("read"))

    def details(self, _call: Call) -> Answer:
        """Which account this is."""
        settings = self._portal.settings
        offset = self._portal.control.now().astimezone(ZoneInfo(settings.time_zone)).utcoffset() or timedelta()
        minutes = int(offset.total_seconds() // 60)
        return Answer(
            body={
                "portalId": settings.portal_id,
                "accountType": "STANDARD",
                "timeZone": settings.time_zone,
                "companyCurrency": settings.currency,
                "additionalCurrencies": ["USD", "EUR"],
                "utcOffset": f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}",
                "utcOffsetMilliseconds": minutes * 60_000,
                "uiDomain": settings.domain,
                "dataHostingLocation": "na1",
            }
        )

    def usage(self, _call: Call) -> Answer:
        """Calls counted today and when the day ends."""
        now = self._portal.control.now().astimezone(ZoneInfo(self._portal.settings.time_zone))
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return Answer(
            body={
                "results": [
                    {
                        "name": "private-apps-api-calls-daily",
                        "usageLimit": self._limits.settings.daily,
                        "currentUsage": self._limits.used_today(),
                        "collectedAt": iso(to_ms(now)),
                        "fetchStatus": "SUCCESS",
                        "resetsAt": iso(to_ms(midnight)),
                    }
                ]
            }
        )

    def private_token(self, call: Call) -> Answer:
        """Scopes and account of a private-app token or service key."""
        found = self._credentials.find(str(call.object_body().get("tokenKey", "")))
        if found is None:
            raise not_found("No private app was found for this token.")
        return Answer(
            body={
                "userId": found.user_id,
                "hubId": self._portal.settings.portal_id,
                "appId": found.app_id,
                "scopes": sorted(found.scopes),
            }
        )

    def oauth_token(self, _call: Call, text: str) -> Answer:
        """The same in the OAuth form."""
        found = self._credentials.find(text)
        if found is None:
            raise not_found("The access token is unknown.")
        return Answer(
            body={
                "token": found.text,
                "user": "integration@hotlead-sandbox.example",
                "hub_domain": "hotlead-sandbox.example",
                "scopes": sorted(found.scopes),
                "hub_id": self._portal.settings.portal_id,
                "app_id": found.app_id,
                "expires_in": 1800,
                "user_id": found.user_id,
                "token_type": "access",
            }
        )

    def owners(self, call: Call) -> Answer:
        """A page of owners."""
        if call.is_on("archived"):
            return Answer(body={"results": []})
        limit, after, email = call.number("limit", 100), call.number("after", 0), call.one("email").lower()
        if not 1 <= limit <= 500:
            raise invalid_request(f"Invalid limit {limit}: it must be between 1 and 500.")
        found = [one for one in self._portal.owners() if one.id > after and (not email or one.email.lower() == email)]
        body: dict[str, Any] = {"results": [_owner_body(one) for one in found[:limit]]}
        if len(found) > limit:
            body["paging"] = {"next": {"after": str(found[limit - 1].id)}}
        return Answer(body=body)

    def owner(self, call: Call, owner_id: str) -> Answer:
        """One owner, by owner id or (idProperty=userId) by user id."""
        by_user = call.one("idProperty") == "userId"
        for one in self._portal.owners():
            if owner_id == str(one.user_id if by_user else one.id):
                return Answer(body=_owner_body(one))
        raise not_found(f"Owner {owner_id} was not found.")

    def pipelines(self, _call: Call, kind: str) -> Answer:
        """The pipelines of deals; no other object type here has any."""
        kind_name = kind_named(kind).name
        return Answer(body={"results": [self._pipeline()] if kind_name == "deals" else []})

    def pipeline(self, _call: Call, kind: str, pipeline_id: str) -> Answer:
        """One pipeline."""
        return Answer(body=self._one_pipeline(kind, pipeline_id))

    def stages(self, _call: Call, kind: str, pipeline_id: str) -> Answer:
        """The stages of one pipeline."""
        return Answer(body={"results": self._one_pipeline(kind, pipeline_id)["stages"]})

    def schemas(self, _call: Call) -> Answer:
        """Custom object types: this portal has none."""
        return Answer(body={"results": []})

    def schema(self, _call: Call, kind: str) -> Answer:
        """What an object type is called and which properties it has."""
        found = kind_named(kind)
        properties = self._portal.catalogue.listed(found.name)
        return Answer(body=self._schema_body(found) | {"properties": [one.body() for one in properties]})

    def _schema_body(self, kind: Kind) -> dict[str, Any]:
        plural = kind.name.capitalize()
        return {
            "id": kind.type_id,
            "objectTypeId": kind.type_id,
            "fullyQualifiedName": kind.label,
            "name": kind.label,
            "labels": {"singular": kind.singular.capitalize(), "plural": plural},
            "primaryDisplayProperty": kind.searched[0],
            "requiredProperties": [],
            "searchableProperties": list(kind.searched),
            "secondaryDisplayProperties": [],
            "associations": [],
            "archived": False,
            "allowsSensitiveProperties": False,
            "metaType": "HUBSPOT",
            "associatedObjects": [other.type_id for other in KINDS if other is not kind],
        }

    def _one_pipeline(self, kind: str, pipeline_id: str) -> dict[str, Any]:
        if kind_named(kind).name != "deals" or pipeline_id != PIPELINE_ID:
            raise not_found(f"Pipeline {pipeline_id} was not found.")
        return self._pipeline()

    def _pipeline(self) -> dict[str, Any]:
        owners = self._portal.owners()
        return pipeline_body(owners[0].at_ms if owners else self._portal.now_ms())


def _owner_body(owner: Owner) -> dict[str, Any]:
    return {
        "id": str(owner.id),
        "email": owner.email,
        "type": "PERSON",
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "userId": owner.user_id,
        "userIdIncludingInactive": owner.user_id,
        "createdAt": iso(owner.at_ms),
        "updatedAt": iso(owner.at_ms),
        "archived": False,
        "teams": [{"id": str(sum(owner.team.encode())), "name": owner.team, "primary": True}],
    }
