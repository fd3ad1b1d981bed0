"""What may be published under which name, and what of the CRM a mapping is held against."""

from tests.support.journeys import Desk

MEND = 3


def _file(desk: Desk, kind: str, name: str, *changes: tuple[str, str]) -> str:
    """The current text of a document with changes, in a file."""
    text = str(desk.told("publish", kind, name)["current"]["text"])
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    file = desk.folder / f"{kind}-{name}.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def _documents(desk: Desk) -> list[tuple[object, ...]]:
    return desk.rows("SELECT kind, name, version FROM documents ORDER BY kind, name, version")


def test_a_document_is_published_only_under_its_own_name_and_only_one_ladder_is_in_force(desk: Desk) -> None:
    before = _documents(desk)
    other_ladder = _file(desk, "lifecycle", "b2b_default", ("ladder: b2b_default", "ladder: a_team"))

    model = desk.hotlead("publish", "scoring", "other", _file(desk, "scoring", "b2b_default"))
    second = desk.hotlead("publish", "lifecycle", "a_team", other_ladder)
    misnamed = desk.hotlead("publish", "lifecycle", "b2b_default", other_ladder)
    mapping = desk.hotlead("publish", "fields", "hubspot", _file(desk, "fields", "salesforce"), "--check")

    assert [done.code for done in (model, second, misnamed, mapping)] == [MEND] * 4
    assert "the model calls itself 'b2b_default' and is published as 'other'" in model.said()
    assert "The ladder 'b2b_default' is in force" in second.said()
    assert "the ladder calls itself 'a_team' and is published as 'b2b_default'" in misnamed.said()
    assert "a mapping of 'salesforce', and the connection is one to 'hubspot'" in mapping.said()
    assert _documents(desk) == before


def test_a_document_of_another_kind_is_told_in_one_message(desk: Desk) -> None:
    before = _documents(desk)

    model = desk.hotlead("publish", "scoring", "b2b_default", _file(desk, "lifecycle", "b2b_default"))
    ladder = desk.hotlead("publish", "lifecycle", "b2b_default", _file(desk, "fields", "hubspot"))
    both = desk.hotlead("publish", "scoring", "b2b_default", _file(desk, "scoring", "b2b_default"), "--put-back", "1")

    assert [done.code for done in (model, ladder, both)] == [MEND] * 3
    assert "is a stage ladder, not a scoring model" in model.said() and "hotlead publish lifecycle" in model.said()
    assert "is a field mapping, not a stage ladder" in ladder.said()
    assert "--put-back takes no file" in both.said()
    assert model.said().count("error") == 0
    assert _documents(desk) == before


def test_a_model_beside_the_ladders_is_said_to_be_one(desk: Desk) -> None:
    other = _file(desk, "scoring", "b2b_default", ("model: b2b_default", "model: other"))

    published = desk.ok("publish", "scoring", "other", other)
    scored = desk.ok("score")

    assert "scores beside 'b2b_default'" in " ".join(published.out.split())
    assert "scores by 2 models" in scored.out and "people scored" not in scored.out


def test_a_model_that_looks_farther_back_says_that_older_activities_are_read_first(desk: Desk) -> None:
    farther = _file(desk, "scoring", "b2b_default", ("window: ", "window: 730d  # "))

    published = desk.ok("publish", "scoring", "b2b_default", farther)
    put_back = desk.ok("publish", "scoring", "b2b_default", "--put-back", "1")
    before = desk.rows("SELECT count(*) FROM activities")
    again = desk.told("publish", "scoring", "b2b_default", "--put-back", "2")
    desk.ok("pull")

    assert "It looks back 730 days, farther than what was read so far: hotlead pull reads" in " ".join(published.out.split())
    assert "looks back" not in put_back.out
    assert again["looks_back_hours"] == 730 * 24
    assert desk.rows("SELECT count(*) FROM activities") > before


def test_a_model_is_withdrawn_and_brought_back_but_not_the_one_that_decides(desk: Desk) -> None:
    desk.ok("publish", "scoring", "other", _file(desk, "scoring", "b2b_default", ("model: b2b_default", "model: other")))

    withdrawn = desk.ok("publish", "scoring", "other", "--withdraw")
    desk.ok("init")
    scored = desk.ok("score")
    shown = desk.hotlead("publish", "scoring", "other")
    empty = desk.hotlead("publish", "scoring", "other", "--put-back", "2")
    deciding = desk.hotlead("publish", "scoring", "b2b_default", "--withdraw")
    needed = desk.hotlead("publish", "lifecycle", "b2b_default", "--withdraw")
    again = desk.ok("publish", "scoring", "other", "--withdraw")
    unknown = desk.hotlead("publish", "scoring", "another", "--withdraw")

    assert "--put-back 1" in " ".join(withdrawn.out.split())
    assert "people scored" in scored.out
    assert again.out == withdrawn.out
    assert [done.code for done in (shown, empty, deciding, needed, unknown)] == [MEND] * 5
    assert "is withdrawn" in shown.said() and "There are versions 1." in empty.said()
    assert "decides by the model 'b2b_default'" in deciding.said()
    assert "always needed" in needed.said() and "No scoring model 'another'" in unknown.said()
    desk.ok("publish", "scoring", "other", "--put-back", "1")
    assert "scores by 2 models" in desk.ok("score").out


def test_a_mapping_may_name_a_source_that_the_one_before_did_not(desk: Desk) -> None:
    users = "sources:\n  User:\n    kind: company\n    fields: {name: Name}\n"
    named = _file(desk, "fields", "salesforce", ("sources:\n", users))

    published = desk.told("publish", "fields", "salesforce", named)

    assert published["version"] == 2
    misspelt = _file(desk, "fields", "salesforce", ("  User:\n", "  Uzer:\n"))
    assert "Uzer" in desk.hotlead("publish", "fields", "salesforce", misspelt).said()


def test_a_version_put_back_is_held_against_the_crm_as_it_is_now(desk: Desk) -> None:
    desk.forget_counts()

    desk.ok("publish", "fields", "salesforce", "--put-back", "1")

    assert any("describe" in call for call in desk.calls())


def test_a_crm_that_is_down_stops_neither_the_other_nor_scoring(desk: Desk) -> None:
    ((lead,),) = desk.rows("SELECT m.id FROM members m JOIN sources o ON o.no = m.source WHERE o.source = 'Lead' ORDER BY m.no LIMIT 1")
    desk.sandboxes["salesforce"].edit("Lead", lead, {"Title": "Head of everything"})
    desk.sandboxes["hubspot"].fault("*", "status", status=503, body={"message": "down"})

    pulled = desk.hotlead("pull", "hubspot", "salesforce")
    run = desk.hotlead("run")

    assert (pulled.code, run.code) == (5, 5)
    assert "hubspot" in pulled.said() and "Next:" not in pulled.out
    assert "people scored" in run.out
    (told,) = desk.told("explain", lead)
    assert told["person"]["members"][0]["contact"]["values"]["title"] == "Head of everything"
    assert [state for (state,) in desk.rows("SELECT state FROM runs ORDER BY id DESC LIMIT 2")] == ["failed", "failed"]
