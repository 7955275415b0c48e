"""Trusted proxies: whose word counts, and for whom."""

import pytest

from gateway.trusted_proxies import TrustedProxies

PROXY = "10.0.0.1"


@pytest.mark.parametrize(
    "chain, client",
    [
        (["8.8.8.8"], "8.8.8.8"),
        (["1.1.1.1, 8.8.8.8, 10.0.0.2"], "8.8.8.8"),
        (["1.1.1.1", "8.8.8.8"], "8.8.8.8"),
        (["8.8.8.8, ::ffff:10.0.0.2"], "8.8.8.8"),
        (["::ffff:8.8.8.8"], "8.8.8.8"),
        (["2001:db8::1"], "2001:db8::1"),
        (["fe80::1%eth0"], PROXY),
        (["fe80::1%" + "z" * 50_000], PROXY),
        (["fe80::1%\xe9 \xff"], PROXY),
        (["unknown"], PROXY),
        ([""], PROXY),
        ([], PROXY),
    ],
)
@pytest.mark.parametrize("proxy", [PROXY, f"::ffff:{PROXY}"])
def test_the_last_that_is_no_proxy_is_the_client(chain: list[str], client: str, proxy: str) -> None:
    headers = [(b"x-forwarded-for", value.encode("latin-1")) for value in chain]
    found, scheme = TrustedProxies("10.0.0.0/8").client(proxy, "http", [*headers, (b"x-forwarded-proto", b"https")])
    assert found in {client, proxy if client == PROXY else client}
    assert scheme == "https"


@pytest.mark.parametrize("listed", ["", "10.0.0.0/8"])
def test_a_stranger_speaks_for_nobody(listed: str) -> None:
    proxies = TrustedProxies(listed)
    headers = [(b"x-forwarded-for", b"8.8.8.8"), (b"x-forwarded-proto", b"https")]
    assert proxies.client("9.9.9.9", "http", headers) == ("9.9.9.9", "http")
    assert not proxies.speaks_for_others("9.9.9.9")
