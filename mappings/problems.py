"""What is wrong with a document: every problem at once, each with its place and what to do about it.

Station: filled while a document is read (`shapes`, `validate`, `compile`); shown by the CLI and the admin pages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from connector.ports.errors import DocumentError

Path = tuple[str | int, ...]
"""Where in a document: keys and list positions from the top."""

Severity = Literal["error", "warning"]

Place = tuple[int, int]
"""Line and column, both from 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing to mend in a document. An `error` keeps it from being used, a `warning` does not."""

    path: str
    """Such as `sources.contacts.fields.email`; empty for the document as a whole."""
    file: str
    line: int
    column: int
    code: str
    message: str
    hint: str = ""
    severity: Severity = "error"

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        hint = f" {self.hint}" if self.hint else ""
        return f"{where}: {self.severity}: {self.message}{hint}"


class ProblemsError(DocumentError):
    """A document cannot be used; `problems` says why, in the order of its lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        super().__init__("\n".join(str(problem) for problem in self.problems), hint=f"Mend {count} problem{'s' if count != 1 else ''}.")


class Findings:
    """Collects the problems of one document while it is read."""

    def __init__(self, *, file: str, places: Mapping[Path, Place], lists: Mapping[str, tuple[object, ...]] | None = None) -> None:
        self.file = file
        self.lists = lists or {}
        """What `$name` stands for, by dotted name."""
        self._places = places
        self._problems: list[Problem] = []

    @classmethod
    def of(cls, problems: Iterable[Problem], *, file: str) -> "Findings":
        """Findings that hold these problems already."""
        found = cls(file=file, places={})
        found._problems.extend(problems)
        return found

    def error(self, path: Path, code: str, message: str, *, hint: str = "") -> None:
        self._add(path, code, message, hint, "error")

    def warn(self, path: Path, code: str, message: str, *, hint: str = "") -> None:
        self._add(path, code, message, hint, "warning")

    def all(self) -> tuple[Problem, ...]:
        """Errors and warnings in the order of their lines, each once."""
        return tuple(sorted(dict.fromkeys(self._problems), key=lambda p: (p.line, p.column, p.path, p.code)))

    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.all() if problem.severity == "error")

    def raise_errors(self) -> None:
        """Raises ProblemsError when there is an error."""
        if errors := self.errors():
            raise ProblemsError(errors)

    def error_at(self, place: Place, code: str, message: str, *, hint: str = "") -> None:
        """Reports an error of the text itself, which has no path."""
        self._put((), place, code, message, hint, "error")

    def _add(self, path: Path, code: str, message: str, hint: str, severity: Severity) -> None:
        near, place = self._place(path)
        self._put(near, place, code, message, hint, severity)

    def _put(self, path: Path, place: Place, code: str, message: str, hint: str, severity: Severity) -> None:
        line, column = place
        self._problems.append(
            Problem(path=shown(path), file=self.file, line=line, column=column, code=code, message=message, hint=hint, severity=severity)
        )

    def _place(self, path: Path) -> tuple[Path, Place]:
        """The nearest part of the path that the document really has, and where it stands."""
        near = path
        while near:
            if near in self._places:
                return near, self._places[near]
            near = near[:-1]
        return path, self._places.get((), (1, 1))


def shown(path: Path) -> str:
    """A path for people: keys joined by dots, list positions from 0 in brackets."""
    text = ""
    for part in path:
        if part == "":
            continue
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(word: str, known: Iterable[str]) -> str:
    """`Did you mean 'x'?` for the known word nearest to this one, or the empty text where none is near."""
    near = nearest_word(word, known)
    return f"Did you mean '{near}'?" if near else ""


def nearest_word(word: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """The known word nearest to this one, without regard to case, or the empty text where none is near."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else ""
