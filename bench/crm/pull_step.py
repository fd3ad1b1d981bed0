"""The measured step: one pull of everything, as `hotlead pull` does it."""

from bench.crm.installed import at_work, folder_and_file, tell
from connector.flows.road import pull_stretch
from connector.flows.runs import recorded


def main() -> None:
    """Pulls, and tells rows by source and calls by purpose."""
    folder, told = folder_and_file()
    with at_work(folder) as (here, road), recorded(store=here.store, verb="pull", clock=here.clock) as running:
        pulled = pull_stretch(road, connections=here.connections(), running=running)
        rows = {one.source: one.rows for one in pulled}
        kinds = {one.source: one.kind for one in pulled}
        calls = dict(road.crm(here.connections()[0]).usage().calls)
        tell(told, {"rows": rows, "kinds": kinds, "fresh": sum(one.fresh for one in pulled), "calls": calls})


if __name__ == "__main__":
    main()
