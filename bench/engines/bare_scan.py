"""The least any engine must do: DuckDB reads the same columns and adds each up."""

import sys
from pathlib import Path

import duckdb

from bench.engines.shards import USED

PEOPLE = (
    "person, industry, employees, region, company_name, company_domain, do_not_trade, seniority, department, need, title, free_mail,"
    " email_domain, is_student, unreachable"
)

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    connection = duckdb.connect(config={"threads": 2})
    for part, columns in (("activities", USED), ("people", PEOPLE.replace(" ", "").split(","))):
        sums = ", ".join(f"sum({column})" for column in columns)
        connection.execute(f"SELECT count(*), {sums} FROM read_parquet('{folder}/{part}/*.parquet')").fetchall()
