"""What the README says is so: its commands exist with their options, its settings are the settings, its exit codes are the exit codes."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from connector.cli import app
from connector.cli.frame import EXIT_CODES
from connector.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _commands(text: str) -> list[str]:
    """Every `hotlead …` command in code blocks and in-line code, without comments."""
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`(hotlead [^`]+)`", text)
    return [c.split(">")[0].strip() for c in [*lines, *inline] if c.startswith("hotlead ")]


def _commands_there_are() -> Mapping[str, Any]:
    group: Any = typer.main.get_command(app)
    commands: Mapping[str, Any] = group.commands
    return commands


@pytest.mark.parametrize("command", sorted(set(_commands(README))))
def test_every_command_of_the_readme_is_understood(command: str) -> None:
    words = shlex.split(command.replace("…", "x").replace(" N", " 1"))[1:]
    if words[0] == "COMMAND":
        return
    known = _commands_there_are()

    assert words[0] in known, f"`{command}`: no such command"
    named = known[words[0]]
    for word in words[1:2]:
        # A group, such as `hotlead site`, has commands of its own.
        if commands := getattr(named, "commands", None):
            assert word in commands, f"`{command}`: no such command"
            named = commands[word]
    options = {name for parameter in named.params for name in parameter.opts} | {"--help"}
    assert {w for w in words[1:] if w.startswith("--")} <= options, f"`{command}`: no such option"


def test_the_readme_has_commands_to_check() -> None:
    assert len(_commands(README)) > 15


def test_every_command_has_a_help_line() -> None:
    assert [name for name, command in _commands_there_are().items() if not command.help] == []


def test_the_settings_table_is_the_settings() -> None:
    table = README.split("<!-- settings: held true by tests/docs -->")[1].split("<!-- /settings -->")[0]

    assert table.strip() == settings_table().strip()


def settings_table() -> str:
    """The table as it should stand in the README."""
    rows = ["| setting | default | what it is |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = str(field.get_default())
        shown = f"`{default}`" if default and "*" not in default else ""
        rows.append(f"| `{name}` | {shown} | {field.description} |")
    return "\n".join(rows)


def test_the_readme_names_every_exit_code() -> None:
    said = README.split("Exit codes:")[1].split("\n\n")[0]

    assert all(re.search(rf"\b{code} ", said) for code in EXIT_CODES if code != 1)


def test_the_two_commands_stand_in_the_readme() -> None:
    assert "make demo" in README and "make test" in README


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *ROOT.glob("bench/*.md"), *ROOT.glob("adapters/**/*.md"), *ROOT.glob("mappings/*.md")]
)
def test_links_between_our_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_no_page_or_program_names_a_place_of_the_machine_it_was_made_on() -> None:
    told = re.compile(r"/(?:work|farm|root)/|\.\./shared")
    pages = [p for folder in ("connector", "adapters", "mappings", "jobs", "bench") for p in (ROOT / folder).rglob("*") if p.is_file()]
    texts = {p: p.read_text(encoding="utf-8", errors="ignore") for p in [*pages, *ROOT.glob("*.md")] if "__pycache__" not in p.parts}

    assert [str(p) for p, text in texts.items() if told.search(text)] == []
