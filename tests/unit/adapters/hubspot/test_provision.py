"""The package names just the fields of the design, in HubSpot's types."""

from adapters.hubspot.provision import read_package

GRADES = tuple(f"{fit}{engagement}" for fit in "ABCDU" for engagement in "1234")


def test_the_package_holds_every_written_field_with_its_type() -> None:
    properties = {(wanted.source, wanted.name): (wanted.type, wanted.field_type) for wanted in read_package().properties}

    assert properties == {
        ("contacts", "hotlead_score"): ("number", "number"),
        ("contacts", "hotlead_fit"): ("number", "number"),
        ("contacts", "hotlead_engagement"): ("number", "number"),
        ("contacts", "hotlead_grade"): ("enumeration", "select"),
        ("contacts", "hotlead_temperature"): ("enumeration", "select"),
        ("contacts", "hotlead_reasons"): ("string", "text"),
        ("contacts", "hotlead_breakdown"): ("string", "textarea"),
        ("contacts", "hotlead_stage"): ("enumeration", "select"),
        ("contacts", "hotlead_origin"): ("enumeration", "select"),
        ("contacts", "hotlead_disposition"): ("enumeration", "select"),
        ("contacts", "hotlead_disposition_reason"): ("enumeration", "select"),
        ("contacts", "hotlead_next_action"): ("string", "text"),
        ("contacts", "hotlead_scored_at"): ("datetime", "date"),
        ("contacts", "hotlead_stage_since"): ("datetime", "date"),
        ("contacts", "hotlead_hold_until"): ("datetime", "date"),
        ("contacts", "hotlead_model"): ("string", "text"),
        ("tasks", "hotlead_key"): ("string", "text"),
    }


def test_picklists_offer_every_value_hotlead_writes() -> None:
    options = {wanted.name: wanted.options for wanted in read_package().properties if wanted.options}

    assert options == {
        "hotlead_grade": GRADES,
        "hotlead_temperature": ("hot", "warm", "cold"),
        "hotlead_stage": ("subscriber", "lead", "mql", "sal", "sql", "opportunity", "customer"),
        "hotlead_origin": ("marketing", "sgl", "pql", "partner"),
        "hotlead_disposition": ("recycled", "disqualified"),
        "hotlead_disposition_reason": (
            "bad_timing", "no_budget_now", "no_response", "chose_nobody", "no_fit", "competitor", "student", "vendor", "invalid_data",
            "do_not_contact",
        ),
    }  # fmt: skip


def test_only_the_task_key_is_unique_and_labels_are_readable() -> None:
    properties = read_package().properties

    assert [wanted.name for wanted in properties if wanted.unique] == ["hotlead_key"]
    assert all(wanted.label.lower().replace(" ", "_") == wanted.name for wanted in properties)
