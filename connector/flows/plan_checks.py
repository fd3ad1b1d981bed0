"""Whether a stored plan may still be carried out. Nothing is written when it may not."""

from collections.abc import Mapping, Sequence

from connector.core.model import Model
from connector.flows.places import Place
from connector.flows.published import file_of
from connector.flows.runs import LOOK_AHEAD, MOVING
from connector.ports.documents import Document
from connector.ports.errors import UsageError
from connector.ports.plans import Plan, PlanState
from connector.ports.runs import Run
from connector.ports.store import Store, Tx
from mappings.compile import compile_scoring

RUNS_LOOKED_AT = 1_000
NEW_PLAN = "`hotlead write-back --dry-run` makes a new one."


def checked(*, store: Store, plan: int, run: int, places: Mapping[str, Place], model: str, allow: int | None) -> Plan:
    """The plan, fit to be carried out. One that has begun always is: it is finished, whatever has come since.

    Raises UsageError where it is not there, done, only a look ahead, overtaken by a run or a publication, held up by another plan that was
    cut off, or changes more than a connection's limit; `allow` raises that limit.
    """
    with store.read() as tx:
        found = tx.plans.get(plan)
        if found is None or not found.closed:
            raise UsageError(f"There is no finished plan {plan}.", hint="`hotlead write-back --dry-run` makes one and prints its number.")
        if found.executed_at is not None:
            raise UsageError(f"Plan {plan} has been executed already.", hint=NEW_PLAN)
        if found.begun_at is None:
            _check_runs(found, runs=[r for r in tx.runs.recent(limit=RUNS_LOOKED_AT) if r.id != run])
            _check_documents(tx, found, connections=list(places), model=model)
            _check_limit(tx, found, places=places, allow=allow)
    return found


def model_of(tx: Tx, *, name: str, plan: Plan) -> Model:
    """The model by which a plan was made: the version that was current then."""
    then = [d for d in tx.documents.versions(kind="scoring", name=name) if d.published_at <= plan.created_at and not d.withdrawn]
    document = then[0] if then else tx.documents.versions(kind="scoring", name=name)[-1]
    return compile_scoring(document.text, file=file_of(document), version=document.version)


def _check_runs(plan: Plan, *, runs: Sequence[Run]) -> None:
    maker = next((r for r in runs if r.id == plan.run), None)
    if maker is not None and maker.verb == LOOK_AHEAD:
        raise UsageError(
            f"Plan {plan.id} was a look ahead, as if live.",
            hint="Go live first (`hotlead go-live NAME fields --people ADDRESSES`), then plan anew.",
        )
    overtaken = next((r for r in runs if r.id > plan.run and _moved(r)), None)
    if overtaken is not None:
        raise UsageError(
            f"Plan {plan.id} is out of date: run {overtaken.id} ({overtaken.verb}) has moved people since. Nothing was written.",
            hint=NEW_PLAN,
        )


def _moved(run: Run) -> bool:
    """Whether a run may have changed stages, tasks or baselines: it wrote rows, took a baseline, or was killed."""
    if run.verb not in MOVING:
        return False
    wrote = any(" fields " in name or " tasks " in name or name == "baseline" for name in run.counts)
    return wrote or run.state in ("running", "killed")


def _check_documents(tx: Tx, plan: Plan, *, connections: Sequence[str], model: str) -> None:
    current: list[Document | None] = [tx.documents.current(kind="scoring", name=model)]
    current += tx.documents.all_current(kind="lifecycle")
    current += [tx.documents.current(kind="fields", name=name) for name in connections]
    newer = next((d for d in current if d is not None and d.published_at > plan.created_at), None)
    if newer is not None:
        raise UsageError(
            f"Plan {plan.id} is out of date: {newer.kind} '{newer.name}' version {newer.version} was published since. Nothing was written.",
            hint=NEW_PLAN,
        )


def _check_limit(tx: Tx, plan: Plan, *, places: Mapping[str, Place], allow: int | None) -> None:
    tally = tx.plans.tally(plan.id)
    for name, place in places.items():
        rows = sum(tally.get(f"{name} {what} {PlanState.PENDING.value}", 0) for what in ("fields", "tasks"))
        limit = allow if allow is not None else place.connection.write_limit
        if rows > limit:
            raise UsageError(
                f"Plan {plan.id} would change or make {rows:,} records in '{name}', more than its limit of {limit:,}. Nothing was written.",
                hint=f"Look: `hotlead runs --plan {plan.id}`. If it is right: `hotlead write-back --plan {plan.id} --allow {rows}`.",
            )
