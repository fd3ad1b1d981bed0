"""How a connection logs in to Salesforce: by a key, once for all threads, and without a trace of its secrets."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from traceback import format_exception

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from adapters.salesforce.adapter import KIND, SalesforceCrm
from connector.ports.crm import Ask
from connector.ports.errors import CrmAuth, CrmError
from tests.support.connected_org import org_of
from tests.support.sandboxes import Sandbox


def _key_pair(folder: Path, name: str) -> tuple[str, Path]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = folder / f"{name}.pem"
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), public


def test_jwt_bearer_logs_in_as_the_named_user_and_a_strange_key_is_refused(tmp_path: Path) -> None:
    private, public = _key_pair(tmp_path, "ours")
    strange, _ = _key_pair(tmp_path, "strange")
    with org_of(people=0, options=("--public-key", str(public), "--consumer-key", "jwt-app")) as sandbox:
        settings = {"domain": "acme.my", "client_id": "jwt-app", "username": sandbox.credentials["username"], "base_url": sandbox.url}

        identity = KIND.open(connection="sf", settings={**settings, "private_key": private}).identity()
        with pytest.raises(CrmAuth) as refusal:
            KIND.open(connection="sf", settings={**settings, "private_key": strange}).identity()

    assert identity.user == sandbox.credentials["username"]
    assert refusal.value.code == "invalid_grant"
    assert refusal.value.hint
    assert strange.splitlines()[3] not in str(refusal.value) + repr(refusal.value.__dict__)


def test_eight_threads_that_begin_at_once_log_in_once(crm: SalesforceCrm) -> None:
    start = Barrier(8)

    def first_call(_number: int) -> int:
        start.wait()
        return len(crm.users())

    with ThreadPoolExecutor(8) as pool:
        counts = list(pool.map(first_call, range(8)))

    assert len(set(counts)) == 1
    assert crm.usage().calls["auth"] == 1


def test_no_trace_of_an_error_shows_the_token_or_the_secret(crm: SalesforceCrm, org: Sandbox) -> None:
    token = crm._client.token().access.reveal()
    traces = []
    for fault in ({"fault": "status", "status": 503}, {"fault": "reset_before"}, {"fault": "cut_body"}, {"fault": "html"}):
        org.fault("*/queryAll", **fault)
        with pytest.raises(CrmError) as failure:
            list(crm.read(Ask(source="Lead", fields=("Email",))))
        traces += format_exception(failure.value)
        org.heal()

    shown = "".join(traces)
    assert "CrmError" in shown or "CrmUnreachable" in shown
    assert token not in shown
    assert org.credentials["client_secret"] not in shown
