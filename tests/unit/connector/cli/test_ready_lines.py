"""What `hotlead up` says once it is ready."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from connector.cli.frame import Frame
from connector.cli.serving import ReadyLines
from connector.serving.worker import ConnectionSaid, Said
from connector.settings import Settings

HUBSPOT = ConnectionSaid(name="hubspot", crm="hubspot", live="fields", receiving=False, changes="feed")


@pytest.mark.parametrize(("changes", "told"), [("push", "receives pushes"), ("feed", "follows its feed of changes"), ("polling", "polls")])
def test_how_a_connection_hears_of_changes_is_told_as_it_is(changes: str, told: str) -> None:
    out = io.StringIO()
    lines = ReadyLines(frame=Frame(out=Console(file=out, width=200)), settings=Settings())

    lines(Said(port=8686, pid=7, connections=(replace(HUBSPOT, changes=changes, receiving=changes == "push"),)))

    assert f"hubspot (hubspot): {told}, live: fields" in out.getvalue()
    assert ("Changes are polled" in out.getvalue()) is (changes == "polling")


def test_a_connection_that_fails_is_told_with_what_to_do() -> None:
    out = io.StringIO()
    lines = ReadyLines(frame=Frame(out=Console(file=out, width=200)), settings=Settings())

    lines(Said(port=8686, pid=7, connections=(HUBSPOT, replace(HUBSPOT, name="eu", trouble="The key [x] is gone. Put it back."))))

    assert "eu (hubspot): failing: The key [x] is gone. Put it back." in out.getvalue()
    assert "hubspot (hubspot): follows its feed of changes, live: fields" in out.getvalue()
