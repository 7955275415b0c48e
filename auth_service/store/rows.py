"""Rows as the types that they are of; a row's columns come in the order of the type's fields."""

from collections.abc import Iterable
from typing import TypeVar

from servicekit.database import Row

T = TypeVar("T")


def one(row: Row | None, row_type: type[T]) -> T | None:
    return None if row is None else row_type(*row)


def all_of(rows: Iterable[Row], row_type: type[T]) -> list[T]:
    return [row_type(*row) for row in rows]
