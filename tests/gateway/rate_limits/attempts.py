"""Attempts to sign in, in each way there is, and the limits that they meet."""

import httpx
from prometheus_client import REGISTRY

from tests.gateway.gateways import System, code
from tests.gateway.stand_ins import Exchange

WRONG = {"/api/login": 401, "/api/user/login": 401, "/api/change-password": 403, "/api/account": 403}
LIMITS = {
    "sign_ins_per_minute_username": 3,
    "sign_ins_per_minute_address": 5,
    "registrations_per_hour_address": 2,
    "links_per_minute_address": 2,
}


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
