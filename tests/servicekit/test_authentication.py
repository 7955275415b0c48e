"""Authentication: the bearer of a good token passes, and a forger costs the issuer nothing."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from servicekit.authentication import bearer_token
from servicekit.problems import Unavailable
from servicekit.tokens import UnknownKey
from tests.servicekit.follower import KEYS, following
from tests.servicekit.issuer import NOW, Issuer, Key
from tests.waiting import eventually

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
