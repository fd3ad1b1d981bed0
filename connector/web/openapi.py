"""`GET /openapi.json`: the public routes and what they take, as OpenAPI 3.1, from the same shapes that check what comes in."""

import json
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response

from connector.flows.event_shapes import MOST_EVENTS, schemas
from connector.web.parts import WebParts

Part = dict[str, Any]

_EVENT_KINDS = ("PageView", "FormSubmit", "Download", "ProductUse", "TrialStarted", "Inquiry", "Identify")
_EXAMPLE = {
    "type": "inquiry",
    "id": "evt_01JD7Q2M8K",
    "at": "2026-11-02T09:00:00Z",
    "email": "ann@example.com",
    "form": "request-a-quote",
    "path": "/pricing",
}


def openapi_blueprint(parts: WebParts) -> Blueprint:
    blueprint = Blueprint("openapi", __name__)
    text = json.dumps(document(version=parts.version, public_url=parts.public_url))

    @blueprint.get("/openapi.json")
    def openapi() -> Response:
        return Response(text, content_type="application/json", headers={"Cache-Control": "public, max-age=300"})

    return blueprint


def document(*, version: str, public_url: str = "") -> Part:
    """The whole document. `public_url`: where it can be reached; empty: where the document came from."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "hotlead",
            "version": version,
            "description": "Takes in what happens in CRMs, on web pages and in products, and tells how it stands.",
        },
        "servers": [{"url": public_url or "/"}],
        "paths": {**_events(), **_hooks(), **_standing()},
        "components": {
            "schemas": {**schemas("#/components/schemas/{model}"), **_shared()},
            "securitySchemes": {
                "standardWebhooks": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "webhook-signature",
                    "description": "Standard Webhooks 1.0: HMAC-SHA256 over `<webhook-id>.<webhook-timestamp>.<body>` with a secret of "
                    "the site (`whsec_…`); the headers webhook-id and webhook-timestamp go with it. It counts for 5 minutes.",
                },
                "metricsToken": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _shared() -> Part:
    kinds = [{"$ref": f"#/components/schemas/{name}"} for name in _EVENT_KINDS]
    words = {"page_view": 0, "form_submit": 1, "download": 2, "product_use": 3, "trial_started": 4, "inquiry": 5, "identify": 6}
    mapping = {word: kinds[place]["$ref"] for word, place in words.items()}
    text = {"type": "string"}
    return {
        "Event": {"oneOf": kinds, "discriminator": {"propertyName": "type", "mapping": mapping}},
        "Error": {
            "type": "object",
            "required": ["error"],
            "properties": {
                "error": {**text, "description": "A word for machines."},
                "fields": {
                    "type": "array",
                    "description": "What is wrong with which field. No value that was sent is in it.",
                    "items": {"type": "object", "required": ["field", "problem"], "properties": {"field": text, "problem": text}},
                },
            },
        },
    }


def _events() -> Part:
    event = {"$ref": "#/components/schemas/Event"}
    batch = {"type": "array", "items": event, "minItems": 1, "maxItems": MOST_EVENTS}
    accepted = {"type": "object", "required": ["accepted"], "properties": {"accepted": {"type": "integer"}}}
    key = {"name": "key", "in": "query", "schema": {"type": "string"}, "description": "The site's public key."}
    return {
        "/events": {
            "post": {
                "summary": "Events from a server: one, or an array of up to a hundred.",
                "description": "202: they are durable. An id that came before changes nothing. One wrong event refuses the whole body.",
                "security": [{"standardWebhooks": []}],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"oneOf": [event, batch]}, "examples": {"one": {"value": _EXAMPLE}}}},
                },
                "responses": {"202": _json("Durable.", accepted), **_errors("400", "401", "413", "503")},
            }
        },
        "/events/page": {
            "post": {
                "summary": "One page view from the script on a web page.",
                "description": "Only from the origins of the site, so many a minute, and with consent where the site asks for it.",
                "parameters": [key],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/ScriptView"}},
                        "text/plain": {"schema": {"type": "string", "description": "The same JSON, as a browser's beacon sends it."}},
                    },
                },
                "responses": {"202": {"description": "Durable."}, **_errors("400", "403", "404", "413", "429", "503")},
            },
            "options": {"summary": "The preflight of a browser.", "responses": {"204": {"description": "Which origins may send."}}},
        },
        "/site.js": {
            "get": {
                "summary": "The script for web pages.",
                "responses": {
                    "200": {"description": "The script.", "content": {"text/javascript": {"schema": {"type": "string"}}}},
                    "304": {"description": "The one you have is still right."},
                },
            }
        },
    }


def _hooks() -> Part:
    taken = {
        "summary": "What a CRM pushes.",
        "description": "Signed, or with a secret in the address, as the CRM does it. The answer is the one that the CRM expects.",
        "requestBody": {"required": True, "content": {"*/*": {}}},
        "responses": {"200": {"description": "Durable."}, "204": {"description": "Durable."}, **_errors("400", "401", "404", "413", "503")},
    }
    connection = {"name": "connection", "in": "path", "required": True, "schema": {"type": "string"}}
    secret = {**connection, "name": "secret"}
    return {
        "/hooks/{connection}": {"post": {**taken, "parameters": [connection]}},
        "/hooks/{connection}/{secret}": {"post": {**taken, "parameters": [connection, secret]}},
    }


def _standing() -> Part:
    state = {
        "type": "object",
        "required": ["state", "version"],
        "properties": {"state": {"enum": ["ok", "degraded", "down"]}, "version": {"type": "string"}},
    }
    page = {"text/html": {"schema": {"type": "string"}}}
    return {
        "/health": {
            "get": {
                "summary": "How every part stands; a page for people where a browser asks.",
                "responses": {"200": _json("It works.", state, more=page), "503": _json("It does not.", state, more=page)},
            }
        },
        "/": {"get": {"summary": "Leads to /health.", "responses": {"302": {"description": "There."}}}},
        "/health/live": {"get": {"summary": "That the server answers at all.", "responses": {"200": _json("It does.", state)}}},
        "/metrics": {
            "get": {
                "summary": "Figures for Prometheus.",
                "security": [{}, {"metricsToken": []}],
                "responses": {
                    "200": {"description": "Figures.", "content": {"text/plain": {"schema": {"type": "string"}}}},
                    **_errors("401"),
                },
            }
        },
        "/openapi.json": {"get": {"summary": "This document.", "responses": {"200": _json("It.", {"type": "object"})}}},
    }


_STATUSES: Mapping[str, str] = {
    "400": "Malformed; `fields` says where.",
    "401": "Not signed, not signed right, or not just now.",
    "403": "Not from this origin, or without consent.",
    "404": "No such address.",
    "413": "Too large.",
    "429": "Too many just now.",
    "503": "Not now, for a reason of ours; Retry-After says when to come again.",
}


def _errors(*statuses: str) -> Part:
    answers = {status: _json(_STATUSES[status], {"$ref": "#/components/schemas/Error"}) for status in statuses}
    if "503" in answers:
        answers["503"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
    return answers


def _json(description: str, schema: Part, *, more: Part | None = None) -> Part:
    return {"description": description, "content": {"application/json": {"schema": schema}, **(more or {})}}
