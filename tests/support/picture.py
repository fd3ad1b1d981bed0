"""Draws docs/demo.svg, the picture in the README, from a real run of the demo: `python -m tests.support.picture`."""

import re
from html import unescape
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from typer import Context, main

from connector.cli import app
from connector.cli.demo import demo
from connector.cli.frame import Frame

PICTURE = Path(__file__).parents[2] / "docs" / "demo.svg"
WIDTH = 118
FIRST_LINE = "Who is worth calling now, and why"


class FromTheResultOn(Console):
    """Records from the hot list on; what comes before is how it got there."""

    def print(self, *objects: Any, **options: Any) -> None:
        self.record = self.record or any(FIRST_LINE in str(o) for o in objects)
        super().print(*objects, **options)


def draw() -> None:
    out = FromTheResultOn(width=WIDTH, highlight=False, force_terminal=True, legacy_windows=False)
    command = main.get_command(app)
    context = Context(command)
    context.obj = Frame(out=out)
    demo(context, people=5_000, top=8, leave=True)
    svg = out.export_svg(title="make demo")
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text(_with_wide_letters(_without_remote_fonts(svg)), encoding="utf-8")


def _without_remote_fonts(svg: str) -> str:
    """The picture with the reader's own fonts: nothing is fetched when it is looked at."""
    return re.sub(r"@font-face\s*\{.*?\}|<!--.*?-->", "", svg, flags=re.DOTALL)


def _with_wide_letters(svg: str) -> str:
    """Japanese letters as wide as they are: two cells each, where the export reckons one and squeezes them."""
    return re.sub(r'textLength="([\d.]+)"([^>]*>)([^<]*)', _widened, svg)


def _widened(found: re.Match[str]) -> str:
    text = unescape(found[3])
    width = float(found[1]) * cell_len(text) / max(len(text), 1)
    return f'textLength="{width:g}"{found[2]}{found[3]}'


if __name__ == "__main__":
    draw()
