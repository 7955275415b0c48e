"""Who may pass: tokens from header and cookie, keys and revocations of the issuer."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from redis.asyncio import Redis

from servicekit.authentication import KEYS_INTERVAL_S
from tests.gateway.gateways import System, code, system
from tests.gateway.passing import ask, passes
from tests.gateway.stand_ins import Exchange
from tests.valkey import Valkey
from tests.waiting import eventually

FORGERIES = [
    "expired",
    "another key",
    "unknown key",
    "no kid",
    "alg none",
    "hs256 with x",
    "hs256 with pem",
    "without session",
    "another issuer",
    "cut",
    "changed",
    "empty parts",
    "no token",
]


def forged(whole: System, how: str) -> str:
    good = whole.issuer.token()
    head: dict[str, Any] = jwt.get_unverified_header(good)
    claims: dict[str, Any] = jwt.decode(good, options={"verify_signature": False})
    ours, other = whole.issuer.tokens._key, Ed25519PrivateKey.generate()  # noqa: SLF001 - the forger has our key
    (public,) = whole.issuer.tokens.key_set["keys"]
    kid = {"kid": head["kid"]}
    pem = OKPAlgorithm.from_jwk(public).public_bytes(  # type: ignore[union-attr]
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    made: dict[str, Any] = {
        "expired": lambda: whole.issuer.token(expires_in=0),
        "another key": lambda: jwt.encode(claims, other, "EdDSA", headers=kid),
        "unknown key": lambda: jwt.encode(claims, other, "EdDSA", headers={"kid": "mine"}),
        "no kid": lambda: jwt.encode(claims, ours, "EdDSA"),
        "alg none": lambda: jwt.encode(claims, "", "none", headers=kid),
        "hs256 with x": lambda: hs256(claims, public["x"].encode(), **kid),
        "hs256 with pem": lambda: hs256(claims, pem, **kid),
        "without session": lambda: jwt.encode({**claims, "sid": None}, ours, "EdDSA", headers=kid),
        "another issuer": lambda: jwt.encode({**claims, "iss": "evil"}, ours, "EdDSA", headers=kid),
        "cut": lambda: good[:-10],
        "changed": lambda: good.replace(good.split(".")[1][:6], "eyJhIj"[::-1], 1),
        "empty parts": lambda: "..",
        "no token": lambda: "\xe9t\xe9",
    }
    return str(made[how]())


def hs256(claims: dict[str, Any], secret: bytes, **header: str) -> str:
    """Made by hand: PyJWT will not sign with what looks like a public key."""

    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    signed = (
        f"{part(json.dumps({'alg': 'HS256', 'typ': 'JWT', **header}).encode())}.{part(json.dumps(claims).encode())}"
    )
    return f"{signed}.{part(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


@pytest.mark.parametrize("how", FORGERIES)
@pytest.mark.parametrize("place", ["header", "cookie", "tunnel"])
async def test_a_bad_token_is_refused_wherever_it_stands(whole: System, how: str, place: str) -> None:
    token = forged(whole, how)
    if place == "tunnel":
        async with whole.tunnel("/ws", {"Authorization": f"Bearer {token}"}) as wire:
            refused = await wire.answer()
        assert (code(refused), refused.header("www-authenticate")) == ((401, "unauthenticated"), "Bearer")
    else:
        headers = {"Authorization": f"Bearer {token}"} if place == "header" else {"Cookie": f"access_token={token}"}
        answer = await ask(whole, headers)
        assert (code(answer), answer.headers["www-authenticate"]) == ((401, "unauthenticated"), "Bearer")
        assert token not in answer.text
    assert whole.requests == {}


async def test_a_token_passes_until_the_second_it_expires() -> None:
    now = [1_800_000_000.0]
    async with system(clock=lambda: now[0]) as whole:
        headers = whole.bearer(expires_in=60)
        for at, status in [(0, 200), (59.9, 200), (60, 401), (61, 401)]:
            now[0] = 1_800_000_000.0 + at
            assert (await ask(whole, headers)).status_code == status


@pytest.mark.parametrize(
    "scheme, status", [("Bearer", 200), ("bearer", 200), ("BEARER", 200), ("Basic", 401), ("Token", 401), ("", 401)]
)
async def test_a_token_in_the_header_is_a_bearers(whole: System, scheme: str, status: int) -> None:
    assert (await ask(whole, {"Authorization": f"{scheme} {whole.issuer.token()}".strip()})).status_code == status


async def test_the_header_counts_before_the_cookie(whole: System) -> None:
    await ask(whole, {**whole.bearer("ada"), **whole.cookie("grace")})
    assert whole.auth.last.header("authorization") == whole.bearer("ada")["Authorization"]
    bad = {"Authorization": "Bearer none", **whole.cookie("grace")}
    assert code(await ask(whole, bad)) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "cookies",
    [
        "access_token={}",
        "theme=dark; access_token={}",
        "access_token={}; theme=dark",
        'access_token="{}"',
        'prefs={{"a": [1, "b"]}}; access_token={}',
        "bad cookie; =x; access_token={}; \xe9=\xe9",
        "my_access_token=x; access_token_2=y; access_token={}",
        "access_token={}; access_token=planted",
        "a=b;access_token={}",
    ],
)
async def test_the_cookie_is_found_among_whatever_else_the_browser_sends(whole: System, cookies: str) -> None:
    assert (await ask(whole, {"Cookie": cookies.format(whole.issuer.token())})).status_code == 200


@pytest.mark.parametrize("cookies", ["", "access_token", "access_token=", "xaccess_token={}", "theme=access_token={}"])
async def test_without_the_cookie_nobody_passes(whole: System, cookies: str) -> None:
    answer = await ask(whole, {"Cookie": cookies.format(whole.issuer.token())})
    assert code(answer) == (401, "unauthenticated")


# The issuer


async def test_while_the_issuer_is_away_from_the_start_tokens_cannot_be_checked() -> None:
    async with system() as whole:
        await whole.auth.stop()
        answer = await whole.http.get("/api/rooms", headers=whole.bearer())
        assert code(answer) == (503, "unavailable")
        async with whole.tunnel("/ws", whole.bearer()) as wire:
            assert code(await wire.answer()) == (503, "unavailable")
        assert code(await whole.http.get("/api/rooms")) == (401, "unauthenticated")
        await whole.auth.start()
        await passes(whole, within_s=5)


async def test_who_was_known_still_passes_while_the_issuer_is_away() -> None:
    async with system() as whole:
        assert (await whole.http.get("/api/rooms", headers=whole.bearer())).status_code == 200
        await whole.auth.stop()
        assert (await whole.http.get("/api/rooms", headers=whole.bearer())).status_code == 200
        assert (await whole.http.get("/api/rooms", headers=whole.bearer("grace"))).status_code == 200


async def test_forged_key_ids_do_not_make_the_gateway_ask_the_issuer_each_time() -> None:
    asked = [0]
    async with system() as whole:
        keys = whole.auth.at["/.well-known/jwks.json"]

        async def counted(exchange: Exchange) -> None:
            asked[0] += 1
            await keys(exchange)

        whole.auth.at["/.well-known/jwks.json"] = counted
        headers = {"Authorization": f"Bearer {forged(whole, 'unknown key')}"}
        started_s = time.monotonic()
        for _ in range(50):
            assert code(await ask(whole, headers)) == (401, "unauthenticated")
        assert asked[0] <= 1 + (time.monotonic() - started_s) / KEYS_INTERVAL_S


async def test_a_revoked_session_is_refused_within_250_ms_over_redis() -> None:
    valkey = Valkey()
    valkey.start()
    try:
        async with system(redis_url=valkey.url) as whole:
            await eventually(lambda: len(whole.auth.open) > 0)
            assert (await ask(whole, whole.bearer())).status_code == 200
            await subscribed(valkey)
            await publish(valkey, "session-of-ada")
            await is_refused(whole, within_s=0.25)
            async with whole.tunnel("/ws", whole.bearer()) as wire:
                assert code(await wire.answer()) == (401, "unauthenticated")
            assert (await ask(whole, whole.bearer("grace"))).status_code == 200
    finally:
        valkey.close()


async def publish(valkey: Valkey, session_id: str) -> int:
    """Say that a session has ended; how many heard it."""
    async with Redis.from_url(valkey.url) as redis:
        return int(await redis.publish("parley:revocations", session_id))


async def subscribed(valkey: Valkey) -> None:
    """Return when the gateway listens."""

    async def is_heard() -> bool:
        return await publish(valkey, "nobody") == 1

    await eventually(is_heard, within_s=5)


async def test_a_revoked_session_is_refused_soon_without_redis_too(whole: System) -> None:
    assert (await ask(whole, whole.bearer())).status_code == 200
    whole.issuer.revoked.append("session-of-ada")
    await is_refused(whole, within_s=0.6)  # asked five times a second
    whole.issuer.revoked.clear()
    await passes(whole, within_s=2)


async def is_refused(whole: System, *, within_s: float) -> None:
    async def is_kept_out() -> bool:
        return (await ask(whole, whole.bearer())).status_code != 200

    await eventually(is_kept_out, within_s)
    assert code(await ask(whole, whole.bearer())) == (401, "unauthenticated")
