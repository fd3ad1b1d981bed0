"""The measured steps of a write-back, each a process of its own: `python -m bench.crm.write_step FOLDER TOLD STEP`."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from bench.crm.installed import ANY_NUMBER, at_work, tell
from connector.bootstrap import Installation
from connector.core.people import PersonId
from connector.flows.go_live import go_live
from connector.flows.road import Road, pull_stretch, score_stretch
from connector.flows.road_back import at_work as documents_at_work
from connector.flows.road_back import execute_stretch, places_of, plan_stretch, write_stretch
from connector.flows.runs import Running, recorded
from connector.ports.connections import LiveStep
from connector.ports.people import ScoreRow
from connector.ports.store import Tx

PEOPLE_AT_ONCE = 500
STEPS_TO_LIVE = (LiveStep.FIELDS, LiveStep.STAGES, LiveStep.TASKS)
POINTS_MOVED = 10
"""Further than the dead band, so that the move alone causes a write."""

Facts = Mapping[str, object]


def pulled(here: Installation, road: Road, running: Running, _number: int) -> Facts:
    """Everybody pulled and scored, nobody written."""
    pull_stretch(road, connections=here.connections(), running=running)
    return {"people": score_stretch(road, running=running).people}


def live(here: Installation, road: Road, _running: Running, _number: int) -> Facts:
    """The connection live at every step, with what is true now as history."""
    counted = 0
    for step in STEPS_TO_LIVE:
        (connection,) = here.connections()
        places = places_of(road, connections=[connection])
        counted += go_live(
            store=road.store,
            places=places,
            connection=connection,
            step=step,
            people=None,
            include_existing=0,
            documents=documents_at_work(road),
            clock=road.clock,
            progress=road.progress,
        ).baselined
    return {"people": counted}


def planned(here: Installation, road: Road, running: Running, _number: int) -> Facts:
    """A plan of what differs; `number` of the next step."""
    plan = plan_stretch(road, connections=here.connections(), running=running, kept_for_later=False)
    with road.store.read() as tx:
        return {"plan": plan.id, "people": tx.people.count(), "tally": dict(tx.plans.tally(plan.id)), "foretold": dict(plan.calls)}


def executed(here: Installation, road: Road, running: Running, number: int) -> Facts:
    """That plan carried out."""
    written = execute_stretch(road, plan=number, running=running, look_again=False, allow=ANY_NUMBER)
    return {"tally": dict(written.tally), "calls": dict(road.crm(here.connections()[0]).usage().calls)}


def run(here: Installation, road: Road, running: Running, _number: int) -> Facts:
    """The whole road once, as `hotlead run` does it."""
    connections = here.connections()
    pulled_rows = sum(one.rows for one in pull_stretch(road, connections=connections, running=running))
    score_stretch(road, running=running)
    done = write_stretch(road, connections=connections, running=running, allow=ANY_NUMBER)
    tally = dict(done.written.tally)
    return {"rows": pulled_rows, "tally": tally, "calls": dict(road.crm(connections[0]).usage().calls)}


def moved(_here: Installation, road: Road, _running: Running, number: int) -> Facts:
    """Scores moved, until they stand on so many live rows of the CRM."""
    rows = after = 0
    while rows < number:
        with road.store.read() as tx:
            ids = tx.people.ids(after=after, limit=PEOPLE_AT_ONCE)
            people = tx.people.load(ids)
            scores = tx.scores.current(ids, model=road.documents().model.name)
        if not ids:
            break
        after = ids[-1]
        chosen: list[ScoreRow] = []
        for person in people:
            score, live_rows = scores.get(person.id), sum(m.is_live for m in person.members)
            if score is not None and not score.excluded and rows + live_rows <= number:
                chosen.append(replace(score, total=score.total + (POINTS_MOVED if score.total < 50 else -POINTS_MOVED)))
                rows += live_rows
        road.store.write(partial(_put, scores=chosen))
    return {"rows": rows}


def _put(tx: Tx, *, scores: list[ScoreRow]) -> tuple[PersonId, ...]:
    tx.scores.put(scores)
    return tuple(score.person for score in scores)


STEPS: Mapping[str, Callable[[Installation, Road, Running, int], Facts]] = {
    "pulled": pulled,
    "live": live,
    "planned": planned,
    "executed": executed,
    "run": run,
    "moved": moved,
}


def main() -> None:
    """One step, recorded as a run of the verb that the CLI would record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("told", type=Path)
    parser.add_argument("step", choices=STEPS)
    parser.add_argument("number", type=int, nargs="?", default=0, help="of a plan, or of rows")
    given = parser.parse_args()
    verb = "write-back" if given.step in ("planned", "executed") else "bench"
    with at_work(given.folder) as (here, road), recorded(store=here.store, verb=verb, clock=here.clock) as running:
        tell(given.told, STEPS[given.step](here, road, running, given.number))


if __name__ == "__main__":
    main()
