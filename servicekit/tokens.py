"""Tokens: who a JWT speaks for, decided from its signature alone (RFC 7519, RFC 8037 for Ed25519)."""

from collections.abc import Callable, Mapping
from typing import Any

import jwt
import msgspec

ALGORITHM = "EdDSA"
ISSUER = "parley"
# Expiry is judged by our clock, not PyJWT's; and a token is good although its signer's clock is ahead of ours.
_OPTIONS: jwt.types.Options = {
    "require": ["iss", "sub", "sid", "jti", "iat", "exp"],
    "verify_exp": False,
    "verify_iat": False,
}


class Identity(msgspec.Struct, frozen=True):
    """What a valid token says: the person, the session, and until when (seconds since the epoch).

    `store` is the id of the issuer's store, in which the person is; empty in tokens of earlier versions.
    """

    username: str
    session_id: str
    expires_at: int
    store: str = ""


class InvalidToken(ValueError):
    """The token proves nothing; the text says why, without repeating it."""


class UnknownKey(InvalidToken):
    """Signed with a key that is not in the set: it may be new, so the set is worth fetching again."""


class TokenVerifier:
    """Verifies signatures with a public key set; remembers the last `cache_max` tokens that were good."""

    def __init__(self, *, clock: Callable[[], float], cache_max: int = 20_000) -> None:
        self._clock = clock
        self._trusted: Mapping[str, Any] | None = None
        self._keys: dict[str, jwt.PyJWK] = {}
        self._verified: dict[str, Identity] = {}
        self._cache_max = cache_max

    @property
    def has_keys(self) -> bool:
        return bool(self._keys)

    def trust(self, jwks: Mapping[str, Any]) -> None:
        """Replace the key set (a JWK Set, RFC 7517 §5). Tokens of a withdrawn key are invalid from here on.

        Raises ValueError where it holds no key that can be used.
        """
        if jwks == self._trusted:
            return
        try:
            key_set = jwt.PyJWKSet.from_dict(dict(jwks))
        except (jwt.PyJWTError, TypeError) as error:
            raise ValueError(str(error)) from None
        self._trusted = jwks
        self._keys = {key.key_id: key for key in key_set.keys if key.key_id and key.key_type == "OKP"}
        self._verified.clear()

    def remembered(self, token: str) -> Identity | None:
        """The identity in a token that was verified before and is still valid."""
        identity = self._verified.get(token)
        return identity if identity is not None and identity.expires_at > self._clock() else None

    def verify(self, token: str) -> Identity:
        """The identity in `token`. Raises UnknownKey or InvalidToken."""
        identity = self._verified.get(token) or self._decode(token)
        if identity.expires_at <= self._clock():
            self._verified.pop(token, None)
            raise InvalidToken("The token has expired.")
        self._remember(token, identity)
        return identity

    def _decode(self, token: str) -> Identity:
        try:
            key = self._key_of(jwt.get_unverified_header(token))
            claims = jwt.decode(token, key, algorithms=[ALGORITHM], issuer=ISSUER, options=_OPTIONS)
        except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
            if isinstance(error, InvalidToken):
                raise
            raise InvalidToken("The token is not valid.") from None
        return _identity(claims)

    def _key_of(self, head: Mapping[str, Any]) -> jwt.PyJWK:
        if head.get("alg") != ALGORITHM:
            raise InvalidToken("The token's algorithm is not accepted.")
        key_id = head.get("kid")
        if not isinstance(key_id, str):
            raise InvalidToken("The token names no key.")
        try:
            return self._keys[key_id]
        except KeyError:
            raise UnknownKey("The token's key is not known.") from None

    def _remember(self, token: str, identity: Identity) -> None:
        if token not in self._verified and len(self._verified) >= self._cache_max:
            self._verified.pop(next(iter(self._verified)))
        self._verified[token] = identity


def _identity(claims: Mapping[str, Any]) -> Identity:
    try:
        return msgspec.convert(
            {
                "username": claims["sub"],
                "session_id": claims["sid"],
                "expires_at": claims["exp"],
                "store": claims.get("store", ""),
            },
            Identity,
        )
    except msgspec.ValidationError:
        raise InvalidToken("The token's claims are not as expected.") from None
