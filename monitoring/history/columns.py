"""Kinds of columns that both databases keep alike."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Enum, Integer, TypeDecorator

from layerwatch.layers import Stage
from layerwatch.verdict import Decision


class Moment(TypeDecorator[datetime]):
    """A time with its zone, always UTC; SQLite, which knows no zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def words_of(kind: type[Decision | Stage]) -> Enum:
    """A closed set as its words, which a later layerwatch may add to without a migration."""
    return Enum(kind, native_enum=False, length=16, values_callable=lambda members: [each.value for each in members])


def id_column() -> Column[Any]:
    return Column("id", BigInteger().with_variant(Integer(), "sqlite"), primary_key=True)
