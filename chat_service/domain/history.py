"""History: which part of what was said is asked for."""

from typing import NamedTuple

import msgspec


class Page(msgspec.Struct, frozen=True):
    """At most `limit` messages before or after a message id; with `around`, as many on both sides of it.

    `is_unread`: from the first on that the reader has not seen, which may be their own or deleted.
    """

    before: int | None = None
    after: int | None = None
    around: int | None = None
    is_unread: bool = False
    limit: int = 50


class Replies(NamedTuple):
    """What answers a message: the number of those that are not deleted, and the last that ever did."""

    number: int
    last_id: int
