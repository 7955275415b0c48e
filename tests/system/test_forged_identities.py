"""Tokens that were forged, headers of the inside, and cookies on pages of other sites: nobody is who they are not."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.system.parleys import Parley, code
from tests.system.people import PASSWORD, handshake_status
from tests.system.raw_http import raw


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forged(token: str, public_key: dict[str, str]) -> dict[str, str]:
    """What an attacker makes of a good token and the public key."""
    head, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    signed_head, _, signature = token.split(".")
    body = encoded(claims)
    raw_key = base64.urlsafe_b64decode(public_key["x"] + "=")

    def with_hs256(secret: bytes) -> str:
        unsigned = f"{encoded({**head, 'alg': 'HS256'})}.{body}"
        digest = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
        return f"{unsigned}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"

    another_key = Ed25519PrivateKey.generate()
    return {
        "nothing": "x",
        "three parts of nothing": "a.b.c",
        "alg none": f"{encoded({**head, 'alg': 'none'})}.{body}.",
        "alg None, signature kept": f"{encoded({**head, 'alg': 'None'})}.{body}.{signature}",
        "HS256 with the public key": with_hs256(raw_key),
        "HS256 with the public key as JSON": with_hs256(json.dumps(public_key).encode()),
        "HS256 with nothing": with_hs256(b""),
        "another key, the same kid": jwt.encode(claims, another_key, "EdDSA", headers={"kid": head["kid"]}),
        "another key, its own kid": jwt.encode(claims, another_key, "EdDSA", headers={"kid": "mine"}),
        "another key in the head": jwt.encode(
            claims, another_key, "EdDSA", headers={"jwk": public_key, "jku": "http://127.0.0.1/"}
        ),
        "no kid": f"{encoded({'alg': 'EdDSA', 'typ': 'JWT'})}.{body}.{signature}",
        "kid is a path": f"{encoded({**head, 'kid': '../../dev/null'})}.{body}.{signature}",
        "somebody else's name": f"{signed_head}.{encoded({**claims, 'sub': 'root'})}.{signature}",
        "a longer life": f"{signed_head}.{encoded({**claims, 'exp': 2**40})}.{signature}",
        "no signature": f"{signed_head}.{body}.",
        "deep": f"{encoded(head)}.{'W' * 20_000}.{signature}",
    }


async def test_forged_tokens_open_nothing(shared: Parley) -> None:
    ada = await shared.person("ada")
    (public_key,) = (await shared.http.get("/.well-known/jwks.json")).json()["keys"]
    for what, token in forged(ada.token, public_key).items():
        for headers in ({"Authorization": f"Bearer {token}"}, {"Cookie": f"access_token={token}"}):
            answer = await shared.http.get("/api/user-profile", headers=headers)
            assert code(answer) == (401, "unauthenticated"), what
            assert answer.headers["www-authenticate"] == "Bearer"
        for url in (f"{shared.system.ws_url}/ws/{token}", f"{shared.system.ws_url}/ws?token={token}"):
            assert await handshake_status(url) == 401, what
    for token in ("", "%00", "%ff", "%2e%2e%2e", "a" * 30_000):
        assert await handshake_status(f"{shared.system.ws_url}/ws/{token}") == 401
    for authorization in (b"Bearer", b"Bearer \xff\xfe", b"Basic YTpi", ada.token.encode()):
        answer = await shared.http.get("/api/user-profile", headers={b"Authorization": authorization})
        assert answer.status_code == 401
    assert (await ada.get("/api/user-profile"))["username"] == ada.name


async def test_identity_headers_of_a_client_mean_nothing(shared: Parley) -> None:
    ada, bob = await shared.people("ada", "bob")
    names = ("X-User", "X-Username", "X-User-Id", "X-Auth-User", "X-Parley-Username", "X-Forwarded-User", "Remote-User")
    addresses = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    claims = dict.fromkeys(names, bob.name) | addresses
    assert (await shared.http.get("/api/user-profile", headers=claims)).status_code == 401
    assert await handshake_status(f"{shared.system.ws_url}/ws", additional_headers=claims) == 401
    assert (await ada.ask("GET", "/api/user-profile", headers=claims)).json()["username"] == ada.name
    credentials = {"username": ada.name, "password": PASSWORD}
    assert (await shared.http.post("/api/user/login", json=credentials, headers=claims)).status_code == 200
    assert {session["address"] for session in await ada.get("/api/sessions")} == {"127.0.0.1"}
    for path in ("/internal/profiles", "/internal/revocations"):
        for disguise in (
            "{0}",
            "/{0}",
            "/api/search-user/..{0}",
            "/api/search-user/ada/../..{0}",
            "/api/users/%2e%2e{0}",
        ):
            request = f"GET {disguise.format(path)} HTTP/1.1\r\nHost: parley\r\nConnection: close\r\n\r\n"
            assert (await raw(shared, request.encode())).startswith(b"HTTP/1.1 404 "), disguise


async def test_pages_of_other_sites_can_do_nothing_with_the_cookie(shared: Parley) -> None:
    ada = await shared.person("ada")
    cookie = {"Cookie": f"access_token={ada.token}"}
    for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        headers = {**cookie, **foreign}
        refused = await shared.http.post("/api/update-nickname", data={"nickname": "Owned"}, headers=headers)
        assert code(refused) == (403, "cross_origin")
        assert await handshake_status(f"{shared.system.ws_url}/ws", additional_headers=headers) == 403
    assert (await ada.get("/api/user-profile"))["nickname"] != "Owned"
