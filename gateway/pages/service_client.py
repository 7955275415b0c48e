"""The service client: what pages ask of the services, on behalf of who asks for the page."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from gateway.domain.api_types import Problem
from gateway.domain.refusals import REFUSALS, ServiceAway, ServiceBroken, ServiceTooSlow, TooManyRequests
from gateway.domain.route_table import Rate, Service, find_own
from gateway.pages.page_request import PageRequest, SignInFirst
from gateway.rate_limits import CountedAttempt
from gateway.sign_in_attempts import Attempt, ask_and_settle, count_attempt
from gateway.upstream_connection import UpstreamConnection
from servicekit.problems import Refusal, Unavailable
from servicekit.response_writer import chunk

T = TypeVar("T")
Query: TypeAlias = Mapping[str, str | int | None]  # without what is None
ANSWER_S_MAX = 10.0
EXTRA_ANSWER_S_MAX = 2.5  # for what a page can do without: a service that hangs does not hold it up
_SAFE_IN_PATH = "/%:@!$&'()*+,;=~"  # RFC 3986 §3.3, and what is encoded already


class Refused(Refusal):
    """A service refused, and said why. `fields` are those of the form that asked, where they are known."""

    def __init__(self, status: int, problem: Problem, headers: Mapping[str, str]) -> None:
        super().__init__(problem.detail)
        self.status = status
        self.problem = problem
        self.fields: dict[str, str] = {}
        self._retry_after = headers.get("retry-after")

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": self._retry_after} if self._retry_after else {}


class ServiceFailed(Unavailable):
    """A service answered what cannot be shown."""


class ServiceAnswer(msgspec.Struct, frozen=True):
    """What a service answered, whole; `headers` by lower-case name, the last of each."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)

    @property
    def problem(self) -> Problem:
        """Of a refusal; an empty one where it says none."""
        try:
            return msgspec.json.decode(self.body, type=Problem)
        except msgspec.DecodeError:
            return Problem("")


class Body(msgspec.Struct, frozen=True):
    """What a request brings: whole, or as it comes."""

    content: bytes | AsyncIterator[bytes] = b""
    content_type: str = ""


NO_BODY = Body()


def json_body(value: object) -> Body:
    return Body(msgspec.json.encode(value), "application/json")


def form_body(fields: Mapping[str, str]) -> Body:
    return Body(urlencode(fields).encode(), "application/x-www-form-urlencoded")


async def ask(
    page: PageRequest, method: str, path: str, *, query: Query | None = None, body: Body = NO_BODY, browser: str = ""
) -> ServiceAnswer:
    """The answer of the service that has `path`, whatever it is, to who asks for the page. Raises Unavailable.

    What the route table limits counts as if it had been forwarded, and is refused as if it had been.
    """
    route = find_own(path)
    head = _request_head(page, route.service, f"{method} {_target(path, query)}", body, browser)
    try:
        attempt = await _count(page, route.rate_of(method), body)
        return await _send(page, route.service, method, head, body, attempt)
    except TooManyRequests as refusal:
        return _refused_here(refusal)
    except (ServiceAway, ServiceBroken, ServiceTooSlow, TimeoutError):
        raise Unavailable(f"The {route.service.value} service does not answer.") from None


async def tell(
    page: PageRequest, method: str, path: str, *, query: Query | None = None, body: Body = NO_BODY
) -> ServiceAnswer:
    """The answer of a service that did as it was asked. Raises Refused, SignInFirst, Unavailable."""
    answer = await ask(page, method, path, query=query, body=body)
    if answer.status < 300:
        return answer
    if answer.status == 401:  # revoked since it was checked at the door
        raise SignInFirst(page.path)
    if answer.status >= 500 and not answer.problem.code:
        raise ServiceFailed(f"The {find_own(path).service.value} service failed.")
    raise Refused(answer.status, answer.problem, answer.headers)


async def get(page: PageRequest, path: str, kind: type[T], query: Query | None = None) -> T:
    """What a service has there, as `kind`. Raises Refused, SignInFirst, Unavailable."""
    answer = await tell(page, "GET", path, query=query)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError:
        service = find_own(path).service.value
        raise ServiceFailed(f"The {service} service answered what nobody understands.") from None


async def find(
    page: PageRequest,
    path: str,
    kind: type[T],
    default: T,
    query: Query | None = None,
    *,
    within_s: float = EXTRA_ANSWER_S_MAX,
) -> T:
    """The same for what a page can do without: `default` where it is refused or cannot be had in time."""
    try:
        async with asyncio.timeout(within_s):
            return await get(page, path, kind, query)
    except (Refused, Unavailable, TimeoutError):
        return default


async def _count(page: PageRequest, rate: Rate | None, body: Body) -> CountedAttempt | None:
    """Raises TooManyRequests."""
    if rate is None:
        return None
    attempt = Attempt(
        client_address=page.client_address,
        browser=page.browser,
        username=page.identity.username if page.identity is not None else "",
        body=body.content if isinstance(body.content, bytes) else b"",
        content_type=body.content_type.encode(),
    )
    return await count_attempt(page.state["rate_limits"], rate, attempt)


def _refused_here(refusal: TooManyRequests) -> ServiceAnswer:
    """As a program gets it from the gateway."""
    status, code = REFUSALS[TooManyRequests].status, REFUSALS[TooManyRequests].code
    headers = {name.lower(): value for name, value in refusal.headers.items()}
    return ServiceAnswer(status, headers, msgspec.json.encode(Problem(str(refusal), code)))


async def _send(
    page: PageRequest, service: Service, method: str, head: bytes, body: Body, attempt: CountedAttempt | None
) -> ServiceAnswer:
    upstream, rate_limits = page.state["upstreams"][service], page.state["rate_limits"]
    if not isinstance(body.content, bytes):  # whoever sends it takes their time
        asking = upstream.ask_with_body(method, head, _in_chunks(body.content))
        return await _read_whole(await ask_and_settle(rate_limits, attempt, asking))
    async with asyncio.timeout(ANSWER_S_MAX):
        return await _read_whole(await ask_and_settle(rate_limits, attempt, upstream.ask(method, head + body.content)))


def _target(path: str, query: Query | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return quote(path, safe=_SAFE_IN_PATH) + (f"?{urlencode(given)}" if given else "")


def _request_head(page: PageRequest, service: Service, start: str, body: Body, browser: str) -> bytes:
    request, content = page.request, body.content
    lines = [
        f"{start} HTTP/1.1",
        f"host: {service.value}",
        f"x-forwarded-host: {request.headers.get('host', '')}",
        f"x-request-id: {request.scope['parley.request_id']}",
        f"x-forwarded-for: {page.client_address}",
        f"user-agent: {request.headers.get('user-agent', '')}",
        f"content-length: {len(content)}" if isinstance(content, bytes) else "transfer-encoding: chunked",
    ]
    if page.token is not None:
        lines.append(f"authorization: Bearer {page.token}")
    if browser:
        lines.append(f"x-parley-browser: {browser}")
    if body.content_type:
        lines.append(f"content-type: {body.content_type}")
    # As the browser's own came, they may hold any byte (RFC 9110 §5.5).
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def _in_chunks(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in content:
        yield chunk(piece, is_last=False)
    yield chunk(b"", is_last=True)


async def _read_whole(connection: UpstreamConnection) -> ServiceAnswer:
    try:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in connection.headers}
        return ServiceAnswer(connection.status, headers, await connection.whole_body())
    finally:
        connection.done()
