"""What moving asks of a store, on either engine."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeAlias

from servicekit.move.services import Service

# Each store's own: whether it takes a write, and which number its schema and its lists have come to.
NOT_COPIED = frozenset({"counters", "proofs", "schema_version"})
AnyRow: TypeAlias = Sequence[Any]


class Table(NamedTuple):
    """`key` is what orders its rows: the primary key, or else all columns."""

    columns: Sequence[str]
    key: Sequence[str]


class Store(Protocol):
    """A store that nobody else uses meanwhile."""

    @property
    def id(self) -> str: ...

    def tables(self) -> Mapping[str, Table]:
        """All but NOT_COPIED, each behind those that its rows refer to."""

    def rows(self, table: str, columns: Sequence[str], key: Sequence[str]) -> Generator[AnyRow]:
        """In the order of the key: texts by their bytes. A few at a time are in memory."""

    def last_numbers(self) -> Mapping[str, int]:
        """By table, the highest number that was given to a row, also where that is gone."""


class NewStore(Store, Protocol):
    """One that is being made: nothing of it is there for anybody else yet."""

    def clear(self, tables: Sequence[str]) -> None:
        """Take out what the migrations have put there."""

    def put(self, table: str, columns: Sequence[str], rows: Iterable[AnyRow]) -> None: ...

    def go_on_above(self, numbers: Mapping[str, int]) -> None:
        """Give numbers above these, and above those of the rows."""

    def execute(self, statement: str) -> None: ...


class Place(Protocol):
    """Where the stores of an installation are: a data folder, or a database."""

    @property
    def engine(self) -> str: ...

    def opened(self, service: Service) -> AbstractContextManager[Store | None]:
        """The service's store, None where there is none. Raises CannotMove where it is in use or not up to date."""

    def making(self, service: Service) -> AbstractContextManager[NewStore]:
        """A new store, made by the migrations; it is there when the body ends without raising, whole or not at all."""
