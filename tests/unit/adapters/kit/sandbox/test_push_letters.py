"""Subscriptions are read whole or refused: where a sandbox may send to, and what may go wrong on purpose."""

from __future__ import annotations

import pytest

from adapters.kit.sandbox.push_letters import Mischief, base_of, read_mischief, read_target


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"target": "leads.example.com/hooks"},
        {"target": "ftp://127.0.0.1/hooks"},
        {"target": "https://leads.example.com/hooks"},
        {"target": "https://127.0.0.1:8443/hooks"},
        {"target": "http://10.0.0.7/hooks"},
        {"target": "https://leads.example.com/hooks", "via": "http://192.168.0.4:80"},
        {"target": "http://127.0.0.1:80/", "stamps": "their own"},
        {"target": "http://127.0.0.1:80/", "mischief": {"lose_every": 3}},
        {"target": "http://127.0.0.1:80/", "mischief": [1]},
        {"target": "http://127.0.0.1:80/", "mischief": {"copies": [4, 1]}},
        {"target": "http://127.0.0.1:80/", "mischief": {"copies": "many"}},
    ],
)
def test_a_target_off_this_machine_or_without_sense_is_refused(written: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"target|sandbox|stamps|mischief"):
        read_target(written, wants=None, timeout_s=5, max_concurrent=10)


def test_a_public_target_is_reached_through_what_stands_for_it() -> None:
    written = {"target": "https://leads.example.com:444/hooks?a=1", "via": "http://localhost:8080", "timeout_s": 1}

    target = read_target(written, wants="x", timeout_s=5, max_concurrent=10)

    assert (target.url, target.via, target.timeout_s, target.max_concurrent) == (written["target"], written["via"], 1.0, 10)
    assert base_of(target.url) == "https://leads.example.com:444"


def test_a_deployed_target_waits_for_its_proxy_and_one_on_this_machine_does_not() -> None:
    public, local = "https://leads.example.com/hooks", "http://127.0.0.1:8080/hooks"

    vias = [read_target({"target": url}, wants=None, timeout_s=5, max_concurrent=1, is_reached_later=True).via for url in (public, local)]

    assert vias == ["", local]


def test_no_mischief_is_none() -> None:
    assert read_mischief({}) == Mischief(duplicate_every=0, copies=(1, 1), drop_every=0, shuffle=False, delay_s=0.0, seed=0)
