"""The documents an admin edits: their kinds, the packaged defaults, and reading one from text.

Station: between the data directory or the store (which keep texts) and `validate` and `compile`.
"""

import re
from functools import lru_cache
from importlib.resources import files

from connector.ports.errors import UsageError
from mappings.problems import ProblemsError, nearest
from mappings.yamltext import Parsed, read_yaml

KINDS = ("fields", "scoring", "lifecycle")
"""Kinds of document: field mapping (one a connection), scoring model, stage ladder."""
_MARKS = {"fields": ("crm", "sources"), "scoring": ("model", "fit"), "lifecycle": ("ladder", "stages")}
"""Keys that only a document of the kind has together."""


def names(kind: str) -> tuple[str, ...]:
    """Names of the packaged defaults of a kind, in alphabetical order. Raises UsageError for an unknown kind."""
    folder = files("mappings") / _known_kind(kind)
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


def packaged(kind: str, name: str) -> str:
    """The text of a packaged default. Raises UsageError where there is none of that name."""
    known = names(kind)
    if name not in known:
        hint = nearest(name, known) or f"There are: {', '.join(known)}."
        raise UsageError(f"no packaged {kind} document is called '{name}'.", hint=hint)
    return (files("mappings") / kind / f"{name}.yaml").read_text(encoding="utf-8")


def first_mapping(crm: str, *, currency: str | None) -> str:
    """The packaged field mapping of a CRM with the CRM's own currency put in, where it is known and another than the base.

    Comments stay as they are. Raises UsageError for a CRM without a packaged mapping.
    """
    text = packaged("fields", crm)
    base = re.search(r"^  base: (\w+)$", text, flags=re.MULTILINE)
    if currency is None or base is None or currency == base[1]:
        return text
    return re.sub(r"^  # own: \w+ +# ", f"  own: {currency}                     # ", text, count=1, flags=re.MULTILINE)


@lru_cache(maxsize=16)
def parse(text: str, *, file: str) -> Parsed:
    """The document as plain values with line and column kept. Raises ProblemsError on what is not YAML, or not of the small YAML taken.

    Kept, because a text is checked, compared and compiled one after the other, and YAML is slow to read; so the values are read only.
    """
    return read_yaml(text, file=file)


def sources_named(text: str) -> tuple[str, ...]:
    """The sources that a field mapping names, whatever else is wrong with it; none where it is no YAML."""
    try:
        sources = parse(text, file="").root.get("sources")
    except ProblemsError:
        return ()
    return tuple(sources) if isinstance(sources, dict) else ()


def kind_by_keys(text: str) -> str:
    """The kind that a document is of by its first keys, whatever else is wrong with it; empty where they do not tell."""
    try:
        root = parse(text, file="").root
    except ProblemsError:
        return ""
    return next((kind for kind, marks in _MARKS.items() if all(mark in root for mark in marks)), "")


def _known_kind(kind: str) -> str:
    if kind not in KINDS:
        raise UsageError(f"'{kind}' is no kind of document.", hint=nearest(kind, KINDS) or f"Kinds: {', '.join(KINDS)}.")
    return kind
