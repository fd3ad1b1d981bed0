"""YAML text → plain values with the line and column of each.

Station: the first step of reading a document. A small YAML is taken: no anchors, aliases, tags, merge keys or second document, no
key twice, all keys text. Scalars are those of YAML 1.2 (`yes` is a word, `true` is not).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionStartEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mappings.problems import Findings, Path, Place

Plain = str | int | Decimal | bool | date | datetime | None | list["Plain"] | dict[str, "Plain"]

_INT, _FLOAT, _BOOL, _NULL, _TIME = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "bool", "null", "timestamp"))

_MAY_REFER = re.compile(r"(?:^|[\s\[\]{},:?\ufeff])(?:[&*]\S|!)", re.MULTILINE)
"""Found wherever an anchor, an alias or a tag begins, and here and there in comments and texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A document as plain values. `places` holds where each value stands, and under `(*path, "")` where its key stands."""

    file: str
    root: dict[str, Plain]
    places: Mapping[Path, Place]


def read_yaml(text: str, *, file: str) -> Parsed:
    """The document's values and places. Raises ProblemsError naming every construct that is not taken, or the first break in syntax."""
    places: dict[Path, Place] = {}
    found = Findings(file=file, places=places)
    try:
        if _MAY_REFER.search(text):
            _refuse_references(text, found)
        found.raise_errors()
        node = YAML(typ="rt", pure=True).compose(text)
    except YAMLError as err:
        _report_syntax(err, found)
        node = None
    found.raise_errors()
    if not isinstance(node, MappingNode):
        found.error_at((1, 1), "not_a_document", "the document is not a table of keys.", hint="Begin with `key: value` lines.")
    root = _plain(node, (), found, places) if isinstance(node, MappingNode) else {}
    found.raise_errors()
    return Parsed(file=file, root=root if isinstance(root, dict) else {}, places=places)


def _refuse_references(text: str, found: Findings) -> None:
    for event in YAML(typ="rt", pure=True).parse(text):
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, AliasEvent) or (isinstance(event, (ScalarEvent, CollectionStartEvent)) and event.anchor):
            found.error_at(place, "anchor", "anchors (&) and aliases (*) are not taken.", hint='Write the value out, or quote it: "*…".')
        elif isinstance(event, (ScalarEvent, CollectionStartEvent)) and event.ctag is not None:
            found.error_at(place, "tag", "tags (!) are not taken.", hint='Leave the tag out, or quote the text: "!…".')


def _report_syntax(err: YAMLError, found: Findings) -> None:
    mark = (err.problem_mark or err.context_mark) if isinstance(err, MarkedYAMLError) else None
    place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    what = (err.problem if isinstance(err, MarkedYAMLError) else None) or str(err).splitlines()[0]
    hint = "Look at the indentation, quotes and colons on this line and the one before."
    found.error_at(place, "syntax", f"this is not YAML: {what}.", hint=hint)


def _plain(node: Node, path: Path, found: Findings, places: dict[Path, Place]) -> Plain:
    places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if isinstance(node, ScalarNode):
        return _scalar(node, path, found)
    if isinstance(node, SequenceNode):
        return [_plain(child, (*path, index), found, places) for index, child in enumerate(node.value)]
    result: dict[str, Plain] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, ScalarNode) else ""
        places[(*path, key, "")] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if not key:
            found.error((*path, key, ""), "key", "a key here is not plain text.")
        elif key in result:
            found.error((*path, key, ""), "twice", f"'{key}' stands here twice.", hint="Keep one of the two.")
        else:
            result[key] = _plain(value_node, (*path, key), found, places)
    return result


def _scalar(node: ScalarNode, path: Path, found: Findings) -> Plain:
    text, tag = node.value, str(node.tag)
    try:
        if tag == _INT:
            return int(text.replace("_", ""), 0)
        if tag == _FLOAT:
            return Decimal(text.replace("_", ""))
        if tag == _TIME:
            return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text)
    except (ValueError, ArithmeticError):
        found.error(path, "scalar", f"'{text}' looks like a number or a time and is none.", hint="Put it in quotes if it is text.")
        return None
    if tag == _BOOL:
        return bool(text.lower() == "true")
    return None if tag == _NULL else str(text)
