"""The README's commands for connecting an org and a portal, run as they stand, in their order, against sandbox CRMs."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.journeys import Desk, town

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
CONNECTING = README.split("## Connect your own org and portal")[1].split("\n## ")[0]
NOT_READY = 6


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with town(tmp_path, people=120) as made, made.fresh() as desk:
        yield desk


def _commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", CONNECTING, flags=re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line)[1:] for line in lines if line.startswith("hotlead ")]


def test_the_commands_for_connecting_lead_to_scores_in_both_crms(desk: Desk) -> None:
    commands = _commands()
    connected = False

    for words in commands:
        if words[0] == "check":
            for crm in ("salesforce", "hubspot"):
                assert desk.connect(crm).code == 0
            connected = True
            assert desk.hotlead(*words).code == NOT_READY, "before installing, something is missing"
            continue
        desk.ok(*[_somebody(desk, word) for word in words])

    assert connected
    assert [words[0] for words in commands].count("go-live") >= 2
    assert {name.split(" ")[0] for name in desk.writes()} == {"salesforce"}, "only Salesforce was taken live"
    assert desk.rows("SELECT count(DISTINCT id) > 20 FROM journal") == [(1,)]


def _somebody(desk: Desk, word: str) -> str:
    """The README's example people stand for people of the sandbox."""
    if "@example.com" not in word:
        return word
    return ",".join(desk.emails_in("salesforce", many=word.count("@example.com")))
