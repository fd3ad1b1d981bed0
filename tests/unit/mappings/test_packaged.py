"""The packaged defaults are right, small, and readable in English and Japanese."""

import pytest

from connector.core.ladder import STAGES, OwnerRule
from connector.core.model import ActivityRule, Label, Op
from connector.core.model import Test as FactTest
from connector.ports.errors import UsageError
from mappings.compile import compile_fields, compile_lifecycle, compile_scoring
from mappings.document import KINDS, first_mapping, names, packaged, parse
from mappings.validate import check_fields, check_lifecycle, check_scoring

MODEL = compile_scoring(packaged("scoring", "b2b_default"), file="scoring", version=1)
LADDER = compile_lifecycle(packaged("lifecycle", "b2b_default"), file="lifecycle", version=1)


def test_each_kind_has_its_packaged_documents() -> None:
    assert {kind: names(kind) for kind in KINDS} == {
        "fields": ("hubspot", "salesforce"),
        "scoring": ("b2b_default",),
        "lifecycle": ("b2b_default",),
    }


def test_a_packaged_name_that_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="no packaged fields document is called 'hubspott'") as caught:
        packaged("fields", "hubspott")

    assert caught.value.hint == "Did you mean 'hubspot'?"


@pytest.mark.parametrize("crm", names("fields"))
def test_a_first_mapping_knows_the_crms_own_currency(crm: str) -> None:
    text = first_mapping(crm, currency="JPY")

    assert parse(text, file=crm).root["currencies"] == {**packaged_currencies(crm), "own": "JPY"}
    assert check_fields(text, file=crm) == ()
    assert len(text.splitlines()) == len(packaged("fields", crm).splitlines())


@pytest.mark.parametrize("currency", [None, "USD"])
def test_a_first_mapping_is_the_packaged_one_where_there_is_nothing_to_put_in(currency: str | None) -> None:
    assert first_mapping("hubspot", currency=currency) == packaged("fields", "hubspot")


def packaged_currencies(crm: str) -> dict[str, object]:
    currencies = parse(packaged("fields", crm), file=crm).root["currencies"]
    assert isinstance(currencies, dict)
    return dict(currencies)


def test_a_kind_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="'field' is no kind of document"):
        names("field")


@pytest.mark.parametrize("name", names("fields"))
def test_packaged_field_mappings_have_no_problems(name: str) -> None:
    assert check_fields(packaged("fields", name), file=name) == ()


def test_the_packaged_model_warns_only_of_the_lists_to_fill_in() -> None:
    problems = check_scoring(packaged("scoring", "b2b_default"), file="scoring")

    assert [(problem.severity, problem.path) for problem in problems] == [
        ("warning", "lists.own_domains"),
        ("warning", "lists.competitors"),
    ]


def test_the_packaged_ladder_warns_only_of_nobody_to_share_the_work() -> None:
    problems = check_lifecycle(packaged("lifecycle", "b2b_default"), file="lifecycle", models=[MODEL])

    assert [(problem.severity, problem.path) for problem in problems] == [("warning", "round_robin")]


def test_the_packaged_model_has_at_most_twenty_rules() -> None:
    rules = [rule for side in (MODEL.fit, MODEL.engagement) for group in side.groups for rule in group.rules]

    assert len(rules) == 20


def test_every_label_is_there_in_english_and_japanese() -> None:
    rules = [rule.label for side in (MODEL.fit, MODEL.engagement) for group in side.groups for rule in group.rules]
    groups = [group.label for side in (MODEL.fit, MODEL.engagement) for group in side.groups]
    outcomes = [*(one.label for one in MODEL.exclude), *(one.label for one in MODEL.hand_offs)]
    steps = [*(one.label for one in LADDER.stages), *(one.label for one in LADDER.follow_ups), *(one.label for one in LADDER.redirects)]
    labels: list[Label] = [MODEL.label, LADDER.label, *rules, *groups, *outcomes, *steps, *LADDER.next_actions.values()]

    assert [label.en for label in labels if not label.ja] == []


def test_half_life_and_window_come_from_the_nearest_level() -> None:
    pricing = next(rule for group in MODEL.engagement.groups for rule in group.rules if rule.id == "pricing")

    assert isinstance(pricing, ActivityRule)
    assert (pricing.half_life_hours, pricing.window_hours) == (14 * 24, 90 * 24)
    assert pricing.pattern.where[0].globs == ("*/pricing*", "*/price*", "*/plans*", "*/料金*")


def test_the_ladder_reads_all_stages_of_hubspot_and_writes_up_to_mql() -> None:
    (field,) = LADDER.stage_fields

    assert [stage.id for stage in LADDER.stages] == list(STAGES)
    assert field.write == {"subscriber": "subscriber", "lead": "lead", "mql": "marketingqualifiedlead"}
    assert field.read == {
        "subscriber": "subscriber",
        "lead": "lead",
        "marketingqualifiedlead": "mql",
        "salesqualifiedlead": "sql",
        "opportunity": "opportunity",
        "customer": "customer",
        "evangelist": "customer",
    }


def test_each_temperature_and_each_hand_off_has_a_follow_up_and_a_next_action() -> None:
    triggers = {trigger for rule in LADDER.follow_ups for trigger in rule.on}
    hand_offs = {f"hand_off.{hand_off.id}" for hand_off in MODEL.hand_offs}

    assert triggers == {"hot", "warm", *hand_offs}
    assert set(LADDER.next_actions) == {"hot", "warm", "cold", *hand_offs}


def test_a_lead_that_a_rep_is_on_stays_with_that_rep() -> None:
    in_work = LADDER.redirects[-1]

    assert (in_work.id, in_work.when) == ("in_work", FactTest(fact="rep.days_since_touch", op=Op.AT_MOST, values=(14,)))
    assert (in_work.to, in_work.stage_move) == (OwnerRule.RECORD_OWNER, True)


@pytest.mark.parametrize("crm", names("fields"))
def test_sources_are_read_in_the_order_that_lets_rows_be_named(crm: str) -> None:
    mapping = compile_fields(packaged("fields", crm), file=crm, connection="c", version=1, ladder=LADDER, zone="UTC")

    kinds = [read.kind for read in mapping.reads]

    assert kinds == sorted(kinds, key=("company", "contact", "deal", "activity").index)


@pytest.mark.parametrize("crm", names("fields"))
def test_fields_that_are_written_are_read_too(crm: str) -> None:
    mapping = compile_fields(packaged("fields", crm), file=crm, connection="c", version=1, ladder=LADDER, zone="UTC")

    assert any(mapping.writes(read.source) for read in mapping.reads)
    for read in mapping.reads:
        assert {field.field for field in mapping.writes(read.source)} <= set(read.fields)
        assert list(read.fields) == sorted(set(read.fields))
