"""People of the system under test, and what they need to open a socket."""

import asyncio
import sys
import time
from dataclasses import dataclass
from uuid import uuid4

import httpx

from auth_service.tokens import Tokens

PASSWORD = "a password for benchmarks only"
# More than a small machine has cores: hashing passwords is the work, and the service queues what waits.
SIGN_UPS_AT_ONCE = 8
PROGRESS_EVERY = 32
TOKEN_TIME_S = 3600

# The limits protect a real installation from just what a benchmark does.
NO_LIMITS = {
    "PARLEY_MESSAGES_PER_SECOND": "0",
    "PARLEY_SIGN_INS_PER_MINUTE_USERNAME": "0",
    "PARLEY_SIGN_INS_PER_MINUTE_ADDRESS": "0",
    "PARLEY_REGISTRATIONS_PER_HOUR_ADDRESS": "0",
    "PARLEY_LINKS_PER_MINUTE_ADDRESS": "0",
    "PARLEY_CONNECTIONS_PER_PERSON": "0",
    "PARLEY_CONNECTIONS_PER_ADDRESS": "0",
}


@dataclass(frozen=True)
class Person:
    """Somebody who may open `/ws/{key}`: for Parley the key is a token, for the relay the name."""

    username: str
    key: str


def people_of_the_relay(count: int) -> list[Person]:
    return [Person(name, key=name) for name in _usernames(count)]


def people_with_tokens(secret: str, count: int) -> list[Person]:
    """People whose tokens are signed here, with the key that the auth service makes from the same secret.

    For thousands: registering and signing in are two password hashes a person, minutes of argon2. They have
    no account, so nobody can write to them.
    """
    tokens = Tokens(secret=secret, store="", clock=time.time, new_id=_new_id)
    now = time.time()

    def sign(username: str) -> str:
        expires_at = int(now) + TOKEN_TIME_S
        return tokens.sign(username=username, session_id=_new_id(), now=now, expires_at=expires_at)

    return [Person(name, key=sign(name)) for name in _usernames(count)]


async def sign_up_people(url: str, count: int) -> list[Person]:
    """Registered and signed in as anyone else is, through the gateway."""
    at_once = asyncio.Semaphore(SIGN_UPS_AT_ONCE)

    async def sign_up(number: int, username: str) -> Person:
        async with at_once:
            person = await _sign_up(client, username)
        if number % PROGRESS_EVERY == 0:
            print(f"  {number} of {count} people signed up", file=sys.stderr)
        return person

    async with httpx.AsyncClient(base_url=url, timeout=60) as client:
        return await asyncio.gather(*(sign_up(*one) for one in enumerate(_usernames(count), start=1)))


async def _sign_up(client: httpx.AsyncClient, username: str) -> Person:
    account = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
    (await client.post("/api/register", json=account)).raise_for_status()
    form = {"username": username, "password": PASSWORD}
    answer = (await client.post("/api/login", data=form)).raise_for_status()
    return Person(username, key=answer.json()["access_token"])


def _usernames(count: int) -> list[str]:
    return [f"bench-{number:05}" for number in range(count)]


def _new_id() -> str:
    return uuid4().hex
