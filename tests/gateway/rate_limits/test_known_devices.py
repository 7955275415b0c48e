"""Devices that an account is known on have counts of their own, and right passwords do not count as wrong ones."""

import asyncio
from collections import Counter

import pytest

from tests.gateway.gateways import System, code
from tests.gateway.rate_limits.attempts import all_right, all_wrong, assert_limited, by_form, by_json, by_page
from tests.gateway.stand_ins import Exchange

BROWSER = "a-browser-of-22-letter"


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
