"""Tables on a narrow terminal: nothing is wider than the screen, what belongs together stands together."""

from datetime import UTC, datetime
from io import StringIO

from rich.console import Console, RenderableType

from connector.cli.tables import FINDINGS_TOLD, findings_list, hot_list
from connector.ports.crm import Finding, Severity
from connector.ports.people import PersonLine, ScoreRow

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def _printed(table: RenderableType, *, width: int = 80) -> list[str]:
    screen = StringIO()
    Console(file=screen, width=width, highlight=False).print(table)
    return [line.rstrip() for line in screen.getvalue().splitlines()]


def _line(name: str, *, email: str, company: str) -> PersonLine:
    score = ScoreRow(
        person=1, model="m", model_version=1, as_of=NOW, fit=80, engagement=20, total=100, rank=100, grade="A2", temperature="hot",
        excluded="", lines="[]", fired="{}",
    )  # fmt: skip
    return PersonLine(person=1, name=name, email=email, company=company, score=score, stage="mql")


def test_lines_of_one_person_stand_under_the_name_at_80_columns() -> None:
    person = _line("加藤 康平", email="kohei.kato@a-rather-long-name-of-a-domain.example.co.jp", company="高井システムズ株式会社")

    lines = _printed(hot_list([person], why={1: "Decision maker +25; " * 6}))

    assert lines[0] == "1  hot  A2 100  加藤 康平  高井システムズ株式会社"
    assert lines[1] == " " * 16 + "kohei.kato@a-rather-long-name-of-a-domain.example.co.jp  mql"
    assert all(line.startswith(" " * 16) for line in lines[1:]) and max(map(len, lines)) <= 80


def test_findings_that_one_deed_mends_are_told_together() -> None:
    many = [_finding(f"Field {n} is missing.", hint="Run `hotlead install`.") for n in range(FINDINGS_TOLD + 30)]

    lines = _printed(findings_list([*many, _finding("The clock is right.")]))

    assert [line.strip().removeprefix("error").strip() for line in lines] == [
        "Field 0 is missing.", "Field 1 is missing.", "Field 2 is missing.", "… and 30 more like these; --json has each.",
        "→ Run `hotlead install`. (admin of the CRM)", "The clock is right.",
    ]  # fmt: skip


def test_findings_without_a_remedy_stay_apart() -> None:
    lines = _printed(findings_list([_finding("One."), _finding("Two.")]))

    assert [line.split() for line in lines] == [["error", "One."], ["error", "Two."]]


def _finding(message: str, *, hint: str = "") -> Finding:
    return Finding(severity=Severity.ERROR, code="x", message=message, hint=hint, mended_by="admin of the CRM" if hint else "")
