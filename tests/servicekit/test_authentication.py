"""Authentication: who was revoked does not pass, whatever is away; and a forger costs the issuer nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from launcher.ports import find_free
from servicekit.authentication import REREAD_INTERVAL_S, REVOCATIONS_CHANNEL, Authentication, bearer_token
from servicekit.bus import Bus
from servicekit.problems import Unauthenticated, Unavailable
from servicekit.server import running
from servicekit.tokens import UnknownKey
from tests.servicekit.issuer import NOW, Issuer, Key
from tests.valkey import Valkey
from tests.waiting import eventually

WAIT_S = 5.0
KEYS, REVOCATIONS = "/.well-known/jwks.json", "/internal/revocations"


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


class Follower:
    """A service that follows the issuer, and what its listeners were told."""

    def __init__(self, authentication: Authentication, bus: Bus, clock: Clock) -> None:
        self.authentication = authentication
        self.bus = bus
        self.clock = clock
        self.told: list[str] = []
        authentication.on_revoked(self.told.append)

    async def passes(self, token: str | None) -> str | None:
        """The name of the bearer, or None when the token is refused."""
        try:
            async with asyncio.timeout(WAIT_S):
                return (await self.authentication.authenticate(token)).username
        except Unauthenticated:
            return None

    async def is_current(self) -> None:
        await eventually(lambda: self.authentication.is_current and self.bus.is_connected)

    async def publish(self, session_id: str | bytes) -> None:
        await self.bus.execute(("PUBLISH", self.bus.channel(REVOCATIONS_CHANNEL), session_id))


@asynccontextmanager
async def following(
    issuer: Issuer,
    redis_url: str,
    *,
    poll_interval_s: float = 0.01,
    keys_interval_s: float = 0.5,
    reread_interval_s: float = 60,
) -> AsyncIterator[Follower]:
    clock, bus = Clock(), Bus(redis_url, retry_s=0.01)
    async with httpx.AsyncClient(timeout=WAIT_S, trust_env=False) as http:
        authentication = Authentication(
            issuer_url=issuer.url,
            http=http,
            bus=bus,
            clock=clock,
            poll_interval_s=poll_interval_s,
            keys_interval_s=keys_interval_s,
            reread_interval_s=reread_interval_s,
        )
        follower = Follower(authentication, bus, clock)
        async with running(bus.run(), authentication.run()):
            yield follower


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    own = Issuer()
    await own.start()
    yield own
    own.may_answer.set()
    await own.stop()


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    with closing(Valkey(port=find_free(1)[0])) as own:
        own.start()
        yield own


@pytest.fixture
def nowhere(tmp_path: Any) -> str:
    """Redis is away, and stays away."""
    return f"unix://{tmp_path}/no-redis.sock"


# Who passes


async def test_the_bearer_of_a_good_token_passes_until_it_expires(issuer: Issuer, nowhere: str) -> None:
    async with following(issuer, nowhere) as gateway:
        token = issuer.key.sign()
        identity = await gateway.authentication.authenticate(token)
        assert (identity.username, identity.session_id, identity.expires_at) == ("ada", "s1", int(NOW) + 60)
        gateway.clock.now += 59
        assert gateway.authentication.identify(token) == identity
        gateway.clock.now += 1
        assert await gateway.passes(token) is None


@pytest.mark.parametrize("token", [None, "", "x", "a.b.c"])
async def test_without_a_token_nobody_passes_and_the_issuer_is_not_asked(
    issuer: Issuer, nowhere: str, token: str | None
) -> None:
    async with following(issuer, nowhere) as gateway:
        assert await gateway.passes(token) is None
    assert KEYS not in issuer.asked


async def test_only_those_who_can_wait_learn_of_an_unknown_key(issuer: Issuer, nowhere: str) -> None:
    async with following(issuer, nowhere) as gateway:
        with pytest.raises(UnknownKey):
            gateway.authentication.identify(issuer.key.sign())


# Keys


async def test_keys_are_fetched_once_for_all_who_come_at_the_same_time(issuer: Issuer, nowhere: str) -> None:
    async with following(issuer, nowhere) as gateway:
        tokens = [issuer.key.sign(jti=str(number)) for number in range(20)]
        assert await asyncio.gather(*map(gateway.passes, tokens)) == ["ada"] * 20
    assert issuer.asked.count(KEYS) == 1


async def test_forged_key_ids_do_not_make_the_issuer_work(issuer: Issuer, nowhere: str) -> None:
    async with following(issuer, nowhere) as gateway:
        assert await gateway.passes(issuer.key.sign()) == "ada"
        forged = [Key(f"forged {number}").sign() for number in range(50)]
        assert await asyncio.gather(*map(gateway.passes, forged)) == [None] * 50
        assert await gateway.passes(issuer.key.sign(jti="another")) == "ada"
    assert issuer.asked.count(KEYS) <= 2


async def test_while_the_issuer_has_never_answered_a_token_is_not_refused_but_asked_to_come_again(
    issuer: Issuer, nowhere: str
) -> None:
    await issuer.stop()
    async with following(issuer, nowhere, keys_interval_s=0.01) as gateway:
        token = issuer.key.sign()
        with pytest.raises(Unavailable):
            await gateway.authentication.authenticate(token)
        await issuer.start()

        async def is_let_in() -> bool:
            with suppress(Unavailable):
                assert await gateway.passes(token) == "ada"
                return True
            return False

        await eventually(is_let_in)


@pytest.mark.parametrize("keys", [None, [], [{"kty": "nonsense"}], "nonsense", [1]])
async def test_an_issuer_with_nonsense_for_keys_is_as_good_as_away(issuer: Issuer, nowhere: str, keys: Any) -> None:
    issuer.keys = keys
    async with following(issuer, nowhere) as gateway:
        with pytest.raises(Unavailable):
            await gateway.authentication.authenticate(issuer.key.sign())


async def test_a_new_key_of_the_issuer_is_found(issuer: Issuer, nowhere: str) -> None:
    async with following(issuer, nowhere, keys_interval_s=0.01) as gateway:
        assert await gateway.passes(issuer.key.sign()) == "ada"
        new = Key("k2")
        issuer.keys = [issuer.key.public(), new.public()]
        await eventually(lambda: gateway.passes(new.sign()))
        assert await gateway.passes(issuer.key.sign()) == "ada"


# Revocations


async def test_a_session_revoked_before_the_start_does_not_pass(issuer: Issuer, nowhere: str) -> None:
    issuer.revoked = ["s1"]
    async with following(issuer, nowhere) as gateway:
        await eventually(lambda: gateway.authentication.is_current)
        assert await gateway.passes(issuer.key.sign()) is None
        assert await gateway.passes(issuer.key.sign(sid="s2")) == "ada"


async def test_a_revocation_is_followed_as_soon_as_it_is_published(issuer: Issuer, valkey_url: str) -> None:
    async with following(issuer, valkey_url) as gateway:
        await gateway.is_current()
        token = issuer.key.sign()
        assert await gateway.passes(token) == "ada"
        await gateway.publish("s1")
        assert gateway.told == ["s1"]
        assert await gateway.passes(token) is None


async def test_listeners_are_told_of_each_session_once_by_whichever_way_it_comes(
    issuer: Issuer, valkey_url: str
) -> None:
    async with following(issuer, valkey_url) as gateway:
        await gateway.is_current()
        also_told: list[str] = []
        gateway.authentication.on_revoked(also_told.append)
        for session_id in ("s1", "s2", "s1"):
            await gateway.publish(session_id)
        issuer.revoked = ["s1", "s2", "s3"]
        gateway.authentication.revoke("s2")
        gateway.authentication._stale.set()  # noqa: SLF001 - as after a reconnection
        await eventually(lambda: "s3" in gateway.told)
        assert gateway.told == also_told == ["s1", "s2", "s3"]


async def test_how_long_it_took_is_measured_where_a_connection_was_closed_and_the_end_was_told_at_once(
    issuer: Issuer, valkey_url: str
) -> None:
    def measured() -> tuple[float, float]:
        count, total = (REGISTRY.get_sample_value(f"parley_revocation_seconds_{part}") for part in ("count", "sum"))
        return count or 0, total or 0

    async with following(issuer, valkey_url) as gateway:
        await gateway.is_current()
        count, total = measured()
        await gateway.publish(f"s1 {NOW - 0.25:.4f}")  # nobody has a connection of it
        assert measured() == (count, total)
        gateway.authentication.on_revoked(lambda _: True)
        await gateway.publish(f"s2 {NOW - 0.25:.4f}")
        assert measured()[0] == count + 1
        assert measured()[1] - total == pytest.approx(0.25)
        await gateway.publish(f"s2 {NOW - 0.25:.4f}")  # again
        await gateway.publish("s3")  # at a time that is not known
        assert gateway.told == ["s1", "s2", "s3"]
        assert measured()[0] == count + 1


async def test_news_that_are_not_readable_cost_nothing(issuer: Issuer, valkey_url: str) -> None:
    async with following(issuer, valkey_url) as gateway:
        await gateway.is_current()
        await gateway.publish(b"\xff")
        await gateway.publish("s1")
        assert gateway.told == ["s1"]


async def test_while_redis_is_connected_the_issuer_is_left_in_peace(issuer: Issuer, valkey_url: str) -> None:
    async with following(issuer, valkey_url, poll_interval_s=0.001) as gateway:
        await gateway.is_current()
        await issuer_is_quiet(issuer)
        assert gateway.authentication.is_current


async def issuer_is_quiet(issuer: Issuer) -> None:
    """Nobody asks for as long as five polls or more would take: nothing else tells that nobody is about to."""
    async with asyncio.timeout(WAIT_S):
        asked = -1
        while asked != len(issuer.asked):
            asked = len(issuer.asked)
            await asyncio.sleep(0.05)


async def test_without_redis_the_issuer_is_polled(issuer: Issuer, nowhere: str) -> None:
    async with following(issuer, nowhere) as gateway:
        token = issuer.key.sign()
        assert await gateway.passes(token) == "ada"
        issuer.revoked = ["s1"]
        await eventually(lambda: gateway.told == ["s1"])
        assert await gateway.passes(token) is None


async def test_a_revocation_that_was_told_on_another_bus_is_read_in_the_end(issuer: Issuer, valkey_url: str) -> None:
    async with following(issuer, valkey_url, poll_interval_s=60, reread_interval_s=0.01) as gateway:
        await gateway.is_current()
        asked = len(issuer.asked)
        await eventually(lambda: len(issuer.asked) > asked + 5)  # nothing has happened that one could be told of
        issuer.revoked = ["s1"]
        await eventually(lambda: gateway.told == ["s1"])
        assert await gateway.passes(issuer.key.sign()) is None
    assert REREAD_INTERVAL_S <= 10


async def test_what_was_revoked_while_redis_was_away_is_read_when_it_is_back(issuer: Issuer, valkey: Valkey) -> None:
    async with following(issuer, valkey.url, poll_interval_s=60) as gateway:
        await gateway.is_current()
        asked = len(issuer.asked)
        valkey.kill()
        await eventually(lambda: len(issuer.asked) > asked)  # the loss itself is a reason to look
        issuer.revoked = ["s1"]
        valkey.start()
        await eventually(lambda: gateway.told == ["s1"])
        assert await gateway.passes(issuer.key.sign()) is None


async def test_what_is_revoked_while_the_list_is_read_is_not_forgotten(issuer: Issuer, valkey_url: str) -> None:
    async with following(issuer, valkey_url) as gateway:
        await gateway.is_current()
        await issuer_is_quiet(issuer)
        issuer.revoked = ["s1"]
        issuer.may_answer.clear()
        gateway.authentication._stale.set()  # noqa: SLF001 - as after a reconnection
        await issuer.is_asked_for(REVOCATIONS)
        await gateway.publish("s2")
        issuer.may_answer.set()
        await eventually(lambda: "s1" in gateway.told)
        await issuer_is_quiet(issuer)
        assert gateway.told == ["s2", "s1"]
        for session_id in ("s1", "s2"):
            assert await gateway.passes(issuer.key.sign(sid=session_id)) is None


async def test_what_the_issuer_forgets_is_forgotten(issuer: Issuer, nowhere: str) -> None:
    issuer.revoked = ["s1"]
    async with following(issuer, nowhere) as gateway:
        await eventually(lambda: gateway.told == ["s1"])
        issuer.revoked = []
        await issuer.is_asked_for(REVOCATIONS, times=2)
        assert await gateway.passes(issuer.key.sign()) == "ada"


async def test_without_the_issuer_the_list_is_not_current_and_what_is_known_holds(
    issuer: Issuer, valkey_url: str
) -> None:
    async with following(issuer, valkey_url) as gateway:
        token = issuer.key.sign()
        assert await gateway.passes(token) == "ada"
        await gateway.is_current()
        await gateway.publish("s1")
        await issuer.stop()
        gateway.authentication._stale.set()  # noqa: SLF001 - as after a reconnection
        await eventually(lambda: not gateway.authentication.is_current)
        assert await gateway.passes(token) is None
        issuer.revoked = ["s1"]
        await issuer.start()
        await gateway.is_current()
        assert await gateway.passes(token) is None


@pytest.mark.parametrize("revoked", [None, 7, [["s1"]], [{}]])
async def test_an_issuer_with_nonsense_for_a_list_is_as_good_as_away(
    issuer: Issuer, nowhere: str, revoked: Any
) -> None:
    issuer.revoked = revoked
    async with following(issuer, nowhere) as gateway:
        await issuer.is_asked_for(REVOCATIONS, times=2)
        assert not gateway.authentication.is_current
        issuer.revoked = ["s1"]
        await eventually(lambda: gateway.told == ["s1"])


async def test_it_ends_when_it_is_told_to_although_redis_goes_at_the_same_moment(
    issuer: Issuer, valkey: Valkey
) -> None:
    for _ in range(5):
        async with asyncio.timeout(WAIT_S), following(issuer, valkey.url) as gateway:
            await gateway.is_current()
            valkey.kill()
        valkey.start()
        assert not gateway.bus.is_connected


# The header


@pytest.mark.parametrize(
    "header, token",
    [
        (None, None),
        ("", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("Basic YWRhOmFkYQ==", None),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
    ],
)
def test_the_token_is_what_follows_the_word_bearer(header: str | None, token: str | None) -> None:
    assert bearer_token(header) == token
