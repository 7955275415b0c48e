"""Pages of other sites: what they may ask for, and what they may read."""

import pytest

from tests.gateway.gateways import System, code
from tests.gateway.passing import ask


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(
    "headers, passes",
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "whatever"}, False),
        ({"Origin": "http://parley.test"}, True),
        ({"Origin": "http://friend.test"}, True),
        ({"Origin": "https://other.test", "Sec-Fetch-Site": "cross-site"}, True),
        ({"Origin": "http://evil.test"}, False),
        ({"Origin": "http://parley.test@evil.test"}, False),
        ({"Origin": "http://["}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Origin": "http://evil.test", "Sec-Fetch-Site": "same-origin"}, True),  # a browser never says both
    ],
)
async def test_a_change_that_carries_the_cookie_must_come_from_our_pages(
    friends: System, method: str, headers: dict[str, str], passes: bool
) -> None:
    answer = await ask(friends, {"Host": "parley.test", **friends.cookie(), **headers}, method)
    assert answer.status_code == (200 if passes else 403)
    if not passes:
        assert code(answer) == (403, "cross_origin")
        assert friends.requests == {}


async def test_reading_with_the_cookie_and_changing_with_a_token_may_come_from_anywhere(whole: System) -> None:
    elsewhere = {"Origin": "http://evil.test", "Sec-Fetch-Site": "cross-site"}
    assert (await ask(whole, {**whole.cookie(), **elsewhere})).status_code == 200
    assert (await ask(whole, {**whole.bearer(), **elsewhere}, "POST")).status_code == 200
    assert (await ask(whole, {**whole.bearer(), **whole.cookie(), **elsewhere}, "DELETE")).status_code == 200


@pytest.mark.parametrize("origin", ["http://friend.test", "https://other.test"])
async def test_pages_of_allowed_origins_may_ask_and_read(friends: System, origin: str) -> None:
    preflight = await friends.http.options(
        "/api/rooms",
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )
    assert preflight.status_code == 204
    assert "POST" in preflight.headers["allow"]
    assert preflight.headers["access-control-allow-origin"] == origin
    assert preflight.headers["access-control-allow-credentials"] == "true"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert preflight.headers["x-request-id"]
    assert preflight.headers["x-content-type-options"] == "nosniff"
    assert friends.requests == {}
    for headers in (friends.bearer(), {"Authorization": "Bearer none"}):
        answer = await friends.http.get("/api/rooms", headers={"Origin": origin, **headers})
        assert answer.headers["access-control-allow-origin"] == origin
        told = set(answer.headers["access-control-expose-headers"].split(", "))
        # Without the length no client of tus goes on with what another page began.
        assert {"X-Request-ID", "Upload-Length", "Upload-Offset", "Location", "Content-Disposition"} <= told
        assert "Origin" in answer.headers["vary"]


async def test_pages_of_other_origins_may_neither_ask_nor_read(friends: System) -> None:
    headers = {"Origin": "http://evil.test", "Access-Control-Request-Method": "POST"}
    preflight = await friends.http.options("/api/rooms", headers=headers)
    assert preflight.status_code == 204
    assert "Origin" in preflight.headers["vary"]
    assert "access-control-allow-origin" not in preflight.headers
    answer = await friends.http.get("/api/rooms", headers={"Origin": "http://evil.test", **friends.bearer()})
    assert "access-control-allow-origin" not in answer.headers


async def test_without_allowed_origins_there_is_no_cors(whole: System) -> None:
    headers = {"Origin": "http://friend.test", "Access-Control-Request-Method": "POST"}
    preflight = await whole.http.options("/api/rooms", headers=headers)
    assert preflight.status_code == 204
    assert "Origin" in preflight.headers["vary"]
    assert whole.requests == {}
    answer = await whole.http.get("/api/rooms", headers={"Origin": "http://friend.test", **whole.bearer()})
    assert not [name for name in [*preflight.headers, *answer.headers] if name.startswith("access-control")]
