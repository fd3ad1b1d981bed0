"""A RevOps admin takes hotlead from an empty folder to both CRMs live, looking before every step."""

from dataclasses import replace

from tests.support.journeys import CRMS, Desk, Town, alike, planned_values


def test_from_an_empty_folder_to_scores_in_both_crms_and_then_nothing_more_to_write(scored: Town) -> None:
    with replace(scored, kept=None).crms() as sandboxes:
        desk = scored.desk(sandboxes, fresh=True)

        made = desk.ok("init")
        assert "hotlead connect" in made.out
        for crm in CRMS:
            assert desk.connect(crm).code == 0
        _not_ready_then_installed(desk)
        pulled = desk.told("pull")
        assert sum(p["fresh"] for p in pulled["pulled"]) == sum(p["rows"] for p in pulled["pulled"]) > 300
        assert desk.told("pull")["pulled"] != [], "an empty second pull still names every source"
        assert desk.told("score")["scored"]["people"] > 100
        assert desk.told("check")["ready"]
        two = desk.emails_in(*CRMS, many=2)
        _looked_at_without_writing(desk)
        _live_for_two(desk, two=two)
        _live_for_all(desk)


def _not_ready_then_installed(desk: Desk) -> None:
    before = desk.hotlead("check")
    assert before.code == 6
    assert "not ready" in before.out

    shown = desk.ok("install", "--dry-run")
    assert "Hotlead_Score__c" in shown.out and "hotlead_score" in shown.out
    assert desk.hotlead("check").code == 6, "a dry run of install makes nothing"

    desk.ok("install")
    after = desk.ok("check")
    assert after.out.count(": ready") == 2
    calls = desk.calls()
    desk.ok("install")
    made = {name for name, count in desk.calls().items() if count > calls.get(name, 0) and name.split(" ")[1] != "GET"}
    assert made <= {"salesforce POST /services/oauth2/token", "hubspot POST /oauth/v2/private-apps/get/access-token-info"}, made


def _looked_at_without_writing(desk: Desk) -> None:
    desk.forget_counts()
    look = desk.told("write-back", "--dry-run", "--as-if", "fields")
    assert len(look["changes"]) > 100
    assert look["tasks"] == []
    assert desk.writes() == {}
    off = desk.ok("write-back")
    assert "Off: hubspot, salesforce" in off.out
    assert desk.writes() == {}


def _live_for_two(desk: Desk, *, two: list[str]) -> None:
    for crm in CRMS:
        desk.ok("go-live", crm, "fields", "--people", ",".join(two))
    dry = desk.told("write-back", "--dry-run")
    people = {email for (email,) in desk.rows(f"SELECT email FROM persons WHERE id IN ({_listed(dry)})")}
    assert people == set(two)

    desk.ok("write-back")
    assert desk.writes() == dict.fromkeys(planned_values(dry), 1)


def _listed(plan: dict[str, list[dict[str, int]]]) -> str:
    return ", ".join(str(change["person"]) for change in plan["changes"])


def _live_for_all(desk: Desk) -> None:
    for crm in CRMS:
        desk.ok("go-live", crm, "fields", "--everybody")
    desk.forget_counts()
    dry = desk.told("write-back", "--dry-run")
    desk.ok("write-back")
    wanted = planned_values(dry)
    assert len(wanted) > 1000
    assert desk.writes() == dict.fromkeys(wanted, 1)
    for name, value in wanted.items():
        crm, _, place = name.partition(" ")
        assert alike(desk.value(crm, *place.split("/")), value), name

    desk.forget_counts()
    assert "Nothing to write" in desk.ok("write-back").out
    again = desk.told("run")
    assert again["tally"] == {}
    assert desk.writes() == {}


def test_the_reasons_of_every_explained_score_add_up(desk: Desk) -> None:
    hottest = [str(person) for (person,) in desk.rows("SELECT person FROM scores WHERE excluded = '' ORDER BY rank DESC LIMIT 12")]

    assert len(hottest) == 12
    for who in hottest:
        (told,) = desk.told("explain", who)
        points = {side: sum(r["points"] for r in told["reasons"] if r["side"] == side) for side in ("fit", "engagement", "")}
        score = told["score"]
        assert (points["fit"], points["engagement"], sum(points.values())) == (score["fit"], score["engagement"], score["total"])


def test_an_explanation_reads_as_a_sum_and_names_every_record(desk: Desk) -> None:
    (email,) = desk.emails_in(*CRMS, many=1)
    (told,) = desk.told("explain", email)

    shown = desk.ok("explain", email).out

    assert all(member["contact"]["key"]["id"] in shown for member in told["person"]["members"])
    assert all(reason["text"] in shown for reason in told["reasons"])
    assert f"{told['score']['total']} points" in shown


def test_a_step_cannot_be_skipped_nor_the_people_left_unsaid_and_going_back_is_always_allowed(desk: Desk) -> None:
    skipped = desk.hotlead("go-live", "hubspot", "tasks")
    unsaid = desk.hotlead("go-live", "hubspot", "fields")
    desk.ok("go-live", "hubspot", "fields", "--everybody")
    back = desk.ok("go-live", "hubspot", "off")

    assert skipped.code == unsaid.code == 3
    assert "Say for whom" in unsaid.err and "--everybody" in unsaid.err
    assert "hotlead go-live hubspot fields" in skipped.err
    assert "is at step 'off'" in back.out
