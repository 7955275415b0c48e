"""Prompt replies: what Redis says to somebody who goes on without it when it takes its time."""

import asyncio

from servicekit.bus import Bus, BusUnavailable, Command, Reply

WAIT_S_MAX = 0.5


class PromptReply:
    """What became of one command. Nobody has to wait for it."""

    __slots__ = ("_asked",)

    def __init__(self, bus: Bus, command: Command) -> None:
        self._asked = bus.execute(command)
        self._asked.add_done_callback(_forget)

    @property
    def is_refused(self) -> bool:
        """Whether Redis has said no: it is full, say."""
        asked = self._asked
        return asked.done() and asked.exception() is None and isinstance(asked.result()[0], Exception)

    async def get(self, *, within_s: float = WAIT_S_MAX) -> Reply | None:
        """None where Redis is away, refuses, or takes longer; then the command may still be carried out."""
        done, _ = await asyncio.wait([self._asked], timeout=within_s)
        if not done:
            return None
        try:
            (reply,) = self._asked.result()
        except BusUnavailable:
            return None
        return None if isinstance(reply, Exception) else reply


def _forget(asked: asyncio.Future[list[Reply]]) -> None:
    """Look at the exception, so that asyncio does not report it as missed."""
    if not asked.cancelled():
        asked.exception()
