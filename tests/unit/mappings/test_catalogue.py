"""A field mapping against the fields that a CRM really has."""

from connector.ports.crm import Catalog, CatalogField, FieldType
from mappings.document import packaged
from mappings.problems import Problem
from mappings.validate import check_fields

MAPPING = """\
crm: hubspot
sources:
  contacts:
    kind: contact
    emails: email
    fields:
      title: jobtitel
      unsubscribed: {from: createdate, convert: yes_no}
      source: {from: source, convert: picklist, values: {WEB: web, REFERAL: referral}}
      phone: {from: phone, convert: phone, country: land}
    counters:
      - {id: opens, from: opened, activity: email_open}
    write:
      hotlead_score: score
      hotlead_fit: fit
      hotlead_reasons: reasons
      hotlead_grade: grade
      hotlead_scored_at: scored_at
      hotlead_temperature: {from: temperature, values: {hot: Hot, warm: Tepid}}
      hotlead_model: model
  events:e_visited_page:
    kind: activity
    optional: true
    at: occurredAt
    contacts: {related: contacts}
    activity: page_view
    seconds: time_on_page
  tickets:
    kind: activity
    at: createdate
    contacts: {related: contacts}
    activity: product_use
"""


def field(name: str, type_: FieldType, **more: object) -> CatalogField:
    return CatalogField(name=name, label=name, type=type_, **more)  # type: ignore[arg-type]  # the tests give what a field takes


FIELDS = {
    one.name: one
    for one in (
        field("email", FieldType.TEXT),
        field("jobtitle", FieldType.TEXT),
        field("createdate", FieldType.DATETIME),
        field("source", FieldType.PICKLIST, options=("WEB", "REFERRAL", "EVENT")),
        field("phone", FieldType.TEXT),
        field("opened", FieldType.PICKLIST),
        field("hotlead_fit", FieldType.INTEGER, writable=False),
        field("hotlead_reasons", FieldType.TEXT, length=100),
        field("hotlead_grade", FieldType.PICKLIST, options=("A1", "A2")),
        field("hotlead_scored_at", FieldType.DATE),
        field("hotlead_temperature", FieldType.PICKLIST, options=("Hot", "Warm", "Cold")),
        field("hotlead_model", FieldType.TEXT, length=255),
    )
}
CATALOG = Catalog(sources={"contacts": FIELDS, "events:e_visited_page": {"occurredAt": field("occurredAt", FieldType.DATETIME)}})


def problems(text: str = MAPPING, catalog: Catalog = CATALOG, ladder: str | None = None) -> tuple[Problem, ...]:
    return check_fields(text, file="m.yaml", catalog=catalog, ladder_text=ladder)


def test_all_that_the_crm_does_not_have_or_allow_is_said_at_once_with_its_place() -> None:
    assert [f"{problem} [{problem.code}]" for problem in problems()] == [
        "m.yaml:7:14: error: 'contacts' has no field 'jobtitel' that this connection can see. Did you mean 'jobtitle'? [no_field]",
        "m.yaml:8:28: error: 'createdate' is of type datetime, which does not fit `yes_no`. [type]",
        "m.yaml:9:22: warning: 'source' has no value 'REFERAL'. Did you mean 'REFERRAL'? [words]",
        "m.yaml:9:22: warning: values of 'source' that are not listed count as unknown: 'REFERRAL', 'EVENT'. [words]",
        (
            "m.yaml:10:53: error: 'contacts' has no field 'land' that this connection can see."
            " Make it, or let the connection's user see it. [no_field]"
        ),
        "m.yaml:12:27: error: 'opened' is of type picklist, which does not fit `count`. [type]",
        (
            "m.yaml:14:7: error: 'contacts' has no field 'hotlead_score' that this connection can see. "
            "`hotlead install` makes hotlead's own fields. [no_field]"
        ),
        (
            "m.yaml:15:7: error: 'hotlead_fit' cannot be written by this connection."
            " Pick another field, or give its user the right to edit it. [read_only]"
        ),
        "m.yaml:16:7: error: 'hotlead_reasons' holds 100 characters, `reasons` may have 255. Take a longer field. [length]",
        "m.yaml:17:7: error: 'hotlead_grade' has no value 'A3', 'A4', 'B1', 'B2', 'B3' and 13 more. It has 'A1', 'A2'. [words]",
        "m.yaml:18:7: error: 'hotlead_scored_at' is of type date, which cannot hold `scored_at`. Wanted: datetime. [type]",
        "m.yaml:19:7: error: 'hotlead_temperature' has no value 'Tepid'. It has 'Hot', 'Warm', 'Cold'. [words]",
        (
            "m.yaml:27:14: warning: 'events:e_visited_page' has no field 'time_on_page' that this connection can see."
            " Make it, or let the connection's user see it. [no_field]"
        ),
        (
            "m.yaml:28:3: error: the CRM shows no 'tickets' to this connection. Give the connection's user the right to read it,"
            " or add `optional: true`. [no_source]"
        ),
    ]


