"""What every kind of CRM pushes, from its sandbox over a socket: verified, kept, split into hints, and re-read."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
import requests

from adapters.finder import crm_kinds
from connector.ports.crm import Crm
from connector.ports.hooks import Hint, HintKind, HookFault, HookKeys, HookRefused, HookRequest, Hooks
from tests.contract.conftest import Bench
from tests.support.push_receiver import Received, Receiver, receiving

_numbers = count(1)


@pytest.fixture
def hooks(bench: Bench) -> Hooks:
    return crm_kinds()[bench.case.crm].hooks


@pytest.fixture
def listener(bench: Bench, hooks: Hooks) -> Iterator[Receiver]:
    """A receiver that answers as the product does; the CRM pushes every save of a contact to it."""
    answer = hooks.answer()
    with receiving() as receiver:
        receiver.status, receiver.body = answer.status, answer.body
        bench.sandbox.order("pushes", {"target": f"{receiver.url}/hooks/it", **bench.case.subscription})
        yield receiver
        requests.delete(f"{bench.sandbox.url}/_sandbox/pushes", timeout=10).raise_for_status()


def _flush(bench: Bench) -> dict[str, Any]:
    return dict(bench.sandbox.order("pushes/flush", {}))


def _contact(bench: Bench) -> str:
    return bench.sandbox.create(bench.case.contact, bench.case.new_contact(f"Pushed{next(_numbers)}x{datetime.now(UTC):%H%M%S%f}"))


def _request(listener: Receiver, one: Received) -> HookRequest:
    return HookRequest(method="POST", uri=listener.url + one.path, headers=one.headers, body=one.body, arrived_at=datetime.now(UTC))


def _keys(bench: Bench, crm: Crm) -> HookKeys:
    return HookKeys(secret=bench.case.hook_secret, accounts=(crm.identity().account,))


def _hints(hooks: Hooks, *received: Received) -> list[Hint]:
    """What the kept bodies hint at; an event that cannot be read fails the test."""
    told = [one for request in received for one in hooks.split(hooks.kept(request.body))]
    assert all(isinstance(one, Hint) for one in told), told
    return [one for one in told if isinstance(one, Hint)]


def test_a_save_is_pushed_verified_and_re_read(bench: Bench, crm: Crm, hooks: Hooks, listener: Receiver) -> None:
    contact = _contact(bench)
    bench.sandbox.edit(bench.case.contact, contact, {bench.case.text_field: "Pushed"})

    listed = _flush(bench)
    for one in listener.received:
        hooks.verify(_request(listener, one), keys=_keys(bench, crm))
    hints = [hint for hint in _hints(hooks, *listener.received) if hint.record == contact]
    (row,) = crm.reread(source=hints[0].source, ids=[contact], fields=[bench.case.text_field])

    assert {(hint.source, hint.kind) for hint in hints} == {(bench.case.contact, HintKind.CHANGED)}
    assert (row.key.id, row.fields[bench.case.text_field]) == (contact, "Pushed")
    assert listed["waiting"] == 0
    assert all(subscriber["failed"] == 0 for subscriber in listed["subscribers"])


def test_a_retried_push_holds_the_same_events(bench: Bench, hooks: Hooks, listener: Receiver) -> None:
    listener.statuses = [500]
    contact = _contact(bench)

    _flush(bench)
    bench.sandbox.advance(24 * 3600)
    _flush(bench)

    first, *rest = [[hint.event for hint in _hints(hooks, one) if hint.record == contact] for one in listener.received]
    assert first
    assert first in rest


def test_a_push_of_another_account_or_with_another_secret_is_refused(bench: Bench, crm: Crm, hooks: Hooks, listener: Receiver) -> None:
    _contact(bench)
    _flush(bench)
    request, keys = _request(listener, listener.received[0]), _keys(bench, crm)

    with pytest.raises(HookRefused) as foreign:
        hooks.verify(request, keys=replace(keys, accounts=("00D000000000099AAA", "1")))
    assert (foreign.value.fault, foreign.value.status) == (HookFault.WRONG_ACCOUNT, 403)

    if not hooks.has_secret_path:
        with pytest.raises(HookRefused) as forged:
            hooks.verify(request, keys=replace(keys, secret="another"))
        assert (forged.value.fault, forged.value.status) == (HookFault.FORGED, 401)
        with pytest.raises(HookRefused) as stale:
            hooks.verify(replace(request, arrived_at=datetime.now(UTC) + timedelta(minutes=6)), keys=keys)
        assert (stale.value.fault, stale.value.status) == (HookFault.STALE, 401)


def test_what_is_kept_of_a_push_holds_no_session(bench: Bench, hooks: Hooks, listener: Receiver) -> None:
    _contact(bench)
    _flush(bench)

    kept = [hooks.kept(one.body) for one in listener.received]

    assert kept
    assert not any(b"session" in body.lower() for body in kept)
