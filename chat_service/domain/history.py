"""History: which part of what was said is asked for."""

import msgspec


class Page(msgspec.Struct, frozen=True):
    """At most `limit` messages before or after a message id; with `around`, as many on both sides of it."""

    before: int | None = None
    after: int | None = None
    around: int | None = None
    limit: int = 50
