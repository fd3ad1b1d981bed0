"""The key reference in mappings/README.md is what the tables of keys say, and its examples are right."""

import re
from pathlib import Path

import pytest

import mappings
from mappings.conditions import USUAL_FACTS, ConditionKind
from mappings.convert.registry import CONVERTERS
from mappings.document import packaged, parse
from mappings.keys_activities import FieldSpecs
from mappings.kinds import Bad
from mappings.problems import Findings
from mappings.reference import ROOTS, shapes_of, with_reference
from mappings.shapes import Key, Required

README = Path(mappings.__file__).parent / "README.md"
LISTS = {"icp.industries": ("machinery",), "own_domains": ("example.com",)}
EVERY_KEY = {f"{shape.name} {key.name}": key for root in ROOTS.values() for shape in shapes_of(root) for key in shape.keys}


def read_example(kind: object, example: str) -> tuple[object, Findings]:
    parsed = parse(example, file="example")
    (value,) = parsed.root.values()
    found = Findings(file="example", places=parsed.places, lists=LISTS)
    return kind.read(value, (), found), found  # type: ignore[attr-defined]  # every kind of value reads


def test_readme_says_what_the_tables_of_keys_say() -> None:
    text = README.read_text(encoding="utf-8")

    assert with_reference(text) == text, "write it anew: README.write_text(mappings.reference.with_reference(README.read_text()))"


def test_every_link_in_readme_leads_to_one_heading() -> None:
    text = README.read_text(encoding="utf-8")
    headings = [re.sub("[^a-z0-9]+", "-", title.lower()) for title in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)]

    links = set(re.findall(r"\]\(#([^)]+)\)", text))

    assert {link: headings.count(link) for link in links} == dict.fromkeys(links, 1)


def test_readme_names_every_key_and_converter() -> None:
    text = README.read_text(encoding="utf-8")

    assert [key.name for key in EVERY_KEY.values() if f"| `{key.name}` |" not in text] == []
    assert [name for name in CONVERTERS if f"| `{name}` |" not in text] == []


@pytest.mark.parametrize("name", [name for name, key in EVERY_KEY.items() if "…" not in key.example])
def test_the_example_of_a_key_is_taken_by_that_key(name: str) -> None:
    key: Key = EVERY_KEY[name]

    value, found = read_example(key.kind, key.example)

    assert key.example.startswith(f"{key.name}: ")
    assert not isinstance(value, Bad), found.all()


@pytest.mark.parametrize("name", list(CONVERTERS))
def test_the_example_of_a_converter_uses_it(name: str) -> None:
    value, found = read_example(FieldSpecs(), CONVERTERS[name].example)

    assert not isinstance(value, Bad), found.all()
    assert isinstance(value, tuple)
    assert name in {spec["convert"] for spec in value}


def test_every_default_is_taken_by_its_own_key() -> None:
    for name, key in EVERY_KEY.items():
        if key.default is not None and not isinstance(key.default, Required):
            found = Findings(file=name, places={})

            value = key.kind.read(key.default, (), found)

            assert not isinstance(value, Bad), (name, found.all())


def test_conditions_in_readme_are_right() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), flags=re.DOTALL)

    read = [read_example(ConditionKind(), block) for block in blocks]

    assert len(read) == 2
    assert [found.all() for _, found in read] == [(), ()]


def test_problems_shown_in_readme_are_worded_as_the_product_words_them() -> None:
    bad = (Path(__file__).parent / "bad" / "scoring__misspelt_keys.problems").read_text(encoding="utf-8")
    shown = re.findall(r"^scoring\.yaml:\d+:\d+: (.*)$", README.read_text(encoding="utf-8"), flags=re.MULTILINE)

    assert len(shown) == 2
    assert [line for line in shown if line not in bad] == []


def test_every_usual_fact_of_a_person_or_company_is_filled_by_a_packaged_mapping_or_named_as_a_place_to_fill() -> None:
    texts = packaged("fields", "hubspot") + packaged("fields", "salesforce")
    left_open = {"person.budget", "person.authority", "person.timing", "person.crm_stage", "person.created"}

    for fact in USUAL_FACTS:
        prefix, _, name = fact.partition(".")
        if prefix != "deal" and fact not in left_open:
            assert re.search(rf"^ +({re.escape(fact)}|{re.escape(name)}):", texts, flags=re.MULTILINE), fact
