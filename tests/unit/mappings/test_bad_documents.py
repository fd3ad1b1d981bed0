"""Each file in `bad/` gives exactly the problems listed beside it, all at once.

The first word of a file's name says what it is checked as. The list holds one problem
a line: its text as people see it, its code, its path.
"""

from pathlib import Path

import pytest

from mappings.problems import Problem
from mappings.validate import check_fields, check_lifecycle, check_scoring

BAD = Path(__file__).parent / "bad"


def problems_of(path: Path) -> tuple[Problem, ...]:
    text, file = path.read_text(encoding="utf-8"), path.name
    kind = path.name.partition("__")[0]
    if kind == "fields":
        return check_fields(text, file=file)
    return check_lifecycle(text, file=file) if kind == "lifecycle" else check_scoring(text, file=file)


def listed(problems: tuple[Problem, ...]) -> list[str]:
    return [f"{problem} [{problem.code}] [{problem.path}]" for problem in problems]


@pytest.mark.parametrize("path", sorted(BAD.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_bad_document_gives_exactly_its_listed_problems(path: Path) -> None:
    expected = path.with_suffix(".problems").read_text(encoding="utf-8").splitlines()

    assert listed(problems_of(path)) == expected


def test_every_list_of_problems_has_its_document() -> None:
    assert {path.stem for path in BAD.glob("*.problems")} == {path.stem for path in BAD.glob("*.yaml")}
