"""Tokens: a signature of a trusted key, and claims of the right kind, or nothing."""

from typing import Any

import pytest

from servicekit.tokens import InvalidToken, TokenVerifier, UnknownKey
from tests.servicekit.issuer import NOW, Key


class CountingVerifier(TokenVerifier):
    """Counts the signatures that it really checks."""

    checked = 0

    def _decode(self, token: str) -> Any:
        self.checked += 1
        return super()._decode(token)


@pytest.fixture
def key() -> Key:
    return Key("k1")


def verifier(*keys: Key, **options: Any) -> CountingVerifier:
    made = CountingVerifier(clock=lambda: NOW, **options)
    made.trust({"keys": [key.public() for key in keys]})
    return made


def test_a_signature_is_checked_once_and_remembered(key: Key) -> None:
    remembering = verifier(key)
    token = key.sign()
    assert remembering.verify(token) == remembering.verify(token)
    assert remembering.checked == 1


def test_the_same_keys_again_leave_what_is_remembered(key: Key) -> None:
    remembering = verifier(key)
    token = key.sign()
    remembering.verify(token)
    remembering.trust({"keys": [key.public()]})
    remembering.verify(token)
    assert remembering.checked == 1


def test_as_many_tokens_as_allowed_are_remembered_and_the_oldest_makes_room(key: Key) -> None:
    remembering = verifier(key, cache_max=2)
    first, second, third = (key.sign(jti=str(number)) for number in range(3))
    for token in (first, second, first, second):
        remembering.verify(token)
    assert remembering.checked == 2
    remembering.verify(third)
    remembering.verify(second)
    assert remembering.checked == 3
    remembering.verify(first)
    assert remembering.checked == 4


def test_a_withdrawn_key_takes_its_tokens_along(key: Key) -> None:
    other = Key("k2")
    trusting = verifier(key, other)
    token = key.sign()
    trusting.verify(token)
    trusting.trust({"keys": [other.public()]})
    with pytest.raises(UnknownKey):
        trusting.verify(token)
    assert trusting.verify(other.sign()).username == "ada"


def test_a_key_without_id_or_of_another_kind_is_not_trusted(key: Key) -> None:
    nameless = {name: value for name, value in key.public().items() if name != "kid"}
    octets = {"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256"}
    choosy = TokenVerifier(clock=lambda: NOW)
    assert not choosy.has_keys
    choosy.trust({"keys": [nameless, octets]})
    assert not choosy.has_keys
    with pytest.raises(UnknownKey):
        choosy.verify(key.sign())


@pytest.mark.parametrize("keys", [[], [{"kty": "nonsense"}], "nonsense", [1], None])
def test_a_set_without_any_key_is_refused_and_changes_nothing(key: Key, keys: Any) -> None:
    trusting = verifier(key)
    with pytest.raises(ValueError):
        trusting.trust({"keys": keys})
    assert trusting.verify(key.sign()).username == "ada"


@pytest.mark.parametrize("claim", ["iss", "sub", "sid", "jti", "iat", "exp"])
def test_a_claim_that_is_missing_is_missed(key: Key, claim: str) -> None:
    with pytest.raises(InvalidToken):
        verifier(key).verify(key.sign(**{claim: None}))


@pytest.mark.parametrize("claims", [{"sid": 1}, {"sid": ["s1"]}, {"exp": NOW + 60.5}, {"iss": "others"}])
def test_a_claim_of_the_wrong_kind_is_refused(key: Key, claims: dict[str, Any]) -> None:
    with pytest.raises(InvalidToken):
        verifier(key).verify(key.sign(**claims))


def test_a_signer_whose_clock_is_ahead_is_believed(key: Key) -> None:
    assert verifier(key).verify(key.sign(iat=int(NOW) + 30)).username == "ada"


def test_a_refusal_does_not_repeat_the_token(key: Key) -> None:
    token = Key("k1").sign()
    with pytest.raises(InvalidToken) as refused:
        verifier(key).verify(token)
    assert not any(part in str(refused.value) for part in token.split("."))
