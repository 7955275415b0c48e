"""The database that a service's store stands on, whichever engine keeps it.

A store hands over whole functions that take a connection; each is one hop to a thread, however many statements it has.
Their SQL is what SQLite and PostgreSQL share, with SQLite's marks for parameters.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Concatenate, Literal, NamedTuple, ParamSpec, Protocol, TypeAlias, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]


class DatabaseError(Exception):
    """A statement could not be carried out, or not for certain."""


class Outdated(Exception):
    """What a transaction saw has changed meanwhile: it is to be tried again."""


class Row(Protocol):
    """Its columns have places and names."""

    def __getitem__(self, key: Any, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def keys(self) -> Any: ...


class Cursor(Protocol):
    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """What a statement runs on, in the thread that it was handed to."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Cursor: ...
    def executemany(self, sql: str, parameters: Any, /) -> Any: ...


Statement = Callable[Concatenate[Any, P], T]


class LongReads(NamedTuple):
    """What bounds the reads that may take long: how many of a person's at once, and the time of each."""

    at_once_max: int = 4
    time_s_max: float = 5.0


USUAL_LONG_READS = LongReads()


class Database(ABC):
    """Commits are durable when they return. What cannot be stored or read raises NotStored, or DatabaseError."""

    engine: ClassVar[Literal["sqlite", "postgresql"]]

    def __init__(self, store_id: str) -> None:
        self.id = store_id

    @abstractmethod
    async def read(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `statement(connection, …)` returns: for what an index answers at once."""

    @abstractmethod
    async def read_few(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for at most a page of rows: they may be read on the caller's thread, where that is quicker."""

    @abstractmethod
    async def read_long(self, person: str, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for what may take long, in a fair order between those who ask.

        Raises TooManyAtOnce for who asks for too much at the same time, and TookTooLong.
        """

    @abstractmethod
    async def read_in_turn(self, person: str, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same, but who asks for much waits for it instead of being refused. Raises TookTooLong."""

    @abstractmethod
    async def write(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`statement(connection, …)` as one transaction; rolled back if it raises."""

    @abstractmethod
    async def write_many(self, statement: Statement[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same for what has many short statements: they may run on the caller's thread, where that is quicker."""

    @abstractmethod
    async def is_sound(self) -> bool:
        """Whether a durable write was proved a moment ago. Raises NotStored."""

    @abstractmethod
    async def has_room(self) -> bool:
        """Whether no less is free than there has to be."""

    @property
    @abstractmethod
    def disk_free_bytes(self) -> int | None:
        """Free for us where the data is; None where that is not ours to know. Raises OSError."""

    @property
    @abstractmethod
    def disk_total_bytes(self) -> int | None:
        """How large that disk is, likewise."""

    @abstractmethod
    async def close(self) -> None:
        """Wait for what is being written."""

    # Which store each list comes from that this store's service copies

    async def known_store(self, name: str) -> str | None:
        """The id of the store that has given the list `name` so far."""
        return await self.read(_known_store, name)

    async def put_known_store(self, name: str, store: str) -> None:
        await self.write(_put_known_store, name, store)


def _known_store(connection: Connection, name: str) -> str | None:
    row = connection.execute("SELECT store FROM neighbours WHERE list = ?", (name,)).fetchone()
    return str(row[0]) if row else None


def _put_known_store(connection: Connection, name: str, store: str) -> None:
    connection.execute(
        "INSERT INTO neighbours (list, store) VALUES (?, ?) ON CONFLICT (list) DO UPDATE SET store = excluded.store",
        (name, store),
    )


def last_number(connection: Connection, table: str) -> int:
    """The highest number that this table whose rows are numbered has given, also where its row is gone."""
    row = connection.execute("SELECT number FROM counters WHERE list = ?", (table,)).fetchone()
    return int(row[0]) if row else 0


def hold(connection: Connection, what: str) -> None:
    """Wait until no other transaction holds `what`, and hold it until this one ends; for who looks and then writes."""
    connection.execute("SELECT hold(?)", (what,)).fetchone()


def try_hold(connection: Connection, what: str) -> bool:
    """The same without waiting, for work that is done by one instance at a time; whether it is held."""
    return bool(connection.execute("SELECT try_hold(?)", (what,)).fetchone()[0])
