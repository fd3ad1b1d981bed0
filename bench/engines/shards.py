"""Shards read from Parquet into the columns that scoring takes, and the two worker processes that share them."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from bench import crowd
from bench.crowd import SHARDS, Crowd
from bench.result import Result, save
from connector.core.facts import Activities, Column, People
from connector.core.records import Value

WORKERS = 2
USED = ("person", "at_s", "kind", "path", "form", "asset", "mark", "seconds")
"""The columns of activities that the shipped model looks at."""

_YES_NO: tuple[Value, ...] = (False, True)
FACTS: dict[str, tuple[str, tuple[Value, ...]]] = {
    "company.industry": ("industry", crowd.INDUSTRIES),
    "company.employees": ("employees", tuple(range(crowd.MOST_EMPLOYEES + 1))),
    "company.region": ("region", crowd.REGIONS),
    "company.name": ("company_name", crowd.NAMES),
    "company.domain": ("company_domain", crowd.DOMAINS),
    "company.do_not_trade": ("do_not_trade", _YES_NO),
    "person.seniority": ("seniority", crowd.SENIORITIES),
    "person.department": ("department", crowd.DEPARTMENTS),
    "person.need": ("need", crowd.NEEDS),
    "person.title": ("title", crowd.TITLES),
    "person.free_mail": ("free_mail", _YES_NO),
    "person.email_domain": ("email_domain", crowd.DOMAINS),
    "person.is_student": ("is_student", _YES_NO),
    "person.unreachable": ("unreachable", _YES_NO),
}
"""Each fact: the column of people that holds it, and its words."""

Arrays = dict[str, npt.NDArray[Any]]


def read_columns(path: str, columns: list[str] | None) -> Arrays:
    """Columns of one Parquet file as arrays."""
    table = pq.read_table(path, columns=columns, use_threads=False, memory_map=True)
    return {name: table.column(name).to_numpy() for name in table.column_names}


def read_shard(files: Crowd, shard: int) -> tuple[People, Activities]:
    """One shard as scoring takes it. Details that the model never looks at are all empty."""
    facts = read_columns(str(files.people(shard)), None)
    deeds = read_columns(str(files.activities(shard)), list(USED))
    ids = facts["person"].astype(np.int64)
    nothing = np.zeros(len(deeds["at_s"]), dtype=np.int32)
    people = People(ids=ids, facts={name: Column(codes=facts[source], words=words) for name, (source, words) in FACTS.items()})
    activities = Activities(
        row=deeds["person"] - np.int32(ids[0] if len(ids) else 0),
        at=deeds["at_s"],
        kind=deeds["kind"],
        path=deeds["path"],
        form=deeds["form"],
        asset=deeds["asset"],
        campaign=nothing,
        feature=nothing,
        mark=deeds["mark"],
        seconds=deeds["seconds"],
        words=crowd.WORDS,
    )
    return people, activities


def in_two_processes(score: Callable[[Crowd, int], Result], files: Crowd, keep: Path | None) -> None:
    """Scores all shards in two processes. A result is dropped when its shard is done, or kept as a file in the folder `keep`."""
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for _ in pool.map(partial(_one, score, files, keep), range(SHARDS)):
            pass


def _one(score: Callable[[Crowd, int], Result], files: Crowd, keep: Path | None, shard: int) -> None:
    result = score(files, shard)
    if keep is not None:
        save(result, keep / f"{shard:02}.npz")
