"""What was pulled, scored, planned and written, as a person reads it. Station: the commands' words, beside their tables."""

from collections.abc import Mapping, Sequence

from rich.markup import escape

from connector.cli.frame import Frame
from connector.cli.tables import (
    calls_line,
    changes_list,
    hot_list,
    pulled_table,
    tally_table,
    tasks_list,
)
from connector.flows.explain import lines_of, reasons
from connector.flows.published import Published
from connector.flows.pull import Pulled
from connector.flows.road import Road
from connector.flows.road_back import Planned
from connector.flows.score import Scored
from connector.flows.wanted import one_line
from connector.ports.connections import Connection, LiveStep
from connector.ports.people import PersonLine
from connector.ports.plans import Plan, PlanState
from connector.ports.rows import UnknownValue
from connector.ports.store import Store

SHOWN_ROWS = 20
SHOWN_VALUES = 5
SHOWN_REASONS = 150
WORKED_ALREADY = frozenset({"opportunity", "customer"})
"""Stages whose people are not on the hot list: somebody sells to them already."""
EVERY_STATE = tuple(PlanState)


def show_pulled(frame: Frame, road: Road, *, pulled: Sequence[Pulled]) -> None:
    if any(p.rows for p in pulled):
        frame.show(pulled_table(pulled))
    quiet = sum(1 for p in pulled if not p.rows)
    if quiet:
        frame.say("Nothing new." if quiet == len(pulled) else f"Nothing new in {quiet} of {len(pulled)} sources.")
    frame.say(calls_line(flat(road.calls())))
    show_unknown(frame, store=road.store)


def show_unknown(frame: Frame, *, store: Store) -> None:
    """Values that no mapping knows, a line a field."""
    with store.read() as tx:
        unknown = tx.unknowns.all()
    fields: dict[str, list[UnknownValue]] = {}
    for value in unknown:
        fields.setdefault(f"{value.connection} {value.source}.{value.field}", []).append(value)
    for name, values in fields.items():
        shown = ", ".join(escape(v.value) for v in values[:SHOWN_VALUES]) + (", …" if len(values) > SHOWN_VALUES else "")
        rows = sum(v.rows for v in values)
        frame.say(f"[yellow]Unknown[/] {escape(name)}: {shown} ({rows:,} rows). Kept, not guessed; add it to the mapping.")


def flat(calls: Mapping[str, Mapping[str, int]]) -> Mapping[str, int]:
    """Calls by `<connection> <purpose>`."""
    return {f"{name} {purpose}": count for name, by in calls.items() for purpose, count in by.items()}


def show_scored(frame: Frame, *, scored: Scored, models: int) -> None:
    """Each of several models scores the same people, so that their scores are told and not the people."""
    told = f"{scored.people:,} people scored" if models == 1 else f"{scored.people:,} scores by {models} models"
    frame.say(f"{told}, {scored.changed:,} differently than before, {scored.excluded:,} excluded.")
    if not scored.people:
        frame.say("Nobody is here yet: `hotlead pull` brings people in.")


def show_hottest(frame: Frame, *, store: Store, documents: Published, top: int) -> tuple[PersonLine, ...]:
    """The hot list with the reasons in one line: the hottest whom nobody sells to yet."""
    model = documents.model
    with store.read() as tx:
        ranked = tx.scores.hottest(model=model.name, limit=top * 10 + 100)
    hottest = tuple(p for p in ranked if p.stage not in WORKED_ALREADY)[:top]
    said = {p.person: reasons(lines_of(p.score.lines), model=model, language=documents.ladder.language) for p in hottest if p.score}
    why = {person: one_line(r, language=documents.ladder.language, length=SHOWN_REASONS) or "" for person, r in said.items()}
    if hottest:
        frame.show(hot_list(hottest, why=why))
        frame.say("[dim]Hottest first: by temperature, then grade, then points.[/]")
    return hottest


def any_refused(tally: Mapping[str, int]) -> bool:
    return any(count for key, count in tally.items() if key.endswith(f" {PlanState.REFUSED.value}"))


def show_plan(frame: Frame, *, store: Store, plan: Plan, limit: int | None, as_if: LiveStep | None = None) -> None:
    """Every record's fields from → to, the tasks, and the calls it will cost. People see `limit` rows, machines all."""
    rows = (None if frame.json else limit) or 1 << 31
    with store.read() as tx:
        changes = [
            c
            for connection, source in tx.plans.targets(plan.id)
            for c in tx.plans.changes(plan.id, connection=connection, source=source, states=EVERY_STATE, after=0, limit=rows)
        ]
        names = [c.name for c in tx.connections.all()]
        tasks = [t for n in names for t in tx.plans.tasks(plan.id, connection=n, states=EVERY_STATE, after=0, limit=rows)]
        tally = tx.plans.tally(plan.id)
    total = sum(tally.values())
    if not total:
        frame.say(f"Plan {plan.id}: nothing to write.")
    if changes:
        frame.show(changes_list(changes[:limit]))
    if tasks:
        frame.show(tasks_list(tasks[:limit]))
    shown = len(changes[:limit]) + len(tasks[:limit])
    if shown < total:
        frame.say(f"… and {total - shown:,} more: `hotlead runs --plan {plan.id} --all` shows them.")
    if total:
        frame.show(tally_table(tally))
        frame.say(f"Plan {plan.id} costs {calls_line(plan.calls)}.")
        if as_if is not None:
            frame.say(
                f"This is a look as if live at '{as_if}'. For real, go live first: [bold]hotlead go-live NAME fields --people ADDRESSES[/]"
            )
        elif plan.executed_at is None:
            frame.say(f"Carry out exactly this: [bold]hotlead write-back --plan {plan.id}[/]")
    frame.give({"plan": plan, "changes": changes, "tasks": tasks, "tally": tally})


def show_written(frame: Frame, road: Road, *, planned: Planned, chosen: Sequence[Connection]) -> None:
    for resumed in planned.resumed:
        if not resumed.failures:
            frame.say(f"Plan {resumed.plan} had been cut off and is finished now.")
        frame.show(tally_table(resumed.tally))
    tally = planned.written.tally
    if tally:
        frame.show(tally_table(tally))
    elif any(c.live is not LiveStep.OFF for c in chosen) and not planned.failures:
        frame.say(
            "Nothing more to write: the CRMs hold what they should."
            if planned.resumed
            else "Nothing to write: the CRMs hold what they should."
        )
    if road.calls():
        frame.say(calls_line(flat(road.calls())))
    if any_refused(tally):
        frame.say("Some rows were refused: [bold]hotlead runs --refused[/] shows why, who can mend it and when it is tried again.")
