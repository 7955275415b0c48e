"""Passwords: argon2id (RFC 9106, low-memory profile) in threads, at most as many at once as cores."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias, TypeVar

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError

from auth_service.domain.refusals import TooManySignIns

T = TypeVar("T")
Hasher: TypeAlias = PasswordHasher
STRONG = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)


class PasswordMismatch(ValueError):
    """The password is not the one that the hash was made from."""


class Passwords:
    """A hash takes 64 MiB and cores for tens of milliseconds: their number and their queue are bounded."""

    def __init__(self, *, hasher: Hasher, waiting_max: int, cores: int = os.cpu_count() or 1) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(cores, "argon2")
        self._unfinished = 0
        self._unfinished_max = cores + waiting_max
        # Verified against where there is no user: made with the same parameters, it costs the same time.
        self._hash_of_nobody = hasher.hash(os.urandom(16))

    async def hash(self, password: str) -> str:
        """The hash to keep, with its parameters and salt. Raises TooManySignIns."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password: str, known_hash: str | None) -> None:
        """Return if the password is right. Raises PasswordMismatch; costs the same when there is no hash."""
        matches = await self._run(lambda: self._matches(password, known_hash or self._hash_of_nobody))
        if not matches or known_hash is None:
            raise PasswordMismatch

    def needs_rehash(self, known_hash: str) -> bool:
        """Whether the hash was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(known_hash)

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _matches(self, password: str, known_hash: str) -> bool:
        try:
            return self._hasher.verify(known_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._unfinished >= self._unfinished_max:
            raise TooManySignIns
        loop = asyncio.get_running_loop()
        self._unfinished += 1
        future = self._threads.submit(work)
        future.add_done_callback(lambda done: loop.call_soon_threadsafe(self._finished, done))
        return await asyncio.wrap_future(future)

    def _finished(self, _: Future[T]) -> None:
        """Counted when the thread is free again, not when the caller has gone."""
        self._unfinished -= 1
