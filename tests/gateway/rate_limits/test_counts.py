"""How often one username or address may try, counted for all gateways in Redis, or here without it."""

import signal
import time

import pytest
from redis.asyncio import Redis

from gateway.domain.refusals import TooManyRequests
from gateway.rate_limits import REDIS_TIMEOUT_S, RateLimits, Rates
from tests.gateway.gateways import System, system
from tests.gateway.rate_limits.attempts import all_wrong, assert_limited, by_form, by_json, by_page, refused_sign_ins
from tests.valkey import Valkey


async def test_a_username_may_be_tried_so_often_and_no_more_in_whatever_way(limited: System) -> None:
    assert (await by_json(limited, "Ada")).status_code == 401
    assert (await by_form(limited, "aDA")).status_code == 401
    assert (await by_page(limited, "ada")).status_code == 401
    for attempt in (by_json, by_form):
        assert_limited(await attempt(limited, "ada"), 60)
    assert len(limited.auth.requests) == 3


async def test_another_username_has_a_limit_of_its_own(limited: System) -> None:
    for _ in range(3):
        assert (await by_json(limited, "ada")).status_code == 401
    assert_limited(await by_json(limited, "ada"), 60)
    assert (await by_json(limited, "grace")).status_code == 401


async def test_who_is_signed_in_may_prove_a_password_so_often_and_no_more(limited: System) -> None:
    change = ("POST", "/api/change-password")
    for method, path in (change, ("DELETE", "/api/account"), change):
        assert (await limited.http.request(method, path, headers=limited.bearer())).status_code == 403
    for method, path in (change, ("DELETE", "/api/account")):
        assert_limited(await limited.http.request(method, path, headers=limited.bearer()), 60)
    form = {"current_password": "x", "new_password": "y"}
    await limited.http.post("/settings", data=form, headers=limited.cookie())
    assert len([one for one in limited.auth.requests if one.path in ("/api/change-password", "/api/account")]) == 3
    assert (await limited.http.request(*change, headers=limited.bearer("grace"))).status_code == 403


async def test_an_address_may_try_so_often_and_no_more(limited: System) -> None:
    before = refused_sign_ins()
    for number in range(5):
        assert (await by_json(limited, f"person{number}")).status_code == 401
    assert refused_sign_ins() == before
    assert_limited(await by_json(limited, "grace"), 60)
    assert_limited(await by_form(limited, "grace"), 60)
    assert refused_sign_ins() == before + 2
    page = await by_page(limited, "grace")
    assert page.status_code == 429
    assert "Too many sign-ins" in page.text
    assert (await by_json(limited, "grace", X_Forwarded_For="9.9.9.9")).status_code == 429  # an underscore is no dash
    assert (await by_json(limited, "grace", **{"X-Forwarded-For": "9.9.9.9"})).status_code == 401


async def test_an_address_may_register_so_often_and_no_more(limited: System) -> None:
    for path in ("/register", "/api/register"):
        assert (await limited.http.post(path, json={"username": "x"})).status_code == 200
    for path in ("/register", "/api/register"):
        assert_limited(await limited.http.post(path, json={"username": "x"}), 3600)
    page = await limited.http.post("/sign-up", data={"username": "x"})
    assert page.status_code == 429
    assert "Too many registrations" in page.text
    elsewhere = {"X-Forwarded-For": "9.9.9.9"}
    assert (await limited.http.post("/register", json={"username": "x"}, headers=elsewhere)).status_code == 200


async def test_the_addresses_of_one_ipv6_network_are_one(limited: System) -> None:
    async def register(address: str) -> int:
        headers = {"X-Forwarded-For": address}
        return (await limited.http.post("/register", json={}, headers=headers)).status_code

    assert [await register(f"2001:db8:1:2::{number}") for number in range(3)] == [200, 200, 429]
    assert await register("2001:db8:1:3::1") == 200
    assert [await register(f"::ffff:10.0.0.{number}") for number in range(3)] == [200, 200, 200]


async def nobody_known(username: str, address: str, browser: str) -> str:
    return ""


@pytest.mark.parametrize("address", ["", "unix", "person", "2001:db8::1%eth0"])
async def test_an_address_that_is_none_counts_as_it_is(address: str) -> None:
    rates = Rates(
        sign_ins_per_minute_username=0,
        sign_ins_per_minute_address=0,
        registrations_per_hour_address=1,
        links_per_minute_address=0,
    )
    rate_limits = RateLimits(rates, redis_url="redis://127.0.0.1:1", known_as=nobody_known)
    await rate_limits.check_registration(client_address=address)
    with pytest.raises(TooManyRequests):
        await rate_limits.check_registration(client_address=address)
    await rate_limits.aclose()


async def test_0_switches_a_limit_off(whole: System) -> None:
    whole.auth.handler = all_wrong
    for _ in range(40):
        assert (await by_json(whole)).status_code == 401
        assert (await whole.http.post("/register", json={})).status_code == 200


async def test_without_trusted_proxies_nobody_chooses_an_address() -> None:
    async with system(registrations_per_hour_address=1) as whole:
        statuses = [
            (await whole.http.post("/register", headers={"X-Forwarded-For": f"9.9.9.{number}"})).status_code
            for number in range(3)
        ]
        assert statuses == [200, 429, 429]


async def test_all_visits_to_links_of_one_address_count_together(limited: System) -> None:
    """A thousand tries a minute are thirty, whatever they try."""
    paths = ["/api/claim/a", "/api/reset/b"]
    assert [(await limited.http.get(path)).status_code for path in paths] == [200, 200]
    for path in (*paths, "/api/invitations/c", "/api/invitations/c/qr.svg"):
        assert_limited(await limited.http.get(path), 60)
    assert (await limited.http.get("/api/claim/a", headers={"X-Forwarded-For": "9.9.9.9"})).status_code == 200


async def test_two_gateways_count_together(valkey_url: str) -> None:
    async with Redis.from_url(valkey_url) as redis:
        await redis.flushall()
    async with (
        system(redis_url=valkey_url, registrations_per_hour_address=1) as one,
        system(redis_url=valkey_url, registrations_per_hour_address=1) as other,
    ):
        assert (await one.http.post("/register")).status_code == 200
        assert_limited(await other.http.post("/register"), 3600)


async def test_a_hung_redis_is_waited_for_once_and_not_by_everybody_after(capsys: pytest.CaptureFixture[str]) -> None:
    valkey = Valkey()
    valkey.start()
    try:
        async with system(redis_url=valkey.url, sign_ins_per_minute_username=100) as whole:
            whole.auth.handler = all_wrong
            assert (await by_json(whole)).status_code == 401
            valkey.send(signal.SIGSTOP)
            started_s = time.monotonic()
            assert {(await by_json(whole, f"nobody-{number}")).status_code for number in range(10)} == {401}
            assert time.monotonic() - started_s < 10 * REDIS_TIMEOUT_S
            assert capsys.readouterr().out.count("redis is away, counting here") == 1
    finally:
        valkey.close()


async def test_when_redis_dies_attempts_are_counted_here_and_soon() -> None:
    valkey = Valkey()
    valkey.start()
    try:
        async with system(redis_url=valkey.url, sign_ins_per_minute_username=2) as whole:
            whole.auth.handler = all_wrong
            assert (await by_json(whole)).status_code == 401
            valkey.kill()
            started_s = time.monotonic()
            assert [(await by_json(whole)).status_code for _ in range(3)] == [401, 401, 429]
            assert time.monotonic() - started_s < 2
    finally:
        valkey.close()
