"""The key reference of the documents, as Markdown, from the same tables by which documents are checked.

Station: read by README.md's test and by help pages; it says what `keys_scoring`, `keys_lifecycle`, `keys_fields` and the converters say.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import partial

from mappings.conditions import USUAL_FACTS, USUAL_KINDS
from mappings.convert.registry import CONVERTERS
from mappings.keys_fields import FIELDS
from mappings.keys_lifecycle import LIFECYCLE
from mappings.keys_scoring import SCORING
from mappings.shapes import LABEL, REQUIRED, Key, Shape, shapes_in

ROOTS = {"fields": FIELDS, "scoring": SCORING, "lifecycle": LIFECYCLE}


def key_reference(kind: str) -> str:
    """One section for each table of keys of a kind of document, the document's own first."""
    return "\n".join(_section(shape) for shape in shapes_of(ROOTS[kind]) if shape is not LABEL)


def facts_reference() -> str:
    """Which facts the packaged field mappings fill, and which kinds of activity they name."""
    facts = ", ".join(f"`{fact}`" for fact in USUAL_FACTS)
    kinds = ", ".join(f"`{kind}`" for kind in USUAL_KINDS)
    return (
        f"Facts that the packaged mappings fill or leave a place for: {facts}.\n\nKinds of activity: {kinds}. A mapping may name others.\n"
    )


def label_reference() -> str:
    """The section about texts by language, which all documents share."""
    return _section(LABEL)


def converter_reference() -> str:
    """A table of the converters of field mappings."""
    rows = [
        f"| `{name}` | {_cell(converter.doc)} | {'both ways' if converter.written else 'reading'} | `{_cell(converter.example)}` |"
        for name, converter in sorted(CONVERTERS.items())
    ]
    return "\n".join(["| converter | gives | works | example |", "|---|---|---|---|", *rows]) + "\n"


def shapes_of(root: Shape) -> tuple[Shape, ...]:
    """Every table of keys that can stand in a document, the outer before the inner, each once."""
    found: dict[str, Shape] = {}
    waiting = [root]
    while waiting:
        shape = waiting.pop(0)
        if shape.name not in found:
            found[shape.name] = shape
            waiting += [inner for key in shape.keys for inner in shapes_in(key.kind)]
    return tuple(found.values())


def _section(shape: Shape) -> str:
    rows = [_row(key) for key in shape.keys]
    return "\n".join(
        [f"### {shape.name}", "", shape.doc, "", "| key | holds | default | what | example |", "|---|---|---|---|---|", *rows, ""]
    )


def _row(key: Key) -> str:
    return f"| `{key.name}` | {_cell(key.kind.says)} | {_default(key)} | {_cell(key.doc)} | `{_cell(key.example)}` |"


def _default(key: Key) -> str:
    if key.default is REQUIRED:
        return "**required**"
    if key.default is None:
        return "none"
    if key.default == {}:
        return "its own defaults" if isinstance(key.kind, Shape) else "empty"
    return "empty" if key.default == [] else f"`{_yaml(key.default)}`"


def _yaml(value: object) -> str:
    if isinstance(value, (dict, list, bool)):
        return json.dumps(value, ensure_ascii=False, default=str).replace('"', "")
    return str(value)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


SECTIONS: Mapping[str, Callable[[], str]] = {
    "facts": facts_reference,
    **{kind: partial(key_reference, kind) for kind in ROOTS},
    "converters": converter_reference,
    "label": label_reference,
}


def with_reference(text: str) -> str:
    """The text with what stands between `<!-- generated: NAME -->` and `<!-- end -->` made anew."""
    return re.sub(
        r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)",
        lambda match: f"{match[1]}{SECTIONS[match[2]]()}{match[3]}",
        text,
        flags=re.DOTALL,
    )
