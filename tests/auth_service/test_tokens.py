"""What is not a token of a living session opens nothing."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from msgspec import structs

from auth_service.settings import AuthSettings
from auth_service.tokens import Tokens, thumbprint
from servicekit.tokens import TokenVerifier
from tests.auth_service.people import Auth, Person, serving
from tests.clock import Clock
from tests.problems import code


async def published_key(auth: Auth) -> dict[str, Any]:
    (key,) = (await auth.http.get("/.well-known/jwks.json")).json()["keys"]
    return dict(key)


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})


def signed_by_the_service(settings: AuthSettings, clock: Clock, **claims: Any) -> str:
    """A token with a good signature, whatever it claims."""
    tokens = Tokens(secret=str(settings.secret_key), store="", clock=clock, new_id=lambda: "id")
    named: dict[str, Any] = {"username": "ada", "session_id": "none", "expires_at": int(clock()) + 60}
    return tokens.sign(now=clock(), **{**named, **claims})


async def assert_refused(auth: Auth, token: str) -> None:
    response = await auth.bearer(token).get("/api/user-profile")
    assert code(response) == (401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_token_names_its_issuer_person_session_and_times(auth: Auth, clock: Clock) -> None:
    ada = await auth.person("ada")
    header, claims = parts(ada.token)
    assert header == {"alg": "EdDSA", "typ": "JWT", "kid": (await published_key(auth))["kid"]}
    assert len(claims.pop("jti")) >= 16
    assert claims == {
        "iss": "parley",
        "sub": "ada",
        "sid": await ada.sid(),
        "iat": int(clock()),
        "exp": int(clock()) + 7 * 24 * 3600,
        "store": (await auth.http.get("/internal/profiles")).json()["store"],
    }


async def test_the_published_key_verifies_and_its_private_half_stays_here(auth: Auth, clock: Clock) -> None:
    ada = await auth.person("ada")
    key = await published_key(auth)
    assert key.keys() == {"kty", "crv", "x", "kid", "use", "alg"}
    verifier = TokenVerifier(clock=clock)
    verifier.trust({"keys": [key]})
    assert verifier.verify(ada.token).username == "ada"


def test_the_key_id_is_the_thumbprint_of_rfc_8037_appendix_a_3() -> None:
    example = {"crv": "Ed25519", "kty": "OKP", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(example) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


async def test_the_same_secret_makes_the_same_key_and_another_makes_another(
    settings: AuthSettings, clock: Clock
) -> None:
    other = structs.replace(settings, secret_key="another secret altogether")
    keys = []
    for chosen in (settings, settings, other):
        async with serving(chosen, clock) as auth:
            keys.append((await published_key(auth))["x"])
    assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "null", "." * 3, "e30.e30.e30"])
async def test_what_is_no_token_is_refused(asked: Auth, token: str) -> None:
    headers = {b"Authorization": f"Bearer {token}".encode()}
    response = await asked.http.get("/api/user-profile", headers=headers)
    assert code(response) == (401, "unauthenticated")


async def test_a_header_nested_without_end_is_refused(asked: Auth) -> None:
    head = base64.urlsafe_b64encode(b"[" * 20_000).decode().rstrip("=")
    await assert_refused(asked, f"{head}.e30.e30")


@pytest.mark.parametrize("authorization", ["", "Basic YWRhOmFkYQ==", "Bearer", "ada"])
async def test_without_a_bearer_token_nobody_passes(asked: Auth, authorization: str) -> None:
    response = await asked.http.get("/api/user-profile", headers={"Authorization": authorization})
    assert code(response) == (401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_token_is_good_until_it_expires_and_not_a_second_longer(auth: Auth, clock: Clock) -> None:
    ada = await auth.person("ada")
    clock.forward(7 * 24 * 3600 - 1)
    assert await ada.is_signed_in()
    clock.forward(1)
    await assert_refused(auth, ada.token)


async def test_the_lifetime_of_a_token_is_a_setting(settings: AuthSettings, clock: Clock) -> None:
    async with serving(structs.replace(settings, token_lifetime_s=30), clock) as auth:
        ada = await auth.person("ada")
        assert (await ada.post("/api/refresh")).json()["expires_in"] == 30
        clock.forward(30)
        await assert_refused(auth, ada.token)


async def test_a_token_of_another_key_is_refused_even_under_our_key_id(asked: Auth, asker: Person) -> None:
    header, claims = parts(asker.token)
    forged = jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", headers={"kid": header["kid"]})
    await assert_refused(asked, forged)


async def test_a_token_of_an_unknown_key_is_refused(auth: Auth) -> None:
    _, claims = parts((await auth.person("ada")).token)
    await assert_refused(auth, jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", headers={"kid": "mine"}))


async def test_a_token_without_key_id_is_refused(settings: AuthSettings, auth: Auth, clock: Clock) -> None:
    _, claims = parts((await auth.person("ada")).token)
    signer = Tokens(secret=str(settings.secret_key), store="", clock=clock, new_id=lambda: "id")
    await assert_refused(auth, jwt.encode(claims, signer._key, "EdDSA"))  # noqa: SLF001 - the forger has our key


async def test_alg_none_is_refused(auth: Auth) -> None:
    header, claims = parts((await auth.person("ada")).token)
    await assert_refused(auth, jwt.encode(claims, "", "none", headers={"kid": header["kid"]}))


@pytest.mark.parametrize("shape", ["x", "jwk", "pem"])
async def test_hs256_with_the_public_key_as_its_secret_is_refused(asked: Auth, asker: Person, shape: str) -> None:
    header, claims = parts(asker.token)
    key = await published_key(asked)
    public = OKPAlgorithm.from_jwk(key).public_bytes(  # type: ignore[union-attr]
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    secrets = {"x": key["x"].encode(), "jwk": json.dumps(key).encode(), "pem": public}
    await assert_refused(asked, hs256(claims, secrets[shape], kid=header["kid"]))


def hs256(claims: dict[str, Any], secret: bytes, **header: str) -> str:
    """Made by hand: PyJWT will not sign with what looks like a public key."""

    def part(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    head = part(json.dumps({"alg": "HS256", "typ": "JWT", **header}).encode())
    body = f"{head}.{part(json.dumps(claims).encode())}"
    return f"{body}.{part(hmac.digest(secret, body.encode(), hashlib.sha256))}"


async def test_a_good_signature_for_a_session_that_never_was_opens_nothing(
    settings: AuthSettings, auth: Auth, clock: Clock
) -> None:
    await auth.person("ada")
    await assert_refused(auth, signed_by_the_service(settings, clock))


async def test_a_good_signature_for_another_persons_session_opens_nothing(
    settings: AuthSettings, auth: Auth, clock: Clock
) -> None:
    grace = await auth.person("grace")
    await auth.person("ada")
    await assert_refused(auth, signed_by_the_service(settings, clock, session_id=await grace.sid()))


async def test_a_session_that_was_deleted_from_the_store_opens_nothing(
    settings: AuthSettings, auth: Auth, clock: Clock
) -> None:
    ada = await auth.person("ada")
    clock.forward(9 * 24 * 3600)
    await auth.device("ada")  # a sign-in forgets what has long expired
    _, claims = parts(ada.token)
    revived = signed_by_the_service(settings, clock, session_id=claims["sid"])
    await assert_refused(auth, revived)
