"""Access tokens: client credentials and JWT bearer, with the documented refusals.

Station: Salesforce sandbox. A token lives `token_lifetime_s` seconds of the sandbox's clock; a JWT's `exp` is measured
by the real clock, which is the one its maker reads.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from flask import Blueprint, Response, request

from adapters.salesforce.sandbox.org import API_USER_ID, ORG_ID, Org, json_text

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedApp:
    """An app the admin has approved. Either side may be empty: then that flow is not open."""

    client_id: str
    client_secret: str = ""
    consumer_key: str = ""
    """Client id of the JWT flow; the same as `client_id` unless told."""
    public_key: RSAPublicKey | None = None


class OauthRefusal(Exception):
    """An answer of the token endpoint: {error, error_description}."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who a token stands for, and until when."""

    user_id: str
    expires: datetime


class Sessions:
    """The tokens given out."""

    def __init__(self, *, org: Org) -> None:
        self._org = org
        self._sessions: dict[str, Session] = {}

    def open(self, user_id: str) -> str:
        """A new access token for the user."""
        token = f"{ORG_ID[:15]}!AQ{secrets.token_urlsafe(60).replace('-', '.')}"
        lifetime = timedelta(seconds=self._org.settings.token_lifetime_s)
        self._sessions[token] = Session(user_id=user_id, expires=self._org.control.now() + lifetime)
        return token

    def user_of(self, authorization: str) -> str | None:
        """The user an Authorization header stands for; None when its token is unknown or expired."""
        scheme, _, token = authorization.partition(" ")
        session = self._sessions.get(token.strip()) if scheme.lower() in ("bearer", "oauth") else None
        if session is None or session.expires <= self._org.control.now():
            return None
        return session.user_id

    def close(self, token: str) -> None:
        """Ends a token at once; nothing happens when it is unknown."""
        self._sessions.pop(token, None)


def read_public_key(pem: bytes) -> RSAPublicKey:
    """The RSA key in a PEM public key or X.509 certificate. Raises ValueError for anything else."""
    key = x509.load_pem_x509_certificate(pem).public_key() if b"BEGIN CERTIFICATE" in pem else load_pem_public_key(pem)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("a connected app's key is RSA")
    return key


def oauth_routes(org: Org, sessions: Sessions, app: ConnectedApp) -> Blueprint:
    """The `/services/oauth2/` endpoints."""
    routes = Blueprint("oauth", __name__, url_prefix="/services/oauth2")

    @routes.post("/token")
    def token() -> Response:
        grant = request.form.get("grant_type", "")
        if grant == "client_credentials":
            user_id = _client_credentials(app)
        elif grant == JWT_GRANT:
            user_id = _jwt_bearer(org, app, request.form.get("assertion", ""))
        else:
            raise OauthRefusal("unsupported_grant_type", "grant type not supported")
        return _json(_token_body(org, sessions.open(user_id), user_id, app))

    @routes.route("/userinfo", methods=["GET", "POST"])
    def userinfo() -> Response:
        user_id = sessions.user_of(request.headers.get("Authorization", ""))
        if user_id is None:
            return Response("Bad_OAuth_Token", 403, content_type="text/plain")
        return _json(_identity(org, user_id))

    @routes.post("/revoke")
    def revoke() -> Response:
        sessions.close(request.values.get("token", ""))
        return Response(status=200)

    @routes.errorhandler(OauthRefusal)
    def refused(err: OauthRefusal) -> Response:
        return _json({"error": err.error, "error_description": err.description}, err.status)

    return routes


