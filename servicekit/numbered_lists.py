"""Numbered lists: how one service lists for the others what it has, in pages, as `/internal/…?after=&limit=`.

Each entry has a number, which grows. With a page comes the id of the store that lists it, and the last number that this
store has given, so that who copies the list notices when it is another one than before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import msgspec

from servicekit.database import Database, last_number

PAGE_MAX = 500
EntryT = TypeVar("EntryT")


class ListQuery(msgspec.Struct, frozen=True):
    after: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=PAGE_MAX)] = PAGE_MAX


@dataclass(frozen=True)
class Page(Generic[EntryT]):
    """The next entries of a list, which store lists them, and the last number that it has given to any."""

    entries: Sequence[EntryT]
    store: str
    last: int


class PageBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the body of a page says beside its entries; nothing, where the code of the other service is older."""

    store: str = ""
    last: int = 0

    def page(self, entries: Sequence[EntryT]) -> Page[EntryT]:
        return Page(entries, self.store, self.last)


async def store_and_last(database: Database, table: str) -> dict[str, str | int]:
    """What a page says beside its entries, which are rows of `table`; asked for after they were read."""
    return {"store": database.id, "last": await database.read(last_number, table)}
