"""One look into a refused token serves every thread that was refused with it."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from adapters.hubspot.auth import TokenKeeper
from adapters.kit.redaction import Secret
from connector.ports.errors import CrmAuth
from tests.support.clocks import StillClock


def test_eight_threads_refused_with_one_token_ask_once_and_get_the_same_new_one() -> None:
    asked: list[str] = []
    start = Barrier(8)

    def renew(token: Secret) -> Secret:
        asked.append(token.reveal())
        return Secret("fresh")

    keeper = TokenKeeper(token=Secret("stale"), renew=renew, clock=StillClock())
    used = keeper.current()

    def refused() -> str:
        start.wait()
        return keeper.after_refusal(used).token.reveal()

    with ThreadPoolExecutor(8) as pool:
        tokens = [waiting.result() for waiting in [pool.submit(refused) for _ in range(8)]]

    assert tokens == ["fresh"] * 8
    assert asked == ["stale"]
    assert keeper.current().token.reveal() == "fresh"


def test_a_refused_token_is_believed_refused_for_half_a_minute() -> None:
    asked: list[str] = []
    clock = StillClock()

    def renew(token: Secret) -> Secret:
        asked.append(token.reveal())
        raise CrmAuth("revoked", connection="eu")

    keeper = TokenKeeper(token=Secret("stale"), renew=renew, clock=clock)
    for pause_s in (0, 29, 2):
        clock.advance(pause_s)
        with pytest.raises(CrmAuth, match="revoked"):
            keeper.after_refusal(keeper.current())

    assert asked == ["stale", "stale"]
