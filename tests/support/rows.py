"""A row for every column of every table: numbers that refer to each other, texts of all kinds, bytes, yes and no, nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Boolean, Column, LargeBinary, Table, Text

from connector.store.schema import METADATA, made_by

TEXTS = (
    "",
    "plain",
    "naïve Ünïcödé ß",
    "日本語のテキスト",
    "emoji 🦊👩‍🚀",
    "quotes ' \" \\ \\N \\x00",
    "tab\tline\nreturn\r",
    "Z",
    "a",
    "\u200f\ufeff",
)
"""Also what COPY, SQL and JSON write in another way, and what languages sort differently from bytes."""
TABLES = tuple(table for table in METADATA.sorted_tables if table is not made_by)


def fill(file: Path, *, rows: int) -> None:
    """So many rows in every table of a SQLite store that is empty; number n of one table is number n of the others."""
    with closing(sqlite3.connect(file)) as database, database:
        for table in TABLES:
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            marks = ", ".join("?" * len(table.columns))
            made = ([_value(table, column, n) for column in table.columns] for n in range(1, rows + 1))
            database.execute(f'DELETE FROM "{table.name}"')
            database.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', made)


def _value(table: Table, column: Column[Any], n: int) -> object:
    if column.nullable and n % 3 == 0:
        return None
    if isinstance(column.type, Boolean):
        return n % 2
    if isinstance(column.type, LargeBinary):
        return bytes([0, 255, n % 256]) + f"{table.name}{n}".encode()
    if isinstance(column.type, Text):
        return f"{TEXTS[n % len(TEXTS)]} {column.name} {n}"
    return n