def _json(body: Any, status: int = 200) -> Response:
    headers = {"Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}
    return Response(json_text(body), status, headers, content_type="application/json;charset=UTF-8")


def _token_body(org: Org, token: str, user_id: str, app: ConnectedApp) -> dict[str, str]:
    issued_at = str(int(org.control.now().timestamp() * 1000))
    base = request.host_url.rstrip("/")
    identity = f"{base}/id/{ORG_ID}/{user_id}"
    digest = hmac.new(app.client_secret.encode(), f"{identity}{issued_at}".encode(), hashlib.sha256).digest()
    return {
        "access_token": token,
        "signature": base64.b64encode(digest).decode(),
        "scope": "api",
        "instance_url": base,
        "id": identity,
        "token_type": "Bearer",
        "issued_at": issued_at,
        "api_instance_url": base,
    }


def _identity(org: Org, user_id: str) -> dict[str, Any]:
    with org.database.reading() as db:
        name, username, email, zone = db.execute(
            'SELECT Name, Username, Email, TimeZoneSidKey FROM "User" WHERE Id = ?', (user_id,)
        ).fetchone()
    base = request.host_url.rstrip("/")
    return {
        "sub": f"{base}/id/{ORG_ID}/{user_id}",
        "user_id": user_id,
        "organization_id": ORG_ID,
        "preferred_username": username,
        "name": name,
        "email": email,
        "zoneinfo": zone,
        "active": True,
        "urls": {"rest": f"{base}/services/data/v{{version}}/", "query": f"{base}/services/data/v{{version}}/query/"},
    }


def _client_credentials(app: ConnectedApp) -> str:
    basic = request.authorization
    if basic is not None and basic.type == "basic":
        client_id, secret = basic.username or "", basic.password or ""
    else:
        client_id, secret = request.form.get("client_id", ""), request.form.get("client_secret", "")
    if not client_id or not hmac.compare_digest(client_id.encode(), app.client_id.encode()):
        raise OauthRefusal("invalid_client_id", "client identifier invalid")
    if not app.client_secret or not hmac.compare_digest(secret.encode(), app.client_secret.encode()):
        raise OauthRefusal("invalid_client", "invalid client credentials")
    return API_USER_ID


def _jwt_bearer(org: Org, app: ConnectedApp, assertion: str) -> str:
    claims = _verified_claims(app, assertion)
    if not _is_our_audience(str(claims.get("aud", ""))):
        raise OauthRefusal("invalid_grant", "audience is invalid")
    try:
        expires = float(claims.get("exp", 0))
    except (TypeError, ValueError) as err:
        raise OauthRefusal("invalid_grant", "invalid assertion") from err
    if expires <= time.time():
        raise OauthRefusal("invalid_grant", "expired authorization code")
    with org.database.reading() as db:
        user = db.execute('SELECT Id FROM "User" WHERE Username = ? AND IsActive', (str(claims.get("sub", "")),)).fetchone()
    if user is None:
        raise OauthRefusal("invalid_grant", "user hasn't approved this consumer")
    return str(user[0])


def _verified_claims(app: ConnectedApp, assertion: str) -> Mapping[str, Any]:
    try:
        head, body, signature = assertion.split(".")
        header, claims = json.loads(_decoded(head)), json.loads(_decoded(body))
        issuer, algorithm = str(claims["iss"]), header["alg"]
    except (ValueError, KeyError, TypeError, binascii.Error) as err:
        raise OauthRefusal("invalid_grant", "invalid assertion") from err
    if issuer != (app.consumer_key or app.client_id):
        raise OauthRefusal("invalid_client_id", "client identifier invalid")
    if app.public_key is None:
        raise OauthRefusal("app_not_found", "External client app is not installed in this org")
    if algorithm != "RS256":
        raise OauthRefusal("invalid_grant", "invalid assertion")
    try:
        app.public_key.verify(_decoded(signature), f"{head}.{body}".encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error) as err:
        raise OauthRefusal("invalid_grant", "invalid assertion") from err
    return dict(claims)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _is_our_audience(audience: str) -> bool:
    host = urlsplit(audience).hostname or ""
    return host.endswith(".salesforce.com") or audience.rstrip("/") == request.host_url.rstrip("/")
