"""Passwords: argon2id (RFC 9106, low-memory profile) in threads, at most as many at once as cores."""

import asyncio
import os
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeAlias, TypeVar

from argon2 import PasswordHasher, profiles
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from auth_service.domain.fair_queue import FairQueue, Place
from auth_service.domain.refusals import TooManySignIns
from auth_service.domain.rules import composed_password

T = TypeVar("T")
Hasher: TypeAlias = PasswordHasher
STRONG = PasswordHasher.from_parameters(profiles.RFC_9106_LOW_MEMORY)


class PasswordMismatch(ValueError):
    """The password is not the one that the hash was made from."""


def hash_of_nobody(hasher: Hasher) -> str:
    """What is verified against where there is no user: with the same parameters it costs the same time.

    It is chance, since no password has to match it; to hash one would hold up the start for 150 ms.
    """
    parameters = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = (b64encode(os.urandom(length)).decode().rstrip("=") for length in (hasher.salt_len, hasher.hash_len))
    return f"$argon2{hasher.type.name.lower()}$v={ARGON2_VERSION}${parameters}${salt}${digest}"


class _Job:
    """Work that a thread is to do, and what comes of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self.work = work
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


class Passwords:
    """A hash takes 64 MiB and cores for tens of milliseconds: their number is bounded, and their queue is and is fair.

    Passwords are composed (NFC, RFC 8265 §4.2). One that was hashed before that was the rule is found as it is typed.
    """

    def __init__(self, *, hasher: Hasher, waiting_max: int, cores: int = os.cpu_count() or 1) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(cores, "argon2")
        self._queue = FairQueue[_Job](waiting_max=waiting_max)
        self._idle = cores
        self._hash_of_nobody = hash_of_nobody(hasher)

    async def hash(self, password: str, place: Place) -> str:
        """The hash to keep, with its parameters and salt. Raises TooManySignIns."""
        return await self._run(place, lambda: self._hasher.hash(composed_password(password)))

    async def verify(self, password: str, known_hash: str | None, place: Place) -> bool:
        """Whether the hash is good to keep, if the password is right: made of its composed form, as is done today.

        Raises PasswordMismatch, which costs the same where there is no hash: how often a wrong password is tried
        depends on nothing but how it is typed. Raises TooManySignIns.
        """
        composed = composed_password(password)
        forms = (password,) if password == composed else (composed, password)
        matching = await self._run(place, lambda: self._matching(forms, known_hash or self._hash_of_nobody))
        if matching is None or known_hash is None:
            raise PasswordMismatch
        return matching == composed and not self._hasher.check_needs_rehash(known_hash)

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _matching(self, forms: tuple[str, ...], known_hash: str) -> str | None:
        return next((form for form in forms if self._matches(form, known_hash)), None)

    def _matches(self, password: str, known_hash: str) -> bool:
        try:
            return self._hasher.verify(known_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, place: Place, work: Callable[[], T]) -> T:
        job = _Job(work)
        refused = self._queue.add(job, place)
        if refused is not None:
            refused.done.set_exception(TooManySignIns())
        self._start()
        try:
            result: T = await job.done
        except asyncio.CancelledError:
            self._queue.discard(job)
            raise
        return result

    def _start(self) -> None:
        """As many of those who wait as there are idle cores."""
        loop = asyncio.get_running_loop()
        while self._idle and (job := self._queue.take()) is not None:
            self._idle -= 1
            future = self._threads.submit(job.work)
            future.add_done_callback(lambda done, job=job: loop.call_soon_threadsafe(self._finished, job, done))  # type: ignore[misc]

    def _finished(self, job: _Job, work: Future[Any]) -> None:
        """The thread is free again, whether or not the caller is still there."""
        self._idle += 1
        if not job.done.done() and not work.cancelled():
            error = work.exception()
            job.done.set_result(work.result()) if error is None else job.done.set_exception(error)
        self._start()
