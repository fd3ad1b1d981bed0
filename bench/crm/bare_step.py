"""The opponent of a pull: the same adapter asked for the same pages, and nothing done with them."""

from bench.crm.installed import at_work, folder_and_file, tell
from connector.flows.check import sources_there
from connector.flows.published import mapping_of
from connector.flows.pull import horizon
from connector.ports.crm import Ask


def main() -> None:
    """Reads, and tells rows and related sources by source, and calls by purpose."""
    folder, told = folder_and_file()
    rows: dict[str, int] = {}
    with at_work(folder) as (here, road):
        connection = here.connections()[0]
        crm, documents = road.crm(connection), road.documents()
        reach = horizon(models=documents.models, deals=road.deal_history)
        with here.store.read() as tx:
            mapping = mapping_of(tx, connection=connection, ladder=documents.ladder)
            there = sources_there(crm=crm, mapping=mapping)
            mapping = mapping_of(tx, connection=connection, ladder=documents.ladder, sources=there)
        for read in mapping.reads:
            back = reach.of(read.kind)
            ask = Ask(
                source=read.source,
                fields=read.fields,
                related=read.related,
                since=here.clock() - back if back is not None else None,
                since_field=read.since_field,
                cursor=None,
                where=read.where,
            )
            rows[read.source] = sum(len(page.records) for page in crm.read(ask))
        related = {read.source: list(read.related) for read in mapping.reads}
        tell(told, {"rows": rows, "related": related, "calls": dict(crm.usage().calls)})


if __name__ == "__main__":
    main()
