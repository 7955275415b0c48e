"""Attempts: what a request counts against, and whom, whether a client's is forwarded or a page asks for somebody."""

from collections.abc import Awaitable

import msgspec
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message

from gateway.domain.refusals import ServiceAway
from gateway.domain.route_table import Rate
from gateway.rate_limits import CountedAttempt, RateLimits
from gateway.upstream_connection import UpstreamConnection
from servicekit.bodies import read_form, read_json
from servicekit.problems import Refusal

NOBODY_LOOKED = 503  # at the password


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """What of a request says for whom it counts. `username` is that of who is signed in."""

    client_address: str
    browser: str = ""
    username: str = ""
    body: bytes = b""
    content_type: bytes = b""


class _Credentials(msgspec.Struct):
    username: str


async def count_attempt(rate_limits: RateLimits, rate: Rate, attempt: Attempt) -> CountedAttempt | None:
    """Count it, before it is known what will come of it. Raises TooManyRequests."""
    address = attempt.client_address
    if rate is Rate.REGISTRATION:
        await rate_limits.check_registration(client_address=address)
        return None
    if rate is Rate.LINK:
        await rate_limits.check_link(client_address=address)
        return None
    if rate is Rate.PASSWORD:
        return await rate_limits.check_password(username=attempt.username, client_address=address)
    username = await _username_in(attempt, is_form=rate is Rate.SIGN_IN_BY_FORM)
    return await rate_limits.check_sign_in(username=username, client_address=address, browser=attempt.browser)


async def ask_and_settle(
    rate_limits: RateLimits, attempt: CountedAttempt | None, asking: Awaitable[UpstreamConnection]
) -> UpstreamConnection:
    """The connection with the head of the answer, which has said what came of the attempt. Raises as `asking` does."""
    try:
        connection = await asking
    except ServiceAway:
        await rate_limits.settle(attempt, NOBODY_LOOKED)
        raise
    try:
        await rate_limits.settle(attempt, connection.status)
    except BaseException:
        connection.close()
        raise
    return connection


async def _username_in(attempt: Attempt, *, is_form: bool) -> str | None:
    """The `username` of a form or a JSON body; None where there is none, which the service will refuse.

    Parsed by what the service parses it with: a name that only one of the two sees would escape its limit.
    """

    async def receive() -> Message:
        return {"type": "http.request", "body": attempt.body, "more_body": False}

    headers = [(b"content-type", attempt.content_type)]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    try:
        credentials = await (read_form if is_form else read_json)(request, _Credentials)
    except (Refusal, HTTPException, MultiPartException):
        return None
    return credentials.username
