"""What every table is made of: the metadata and the kinds of column."""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, MetaData, Text

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


NUMBER = BigInteger().with_variant(Integer(), "sqlite")
"""SQLite numbers rows by itself only under the word INTEGER."""


def number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, NUMBER, primary_key=key, nullable=False, autoincrement=False)


def time(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional)


def text(name: str, *, key: bool = False, optional: bool = False) -> Column[str]:
    return Column(name, Text, primary_key=key, nullable=optional)


def flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def source_number(*, key: bool = False, name: str = "source") -> Column[int]:
    return Column(name, Integer, ForeignKey("sources.no"), primary_key=key, nullable=False, autoincrement=False)
