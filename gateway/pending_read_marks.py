"""Read marks under way: those that a page sends when it has gone, so that the reader's next page can wait for them."""

import asyncio
from collections.abc import Awaitable


class PendingReadMarks:
    """Without it, who goes on quickly would see as unread what they have just seen."""

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Event] = {}  # the last one of each username

    async def send(self, username: str, sending: Awaitable[object]) -> None:
        """Await `sending`, which marks something as read for that person. Raises as it does."""
        has_ended = self._under_way[username] = asyncio.Event()
        try:
            await sending
        finally:
            has_ended.set()
            if self._under_way.get(username) is has_ended:
                del self._under_way[username]

    async def wait(self, username: str) -> None:
        """Return when none is under way that was begun before."""
        if (has_ended := self._under_way.get(username)) is not None:
            await has_ended.wait()
