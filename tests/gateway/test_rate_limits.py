"""How often somebody may try to sign in or to register, counted for all gateways in Redis, or here without it."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from redis.asyncio import Redis
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.domain.refusals import TooManyRequests
from gateway.domain.route_table import ROUTES, Rate, Route, find_own
from gateway.pages.page_request import identify
from gateway.pages.service_client import ask, form_body, json_body
from gateway.rate_limits import RateLimits, Rates
from tests.gateway.gateways import System, code, system
from tests.gateway.stand_ins import Exchange
from tests.valkey import Valkey

WRONG = {"/api/login": 401, "/api/user/login": 401, "/api/change-password": 403, "/api/account": 403}
BROWSER = "a-browser-of-22-letter"
LIMITS = {
    "sign_ins_per_minute_username": 3,
    "sign_ins_per_minute_address": 5,
    "registrations_per_hour_address": 2,
    "links_per_minute_address": 2,
}


@pytest.fixture(params=["in Redis", "in the process"])
async def limited(request: pytest.FixtureRequest, valkey_url: str) -> AsyncIterator[System]:
    changed: dict[str, Any] = dict(LIMITS)
    if request.param == "in Redis":
        changed["redis_url"] = valkey_url
        async with Redis.from_url(valkey_url) as redis:
            await redis.flushall()
    async with system(trusted_proxies="127.0.0.1", **changed) as whole:
        whole.auth.handler = all_wrong
        yield whole


async def all_wrong(exchange: Exchange) -> None:
    """No password is right, and whoever registers is welcome."""
    await exchange.read_body()
    await exchange.reply_json(
        {"detail": "wrong", "access_token": "t", "expires_in": 1}, WRONG.get(exchange.request.path, 200)
    )


async def all_right(exchange: Exchange) -> None:
    await exchange.read_body()
    await exchange.reply_json({"access_token": "t", "expires_in": 1})


async def by_json(whole: System, username: str = "ada", **headers: str) -> httpx.Response:
    return await whole.http.post("/api/user/login", json={"username": username, "password": "x"}, headers=headers)


async def by_form(whole: System, username: str = "ada", **headers: str) -> httpx.Response:
    return await whole.http.post("/api/login", data={"username": username, "password": "x"}, headers=headers)


async def by_page(whole: System, username: str = "ada", **headers: str) -> httpx.Response:
    return await whole.http.post("/sign-in", data={"username": username, "password": "x"}, headers=headers)


def refused_sign_ins() -> float:
    return REGISTRY.get_sample_value("parley_attempts_refused_total", {"what": "sign-in"}) or 0


def assert_limited(answer: httpx.Response, within_s: int) -> None:
    assert code(answer) == (429, "too_many_requests")
    assert 1 <= int(answer.headers["retry-after"]) <= within_s


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


async def test_only_attempts_count(limited: System) -> None:
    limited.auth.handler = all_right
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


# Pages

LIMITED = [route for route in ROUTES if route.rate is not None]
ONCE: dict[str, Any] = dict.fromkeys(LIMITS, 1)


def with_a_new_page(app: ASGIApp) -> ASGIApp:
    """The gateway, and a page that asks what it is told to ask, and knows nothing of limits."""

    async def whole(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/a-new-page":
            scope["parley.request_id"] = "a-request"
            await (await new_page(Request(scope, receive)))(scope, receive, send)
        else:
            await app(scope, receive, send)

    return whole


async def new_page(request: Request[Any]) -> Response:
    rate, path = request.query_params["rate"], request.query_params["path"]
    write = form_body if rate == Rate.SIGN_IN_BY_FORM.value else json_body
    answer = await ask(await identify(request), "POST", path, body=write({"username": "ada", "password": "x"}))
    return Response(answer.body, answer.status, answer.headers)


@pytest.fixture
async def once() -> AsyncIterator[System]:
    async with system(**ONCE, around=with_a_new_page) as whole:
        whole.auth.handler = all_wrong
        yield whole


async def attempt(whole: System, route: Route, how: str) -> httpx.Response:
    """As a program, or by way of the page, the gateway is asked for the same."""
    assert route.rate is not None
    credentials = {"username": "ada", "password": "x"}
    body: dict[str, Any] = {"data" if route.rate is Rate.SIGN_IN_BY_FORM else "json": credentials}
    if how == "by page":
        asked = {"path": route.path, "rate": route.rate.value}
        return await whole.http.post("/a-new-page", headers=whole.cookie(), params=asked)
    return await whole.http.post(route.path, headers=whole.bearer(), **body)


@pytest.mark.parametrize("first, then", [("by page", "by page"), ("by page", "forwarded"), ("forwarded", "by page")])
@pytest.mark.parametrize("route", LIMITED, ids=lambda route: route.path)
async def test_a_page_that_reaches_a_limited_path_counts_without_knowing_it(
    once: System, route: Route, first: str, then: str
) -> None:
    assert (await attempt(once, route, first)).status_code == WRONG.get(route.path, 200)
    refused = await attempt(once, route, then)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert 0 < int(refused.headers["retry-after"]) <= 3600
    assert [one.path for one in once.auth.requests] == [route.path]


@pytest.mark.parametrize("path", ["/internal/profiles", "/api/nothing", "/sign-in", ""])
def test_a_page_can_ask_for_nothing_that_is_not_in_the_route_table(path: str) -> None:
    with pytest.raises(LookupError):
        find_own(path)


# Known devices


async def test_what_strangers_try_in_her_name_does_not_lock_ada_out_where_she_is_known(limited: System) -> None:
    limited.issuer.known = {("ada", "192.0.2.1"): "network 192.0.2.1"}
    at_home = {"X-Forwarded-For": "192.0.2.1"}
    for attempt in (by_json, by_form, by_page):
        assert (await attempt(limited, "ada", **{"X-Forwarded-For": "9.9.9.9"})).status_code == 401
    assert_limited(await by_json(limited, "ada", **{"X-Forwarded-For": "9.9.9.8"}), 60)
    for attempt in (by_json, by_form, by_page):
        assert (await attempt(limited, " Ada ", **at_home)).status_code == 401
    for attempt in (by_json, by_form):
        assert_limited(await attempt(limited, "ada", **at_home), 60)


async def test_a_browser_that_is_known_has_a_count_of_its_own_beside_others_at_its_address(limited: System) -> None:
    limited.issuer.known = {("ada", BROWSER): f"browser {BROWSER}"}
    for number in range(5):  # all that the address may try
        assert (await by_json(limited, f"person{number}")).status_code == 401
    assert_limited(await by_json(limited, "ada"), 60)
    for attempt in (by_json, by_form, by_page):
        assert (await attempt(limited, "ada", Cookie=f"browser={BROWSER}")).status_code == 401
    assert_limited(await by_json(limited, "ada", Cookie=f"browser={BROWSER}"), 60)


@pytest.mark.parametrize("cookie", ["", "x", "x" * 23, BROWSER + "%", '"' + "x" * 21])
async def test_a_browser_that_says_what_no_browser_was_given_is_unknown(limited: System, cookie: str) -> None:
    limited.issuer.known = {("ada", cookie): f"browser {cookie}"}
    for _ in range(3):
        await by_json(limited, "ada")
    assert_limited(await by_json(limited, "ada", Cookie=f"browser={cookie}"), 60)


async def test_a_known_device_may_try_so_often_whatever_comes_of_it(limited: System) -> None:
    limited.issuer.known = {("ada", "127.0.0.1"): "network 127.0.0.1"}
    limited.auth.handler = all_right
    for _ in range(5):
        assert (await by_json(limited, "ada")).status_code == 200
    assert_limited(await by_json(limited, "ada"), 60)


@pytest.mark.parametrize("name", ["ada/network 192.0.2.1", "ada/network 192.0.2.1/", "ada%2Fnetwork 192.0.2.1"])
async def test_no_name_that_strangers_choose_uses_up_the_count_of_a_known_device(limited: System, name: str) -> None:
    limited.issuer.known = {("ada", "192.0.2.1"): "network 192.0.2.1"}
    for _ in range(3):
        assert (await by_json(limited, name)).status_code == 401
    for _ in range(3):
        assert (await by_json(limited, "ada", **{"X-Forwarded-For": "192.0.2.1"})).status_code == 401


async def test_who_has_many_accounts_may_do_ten_times_what_one_device_may(limited: System) -> None:
    async def sign_in(number: int, address: str) -> int:
        limited.issuer.known[f"person{number}", address] = f"network {address}"
        return (await by_json(limited, f"person{number}", **{"X-Forwarded-For": address})).status_code

    assert [await sign_in(number, f"198.51.100.{number}") for number in range(51)] == [401] * 50 + [429]
    assert await sign_in(51, "192.0.2.1") == 401
    assert (await by_json(limited, "stranger", **{"X-Forwarded-For": "198.51.100.1"})).status_code == 401


async def test_nobody_is_known_while_nobody_can_say(limited: System) -> None:
    async def broken(exchange: Exchange) -> None:
        await exchange.reply(500, b"no")

    limited.auth.at["/internal/known-device"] = broken
    for _ in range(3):
        assert (await by_json(limited, "ada")).status_code == 401
    assert_limited(await by_json(limited, "ada"), 60)


async def test_ones_own_right_passwords_do_not_count_as_wrong_ones(limited: System) -> None:
    limited.auth.handler = all_right
    for attempt in (by_json, by_form, by_page):
        assert (await attempt(limited)).status_code in {200, 303}
    limited.auth.handler = all_wrong
    for _ in range(2):
        assert (await by_json(limited)).status_code == 401
    assert_limited(await by_json(limited, "grace"), 60)  # of the address every attempt counts
    elsewhere = {"X-Forwarded-For": "9.9.9.9"}
    assert (await by_json(limited, **elsewhere)).status_code == 401
    assert_limited(await by_json(limited, **elsewhere), 60)


async def test_proving_the_right_password_does_not_count_either(limited: System) -> None:
    change = ("POST", "/api/change-password")
    form = {"current_password": "x", "new_password": "y"}
    limited.auth.handler = all_right
    assert (await limited.http.request(*change, headers=limited.bearer())).status_code == 200
    assert (await limited.http.post("/settings", data=form, headers=limited.cookie())).status_code == 303
    limited.auth.handler = all_wrong
    for _ in range(3):
        assert (await limited.http.request(*change, headers=limited.bearer())).status_code == 403
    assert_limited(await limited.http.request(*change, headers=limited.bearer()), 60)


async def test_a_password_that_nobody_looked_at_does_not_count(limited: System) -> None:
    await limited.auth.stop()
    for number in range(4):
        answer = await by_json(limited, "ada", **{"X-Forwarded-For": f"9.9.{number}.9"})
        assert code(answer) == (503, "service_unavailable")
        assert (await by_page(limited, "ada", **{"X-Forwarded-For": f"9.8.{number}.9"})).status_code == 503
    await limited.auth.start()
    for _ in range(3):
        assert (await by_json(limited, "ada")).status_code == 401
    assert_limited(await by_json(limited, "ada"), 60)


async def test_the_right_password_may_be_proven_as_often_as_a_known_device_may_sign_in(limited: System) -> None:
    limited.auth.handler = all_right
    change = ("POST", "/api/change-password")
    for _ in range(5):
        assert (await limited.http.request(*change, headers=limited.bearer())).status_code == 200
    assert_limited(await limited.http.request(*change, headers=limited.bearer()), 60)
    form = {"current_password": "x", "new_password": "y"}
    await limited.http.post("/settings", data=form, headers=limited.cookie())
    assert [one.path for one in limited.auth.requests].count("/api/change-password") == 5
    others = [limited.bearer(f"person{number}") for number in range(46)]
    statuses = [(await limited.http.request(*change, headers=other)).status_code for other in others]
    assert statuses == [200] * 45 + [429]  # of one network, ten times as many


async def test_attempts_at_once_all_count_before_any_is_answered(limited: System) -> None:
    answers = await asyncio.gather(*(by_json(limited, "ada", **{"X-Forwarded-For": f"9.9.{n}.9"}) for n in range(12)))
    assert Counter(answer.status_code for answer in answers) == {401: 3, 429: 9}


@pytest.mark.parametrize("address", ["2001:db8:1:{0:x}::1", "198.51.100.{0}"])
async def test_many_networks_of_one_owner_may_do_ten_times_what_one_may(limited: System, address: str) -> None:
    async def sign_in(number: int) -> int:
        headers = {"X-Forwarded-For": address.format(number)}
        return (await by_json(limited, f"person{number}", **headers)).status_code

    assert [await sign_in(number) for number in range(51)] == [401] * 50 + [429]
