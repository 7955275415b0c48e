"""How often somebody may try to sign in or to register, counted for all gateways in Redis, or here without it."""

import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from gateway.domain.refusals import TooManyRequests
from gateway.limits import Limits, Rates
from tests.gateway.gateways import System, code, system
from tests.valkey import Valkey

LIMITS = {
    "sign_ins_per_minute_username": 3,
    "sign_ins_per_minute_address": 5,
    "registrations_per_hour_address": 2,
}


@pytest.fixture(params=["in Redis", "in the process"])
async def limited(request: pytest.FixtureRequest, valkey_url: str) -> AsyncIterator[System]:
    changed: dict[str, Any] = dict(LIMITS)
    if request.param == "in Redis":
        changed["redis_url"] = valkey_url
        async with Redis.from_url(valkey_url) as redis:
            await redis.flushall()
    async with system(trusted_proxies="127.0.0.1", **changed) as whole:
        yield whole


async def by_json(whole: System, username: str = "ada", **headers: str) -> httpx.Response:
    return await whole.http.post("/api/user/login", json={"username": username, "password": "x"}, headers=headers)


async def by_form(whole: System, username: str = "ada", **headers: str) -> httpx.Response:
    return await whole.http.post("/api/login", data={"username": username, "password": "x"}, headers=headers)


async def by_page(whole: System, username: str = "ada", **headers: str) -> httpx.Response:
    return await whole.http.post("/sign-in", data={"username": username, "password": "x"}, headers=headers)


def assert_limited(answer: httpx.Response, within_s: int) -> None:
    assert code(answer) == (429, "too_many_requests")
    assert 1 <= int(answer.headers["retry-after"]) <= within_s


async def test_a_username_may_be_tried_so_often_and_no_more_in_whatever_way(limited: System) -> None:
    async def refuse(exchange: Any) -> None:
        await exchange.read_body()
        await exchange.reply_json({"detail": "wrong"}, 401)

    limited.auth.handler = refuse
    assert (await by_json(limited, "Ada")).status_code == 401
    assert (await by_form(limited, "aDA")).status_code == 401
    assert (await by_page(limited, "ada")).status_code == 401
    for attempt in (by_json, by_form):
        assert_limited(await attempt(limited, "ada"), 60)
    assert len(limited.auth.requests) == 3


async def test_another_username_has_a_limit_of_its_own(limited: System) -> None:
    for _ in range(3):
        assert (await by_json(limited, "ada")).status_code == 200
    assert_limited(await by_json(limited, "ada"), 60)
    assert (await by_json(limited, "grace")).status_code == 200


async def test_who_is_signed_in_may_prove_a_password_so_often_and_no_more(limited: System) -> None:
    change = ("POST", "/api/change-password")
    for method, path in (change, ("DELETE", "/api/account"), change):
        assert (await limited.http.request(method, path, headers=limited.bearer())).status_code == 200
    for method, path in (change, ("DELETE", "/api/account")):
        assert_limited(await limited.http.request(method, path, headers=limited.bearer()), 60)
    form = {"current_password": "x", "new_password": "y"}
    await limited.http.post("/settings", data=form, headers=limited.cookie())
    assert len([one for one in limited.auth.requests if one.path in ("/api/change-password", "/api/account")]) == 3
    assert (await limited.http.request(*change, headers=limited.bearer("grace"))).status_code == 200


async def test_an_address_may_try_so_often_and_no_more(limited: System) -> None:
    for number in range(5):
        assert (await by_json(limited, f"person{number}")).status_code == 200
    assert_limited(await by_json(limited, "grace"), 60)
    assert_limited(await by_form(limited, "grace"), 60)
    page = await by_page(limited, "grace")
    assert page.status_code == 429
    assert "Too many sign-ins" in page.text
    assert (await by_json(limited, "grace", X_Forwarded_For="9.9.9.9")).status_code == 429  # an underscore is no dash
    assert (await by_json(limited, "grace", **{"X-Forwarded-For": "9.9.9.9"})).status_code == 200


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


@pytest.mark.parametrize("address", ["", "unix", "person", "2001:db8::1%eth0"])
async def test_an_address_that_is_none_counts_as_it_is(address: str) -> None:
    rates = Rates(sign_ins_per_minute_username=0, sign_ins_per_minute_address=0, registrations_per_hour_address=1)
    limits = Limits(rates, redis_url="redis://127.0.0.1:1")
    await limits.check_registration(address=address)
    with pytest.raises(TooManyRequests):
        await limits.check_registration(address=address)
    await limits.close()