def test_without_a_catalogue_only_the_document_is_checked() -> None:
    assert check_fields(MAPPING, file="m.yaml") == ()


def test_an_optional_source_that_is_not_there_is_a_warning() -> None:
    found = problems(catalog=Catalog(sources={**CATALOG.sources, "tickets": {"createdate": FIELDS["createdate"]}, "contacts": FIELDS}))
    gone = problems(catalog=Catalog(sources={"contacts": FIELDS, "tickets": {"createdate": FIELDS["createdate"]}}))

    assert [problem.path for problem in found if problem.severity == "warning"][-1] == "events:e_visited_page.seconds".replace(
        "events", "sources.events", 1
    )
    assert [(problem.severity, problem.path, problem.code) for problem in gone][-1] == (
        "warning",
        "sources.events:e_visited_page",
        "no_source",
    )


def test_a_field_whose_type_nobody_knows_is_let_through() -> None:
    fields = {**FIELDS, "createdate": field("createdate", FieldType.OTHER)}

    assert [problem for problem in problems(catalog=Catalog(sources={"contacts": fields})) if problem.line == 8] == []


def test_a_picklist_that_takes_other_words_takes_ours() -> None:
    fields = {**FIELDS, "hotlead_grade": field("hotlead_grade", FieldType.PICKLIST, options=("A1",), open_options=True)}

    assert [problem for problem in problems(catalog=Catalog(sources={"contacts": fields})) if problem.line == 17] == []


def test_the_ladders_stage_field_is_looked_up_too() -> None:
    ladder = packaged("lifecycle", "b2b_default")
    stage = field("lifecyclestage", FieldType.PICKLIST, options=("subscriber", "lead", "mql_custom"))

    missing = problems(ladder=ladder)
    other_words = problems(catalog=Catalog(sources={"contacts": {**FIELDS, "lifecyclestage": stage}}), ladder=ladder)

    assert "the ladder keeps the stage in 'lifecyclestage', which this connection cannot see." in [problem.message for problem in missing]
    assert "'lifecyclestage' has no value 'marketingqualifiedlead'." in [problem.message for problem in other_words]


def test_a_misspelt_name_of_a_value_is_warned_of() -> None:
    text = "crm: x\nsources:\n  c:\n    kind: contact\n    fields: {senority: Title, my_own_score: Score}\n"

    (problem,) = check_fields(text, file="m.yaml")

    assert str(problem) == "m.yaml:5:14: warning: no packaged model asks for 'person.senority'. Did you mean 'person.seniority'?"


def test_a_document_that_is_wrong_by_itself_is_not_compared() -> None:
    assert {problem.code for problem in problems(MAPPING.replace("kind: contact", "kind: contct"))} == {"choice", "sources"}
