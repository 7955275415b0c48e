"""Tokens: the signing key that follows from the secret, its public half, and the JWTs made with it."""

import hashlib
from collections.abc import Callable
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwt.algorithms import OKPAlgorithm
from jwt.utils import base64url_encode

from servicekit.problems import Unauthenticated
from servicekit.tokens import ALGORITHM, ISSUER, Identity, InvalidToken, TokenVerifier

_KEY_PURPOSE = b"parley token signing key, Ed25519"


class Tokens:
    """Signs and verifies with one Ed25519 key. Services with the same secret have the same key.

    `store` is the id of the store that the accounts are in: a lost one and its successor may have the same secret.
    """

    def __init__(self, *, secret: str, store: str, clock: Callable[[], float], new_id: Callable[[], str]) -> None:
        self._key = _signing_key(secret)
        self._store = store
        self._new_id = new_id
        public: dict[str, str] = OKPAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        self._kid = thumbprint(public)
        self.key_set: dict[str, Any] = {"keys": [{**public, "kid": self._kid, "use": "sig", "alg": ALGORITHM}]}
        self._verifier = TokenVerifier(clock=clock)
        self._verifier.trust(self.key_set)

    def sign(self, *, username: str, session_id: str, now: float, expires_at: int) -> str:
        """A token of that session, valid until `expires_at` (seconds since the epoch)."""
        claims = {
            "iss": ISSUER,
            "sub": username,
            "sid": session_id,
            "jti": self._new_id(),
            "iat": int(now),
            "exp": expires_at,
            "store": self._store,
        }
        return jwt.encode(claims, self._key, ALGORITHM, headers={"kid": self._kid})

    def remembered(self, token: str) -> Identity | None:
        """As TokenVerifier has it."""
        return self._verifier.remembered(token)

    def verify(self, token: str | None) -> Identity:
        """Whom the token was signed for; not whether the session still lives. Raises Unauthenticated."""
        if not token:
            raise Unauthenticated("A token is required.")
        try:
            return self._verifier.verify(token)
        except InvalidToken as error:
            raise Unauthenticated(str(error)) from None


def thumbprint(public: dict[str, str]) -> str:
    """The key's id: SHA-256 of its required members in order (RFC 7638 §3, RFC 8037 §2)."""
    members = {name: public[name] for name in ("crv", "kty", "x")}
    return base64url_encode(hashlib.sha256(msgspec.json.encode(members)).digest()).decode()


def _signing_key(secret: str) -> Ed25519PrivateKey:
    seed = HKDF(hashes.SHA256(), length=32, salt=None, info=_KEY_PURPOSE).derive(secret.encode())
    return Ed25519PrivateKey.from_private_bytes(seed)