async def test_only_attempts_count(limited: System) -> None:
    for _ in range(10):
        for path in ("/api/login", "/api/user/login", "/register", "/api/register"):
            assert (await limited.http.get(path)).status_code == 200
            assert (await limited.http.options(path)).status_code == 200
    assert (await by_json(limited)).status_code == 200


@pytest.mark.parametrize(
    "content_type, body",
    [
        ("application/x-www-form-urlencoded", "username=grace&username=ada&password=x"),
        ("APPLICATION/X-WWW-FORM-URLENCODED", "username=ada&password=x"),
        ("application/x-www-form-urlencoded; charset=utf-8", "username=%61da&password=x"),
        ("application/x-www-form-urlencoded", "password=x&%75sername=ad%61"),
        (
            "multipart/form-data; boundary=b",
            '--b\r\nContent-Disposition: form-data; name="username"\r\n\r\nada\r\n--b--\r\n',
        ),
    ],
)
async def test_the_form_of_a_form_does_not_hide_whose_it_is(limited: System, content_type: str, body: str) -> None:
    for _ in range(3):
        await by_json(limited, "ada")
    answer = await limited.http.post("/api/login", content=body, headers={"Content-Type": content_type})
    assert_limited(answer, 60)


@pytest.mark.parametrize(
    "content_type, body",
    [
        ("application/x-www-form-urlencoded", '{"username": "ada", "password": "x"}'),
        ("text/plain", '{"username": "ada"}'),
        ("application/json", '{"username": "grace", "username": "ada"}'),
        ("application/json", '{"user\\u006eame": "\\u0061da"}'),
    ],
)
async def test_the_type_of_a_json_body_does_not_hide_whose_it_is(limited: System, content_type: str, body: str) -> None:
    for _ in range(3):
        await by_form(limited, "ada")
    answer = await limited.http.post("/api/user/login", content=body, headers={"Content-Type": content_type})
    assert_limited(answer, 60)


@pytest.mark.parametrize("path", ["/api/login", "/api/user/login"])
@pytest.mark.parametrize(
    "content_type, body",
    [
        ("application/json", b""),
        ("application/json", b"{"),
        ("application/json", b'{"username": 7}'),
        ("application/json", b"\xff\xfe"),
        ("application/json", b"[" * 5000),
        ("application/x-www-form-urlencoded", b"username=%ff"),
        ("application/x-www-form-urlencoded", b"&" * 300 + b"a=b" * 300),
        ("multipart/form-data", b"--b"),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\n'),
        ("", b"username=ada"),
    ],
)
async def test_a_body_that_names_nobody_is_left_to_the_service(
    whole: System, path: str, content_type: str, body: bytes
) -> None:
    answer = await whole.http.post(path, content=body, headers={"Content-Type": content_type})
    assert answer.status_code == 200
    assert whole.auth.last.body == body


async def test_0_switches_a_limit_off(whole: System) -> None:
    for _ in range(40):
        assert (await by_json(whole)).status_code == 200
        assert (await whole.http.post("/register", json={})).status_code == 200


async def test_without_trusted_proxies_nobody_chooses_an_address() -> None:
    async with system(registrations_per_hour_address=1) as whole:
        statuses = [
            (await whole.http.post("/register", headers={"X-Forwarded-For": f"9.9.9.{number}"})).status_code
            for number in range(3)
        ]
        assert statuses == [200, 429, 429]


async def test_two_gateways_count_together(valkey_url: str) -> None:
    async with Redis.from_url(valkey_url) as redis:
        await redis.flushall()
    async with (
        system(redis_url=valkey_url, registrations_per_hour_address=1) as one,
        system(redis_url=valkey_url, registrations_per_hour_address=1) as other,
    ):
        assert (await one.http.post("/register")).status_code == 200
        assert_limited(await other.http.post("/register"), 3600)


async def test_when_redis_dies_attempts_are_counted_here_and_soon() -> None:
    valkey = Valkey()
    valkey.start()
    try:
        async with system(redis_url=valkey.url, sign_ins_per_minute_username=2) as whole:
            assert (await by_json(whole)).status_code == 200
            valkey.kill()
            started_s = time.monotonic()
            assert [(await by_json(whole)).status_code for _ in range(3)] == [200, 200, 429]
            assert time.monotonic() - started_s < 2
    finally:
        valkey.close()
