"""An admin changes how people are scored and what CRM fields mean, sees who changes, and puts it back."""

from tests.support.journeys import CRMS, Desk, planned_values
from tests.support.sandboxes import Sandbox


def _text(desk: Desk, kind: str, name: str) -> str:
    return str(desk.told("publish", kind, name)["current"]["text"])


def _publish(desk: Desk, kind: str, name: str, text: str) -> int:
    file = desk.folder / f"{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return int(desk.told("publish", kind, name, str(file))["version"])


def _scores(desk: Desk) -> dict[int, tuple[int, str]]:
    return {person: (total, grade) for person, total, grade in desk.rows("SELECT person, total, grade FROM scores")}


def test_a_changed_model_changes_the_people_it_should_and_putting_it_back_brings_every_score_back(desk: Desk) -> None:
    desk.ok("score")
    before = _scores(desk)
    leaders = {person for person, lines in desk.rows("SELECT person, lines FROM scores") if '"decider"' in lines}
    text = _text(desk, "scoring", "b2b_default")
    start = text.index("id: decider")
    changed = text[:start] + text[start:].replace("points: 25", "points: 1", 1)

    assert _publish(desk, "scoring", "b2b_default", changed) == 2
    assert _scores(desk) == before, "publishing alone scores nobody"
    scored = desk.told("score")["scored"]
    moved = {person for person, score in _scores(desk).items() if score != before[person]}

    assert leaders and moved and moved <= leaders
    assert scored["changed"] >= len(moved)
    (told,) = desk.told("explain", str(min(moved)))
    assert [r["points"] for r in told["reasons"] if r["id"] == "decider" and not r["clamp"]] == [1]

    back = desk.told("publish", "scoring", "b2b_default", "--put-back", "1")
    desk.ok("score")

    assert back["version"] == 3
    assert _scores(desk) == before


def test_what_a_changed_model_would_write_is_seen_first_and_put_back_in_the_crm_too(desk: Desk) -> None:
    people = ",".join(desk.emails_in(*CRMS, many=6))
    desk.ok("go-live", "hubspot", "fields", "--people", people)
    first = planned_values(desk.told("write-back", "--dry-run"))
    desk.ok("write-back")
    text = _text(desk, "scoring", "b2b_default")
    _publish(desk, "scoring", "b2b_default", text.replace("points: 25", "points: 1").replace("points: 20", "points: 2"))
    desk.ok("score")

    seen = desk.told("write-back", "--dry-run")
    assert seen["changes"] != []
    desk.ok("write-back")
    desk.ok("publish", "scoring", "b2b_default", "--put-back", "1")
    desk.ok("score")
    desk.ok("write-back")

    told = ("hotlead_score", "hotlead_fit", "hotlead_grade", "hotlead_temperature", "hotlead_reasons")
    planned = {name.partition(" ")[2]: value for name, value in first.items() if name.endswith(told)}
    assert len(planned) >= 6, "a score for each at the least"
    assert {place: str(desk.value("hubspot", *place.split("/"))) for place in planned} == {p: str(value) for p, value in planned.items()}


def test_an_unknown_value_is_kept_and_shown_and_a_mapping_fix_is_replayed_without_reading_the_row_again(desk: Desk) -> None:
    salesforce: Sandbox = desk.sandboxes["salesforce"]
    ((lead,),) = desk.rows(
        "SELECT m.id FROM members m JOIN sources o ON o.no = m.source JOIN contacts c ON c.no = m.no JOIN persons p ON p.id = m.person"
        " WHERE o.source = 'Lead' AND c.deleted = 0 AND p.live AND"
        " (SELECT count(*) FROM members x WHERE x.person = p.id) = 1 ORDER BY m.no LIMIT 1"
    )
    salesforce.edit("Lead", lead, {"Industry": "Asteroid mining"})

    shown = desk.ok("pull").out
    assert "Unknown salesforce Lead.Industry: Asteroid mining (1 rows)" in shown
    (told,) = desk.told("explain", lead)
    assert told["person"]["members"][0]["contact"]["values"].get("company.industry") in (None, "Asteroid mining"), "kept, not guessed"

    text = _text(desk, "fields", "salesforce")
    _publish(
        desk,
        "fields",
        "salesforce",
        text.replace("          Banking: finance\n", "          Banking: finance\n          Asteroid mining: finance\n"),
    )
    salesforce.reset_counters()
    pulled = desk.told("pull", "salesforce")["pulled"]

    assert next(p["rows"] for p in pulled if p["source"] == "Lead") <= 1, "the row is mapped again from what is stored"
    (told,) = desk.told("explain", lead)
    assert told["person"]["members"][0]["contact"]["values"]["company.industry"] == "finance"
    assert "Asteroid" not in desk.ok("pull").out


def test_a_document_is_only_checked_where_that_is_asked_for(desk: Desk) -> None:
    file = desk.folder / "ladder.yaml"
    file.write_text(_text(desk, "lifecycle", "b2b_default"), encoding="utf-8")

    checked = desk.ok("publish", "lifecycle", "b2b_default", str(file), "--check")
    same = desk.told("publish", "lifecycle", "b2b_default", str(file))

    assert "it can be published" in checked.out
    assert (same["version"], same["unchanged"]) == (1, True)


def test_the_demo_ends_by_itself_with_a_hot_list_and_one_person_before_and_after(desk: Desk) -> None:
    shown = desk.ok("demo", "--exit", "--people", "120").out

    assert "Who is worth calling now, and why" in shown
    assert "One person, before and after" in shown
    assert "write back again: nothing has changed" in shown
    assert shown.count("What a rep sees: http://127.0.0.1:") >= 2
