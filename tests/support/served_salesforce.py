"""A Salesforce sandbox served inside the test's own process, and the unchanged client over a socket to it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce

from adapters.kit.sandbox.clock import SandboxClock
from adapters.kit.sandbox.control import Control
from adapters.kit.sandbox.server import serving
from adapters.kit.sandbox.storage import SandboxDatabase
from adapters.kit.sandbox.world import World
from adapters.salesforce.sandbox.app import make_app
from adapters.salesforce.sandbox.oauth import ConnectedApp
from adapters.salesforce.sandbox.org import Org, OrgSettings
from adapters.salesforce.sandbox.seed import seed_org
from adapters.salesforce.sandbox.seed_setup import API_USERNAME

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


PRIVATE_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


APP = ConnectedApp(client_id="key-of-app", client_secret="secret-of-app", public_key=PRIVATE_KEY.public_key())


METADATA = 'xmlns="http://soap.sforce.com/2006/04/metadata"'


SCORE = "<fields><fullName>Score__c</fullName><label>Score</label><type>Number</type><precision>3</precision><scale>0</scale></fields>"


KEY = (
    "<fields><fullName>Key__c</fullName><label>Key</label><type>Text</type><length>80</length>"
    "<externalId>true</externalId><unique>true</unique></fields>"
)


class Redirect(HTTPAdapter):
    """Sends every https call to the sandbox, and remembers the last answer's headers."""

    def __init__(self, base: str) -> None:
        self._base = urlsplit(base)
        self.headers: Any = {}
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **more: Any) -> requests.Response:
        asked = urlsplit(str(request.url))
        request.url = urlunsplit((self._base.scheme, self._base.netloc, asked.path, asked.query, ""))
        answer = super().send(request, *args, **more)
        self.headers = answer.headers
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An org that is being served; `wire` is the adapter below its client."""

    url: str
    org: Org
    session: requests.Session
    wire: Redirect
    client: Any

    def log_in(self, **credentials: Any) -> Any:
        """A client logged in with these credentials."""
        return Salesforce(session=self.session, version="66.0", object_pairs_hook=dict, **credentials)

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """The answer of `/_sandbox/`."""
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        assert answer.ok, answer.text
        return answer.json()


def serve_org(*, people: int = 0, settings: OrgSettings | None = None) -> Iterator[Served]:
    """An org of its own, served as long as the generator is held; log-in done."""
    control = Control(clock=SandboxClock(start=NOW))
    org = Org(database=SandboxDatabase(), control=control, settings=settings or OrgSettings())
    seed_org(org, World(people=people, seed=1, now=NOW))
    with serving(make_app(org, APP), control=control) as url:
        session, wire = requests.Session(), Redirect(url)
        session.mount("https://", wire)
        login: dict[str, Any] = {"consumer_key": APP.client_id, "consumer_secret": APP.client_secret, "domain": "acme.my"}
        client = Salesforce(session=session, version="66.0", object_pairs_hook=dict, **login)
        yield Served(url=url, org=org, session=session, wire=wire, client=client)


def error_of(failure: Any) -> tuple[int, str]:
    """HTTP status and errorCode of a refusal that simple-salesforce raised."""
    return failure.value.status, failure.value.content[0]["errorCode"]


def new_lead(served: Served, **values: Any) -> str:
    """The id of a new lead named Abe of Oak, with these values besides."""
    return str(served.client.Lead.create({"LastName": "Abe", "Company": "Oak", **values})["id"])


def package_zip(*, fields: str, permissions: str = "", owner: str = "Lead", named: str = "") -> bytes:
    """A metadata package: custom fields of `owner`, and the permission set `Scores`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        manifest = named or "<types><members>*</members><name>CustomField</name></types>"
        archive.writestr("package.xml", f"<Package {METADATA}>{manifest}<version>66.0</version></Package>")
        if fields:
            archive.writestr(f"objects/{owner}.object", f"<CustomObject {METADATA}>{fields}</CustomObject>")
        if permissions:
            body = f"<PermissionSet {METADATA}><label>Scores</label>{permissions}</PermissionSet>"
            archive.writestr("permissionsets/Scores.permissionset", body)
    return out.getvalue()


def grant(path: str) -> str:
    """Reading and writing of one field, as a permission set's XML."""
    return f"<fieldPermissions><field>{path}</field><readable>true</readable><editable>true</editable></fieldPermissions>"


def deploy(served: Served, package: bytes, **options: Any) -> dict[str, Any]:
    """The finished result, after as many questions as it takes."""
    options = {"singlePackage": True, "testLevel": "NoTestRun", **options}
    base = f"{served.url}/services/data/v66.0/metadata/deployRequest"
    bearer = {"Authorization": f"Bearer {served.client.session_id}"}
    parts: Any = {
        "json": (None, json.dumps({"deployOptions": options}), "application/json"),
        "file": ("deploy.zip", package, "application/zip"),
    }
    started = requests.post(base, files=parts, headers=bearer, timeout=10)
    assert started.status_code == 201, started.text
    for _ in range(5):
        asked = requests.get(f"{base}/{started.json()['id']}?includeDetails=true", headers=bearer, timeout=10).json()
        if asked["deployResult"]["done"]:
            return dict(asked["deployResult"])
    raise AssertionError("the deploy never ended")


def install_key(served: Served) -> None:
    """Makes `Key__c`, a unique external id of tasks, and grants it to the API user."""
    done = deploy(served, package_zip(fields=KEY, owner="Activity", permissions=grant("Task.Key__c")))
    assert done["success"], done["details"]["componentFailures"]
    assign(served, "Scores")


def assign(served: Served, name: str) -> None:
    """Assigns a permission set to the API user."""
    (found,) = served.client.query(f"SELECT Id FROM PermissionSet WHERE Name = '{name}'")["records"]
    (user,) = served.client.query(f"SELECT Id FROM User WHERE Username = '{API_USERNAME}'")["records"]
    served.client.PermissionSetAssignment.create({"PermissionSetId": found["Id"], "AssigneeId": user["Id"]})


def pem(key: rsa.RSAPrivateKey) -> str:
    """The private key as PEM text."""
    encoding, shape = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, shape, serialization.NoEncryption()).decode()
