"""A fair limiter: what takes long is done by few at a time, and everybody's turn comes.

Why reads have them: docs/decisions/0026-reading-lanes.md.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from servicekit.problems import TooManyAtOnce

REFUSAL_INTERVAL_S = 0.001  # some five times what an answer takes


class FairLimiter:
    """Lets `places` people in at once, each with one thing; who waits comes in turn, person by person.

    So what one person asks for, however often, holds another up by one thing for each place at most.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._inside: set[str] = set()
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}  # whose turn is next comes first
        self._present: Counter[str] = Counter()
        self._refused = 0  # who have not been told yet

    @asynccontextmanager
    async def limited(self, person: str, at_once_max: int) -> AsyncIterator[None]:
        """A place, unless `at_once_max` of theirs are here already, inside or waiting. Raises TooManyAtOnce."""
        if self._present[person] >= at_once_max:
            await self._wait_to_be_refused()
            raise TooManyAtOnce(at_once_max)
        self._present[person] += 1
        try:
            async with self.in_turn(person):
                yield
        finally:
            self._present[person] -= 1
            if not self._present[person]:
                del self._present[person]

    @asynccontextmanager
    async def in_turn(self, person: str) -> AsyncIterator[None]:
        """A place, however many of theirs wait."""
        await self._enter(person)
        try:
            yield
        finally:
            self._leave(person)

    async def _wait_to_be_refused(self) -> None:
        """One after another: answers to many at once would hold everybody up for as long as they take together."""
        self._refused += 1
        try:
            await asyncio.sleep(self._refused * REFUSAL_INTERVAL_S)
        finally:
            self._refused -= 1

    async def _enter(self, person: str) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(person, deque()).append(turn)
        self._call_next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._leave(person)
            else:
                self._give_up(person, turn)
            raise

    def _give_up(self, person: str, turn: asyncio.Future[None]) -> None:
        turns = self._waiting.get(person, deque())
        if turn in turns:  # nobody who called the next has passed over it
            turns.remove(turn)
            if not turns:
                del self._waiting[person]

    def _leave(self, person: str) -> None:
        self._inside.discard(person)
        self._free += 1
        self._call_next()

    def _call_next(self) -> None:
        """One that is cancelled, and has not come to itself yet, is passed over."""
        while self._free:
            person = next((one for one in self._waiting if one not in self._inside), None)
            if person is None:
                return
            turns = self._waiting.pop(person)
            turn = turns.popleft()
            if turns:
                self._waiting[person] = turns  # behind all others
            if not turn.done():
                self._free -= 1
                self._inside.add(person)
                turn.set_result(None)
