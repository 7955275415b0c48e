"""Services: what pages ask of them, on behalf of a visitor."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from gateway.attempts import Attempting, count, settled
from gateway.domain.items import Problem
from gateway.domain.refusals import REFUSALS, ServiceAway, ServiceBroken, ServiceTooSlow, TooManyRequests
from gateway.domain.route_table import Rate, Service, find_own
from gateway.domain.tokens import find_browser
from gateway.limits import Attempt
from gateway.pages.visits import SignInFirst, Visit
from gateway.upstreams import UpstreamConnection
from servicekit.problems import Refusal, Unavailable
from servicekit.response_writer import chunk

T = TypeVar("T")
Query: TypeAlias = Mapping[str, str | int | None]  # without what is None
ANSWER_S_MAX = 10.0
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


class Answer(msgspec.Struct, frozen=True):
    """What a service answered, whole; `headers` by lower-case name, the last of each."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return msgspec.json.decode(self.body)


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
    visit: Visit, method: str, path: str, *, query: Query | None = None, body: Body = NO_BODY, browser: str = ""
) -> Answer:
    """The answer for this visitor of the service that has `path`, whatever it is. Raises Unavailable.

    What the route table limits counts as if it had been forwarded, and is refused as if it had been.
    """
    route = find_own(path)
    head = _request_head(visit, route.service, f"{method} {_target(path, query)}", body, browser)
    try:
        attempt = await _count(visit, route.rate_of(method), body)
        return await _answered(visit, route.service, method, head, body, attempt)
    except TooManyRequests as refusal:
        problem = Problem(str(refusal), REFUSALS[TooManyRequests].code)
        return Answer(
            REFUSALS[TooManyRequests].status, {"retry-after": str(refusal.retry_after_s)}, msgspec.json.encode(problem)
        )
    except (ServiceAway, ServiceBroken, ServiceTooSlow, TimeoutError):
        raise Unavailable(f"The {route.service.value} service does not answer.") from None


async def _count(visit: Visit, rate: Rate | None, body: Body) -> Attempt | None:
    """Raises TooManyRequests."""
    if rate is None:
        return None
    attempting = Attempting(
        address=visit.address,
        browser=find_browser(visit.request.headers.get("cookie")),
        username=visit.identity.username if visit.identity is not None else "",
        body=body.content if isinstance(body.content, bytes) else b"",
        content_type=body.content_type.encode(),
    )
    return await count(visit.state["limits"], rate, attempting)


async def _answered(
    visit: Visit, service: Service, method: str, head: bytes, body: Body, attempt: Attempt | None
) -> Answer:
    upstream, limits = visit.state["upstreams"][service], visit.state["limits"]
    if not isinstance(body.content, bytes):  # whoever sends it takes their time
        asking = upstream.ask_with_body(method, head, _in_chunks(body.content))
        return await _whole(await settled(limits, attempt, asking))
    async with asyncio.timeout(ANSWER_S_MAX):
        return await _whole(await settled(limits, attempt, upstream.ask(method, head + body.content)))


def _target(path: str, query: Query | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return quote(path, safe=_SAFE_IN_PATH) + (f"?{urlencode(given)}" if given else "")


def _request_head(visit: Visit, service: Service, start: str, body: Body, browser: str) -> bytes:
    request, content = visit.request, body.content
    lines = [
        f"{start} HTTP/1.1",
        f"host: {service.value}",
        f"x-forwarded-host: {request.headers.get('host', '')}",
        f"x-request-id: {request.scope['parley.request_id']}",
        f"x-forwarded-for: {visit.address}",
        f"user-agent: {request.headers.get('user-agent', '')}",
        f"content-length: {len(content)}" if isinstance(content, bytes) else "transfer-encoding: chunked",
    ]
    if visit.token is not None:
        lines.append(f"authorization: Bearer {visit.token}")
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


async def _whole(connection: UpstreamConnection) -> Answer:
    try:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in connection.headers}
        return Answer(connection.status, headers, await connection.whole_body())
    finally:
        connection.done()


async def tell(visit: Visit, method: str, path: str, *, query: Query | None = None, body: Body = NO_BODY) -> Answer:
    """The answer of a service that did as it was asked. Raises Refused, SignInFirst, Unavailable."""
    answer = await ask(visit, method, path, query=query, body=body)
    if answer.status < 300:
        return answer
    if answer.status == 401:  # revoked since it was checked at the door
        raise SignInFirst(visit.path)
    problem = problem_of(answer)
    if answer.status >= 500 and not problem.code:
        raise ServiceFailed(f"The {find_own(path).service.value} service failed.")
    raise Refused(answer.status, problem, answer.headers)


async def get(visit: Visit, path: str, kind: type[T], query: Query | None = None) -> T:
    """What a service has there, as `kind`. Raises Refused, SignInFirst, Unavailable."""
    answer = await tell(visit, "GET", path, query=query)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError:
        raise ServiceFailed(f"The {find_own(path).service.value} service answered what nobody understands.") from None


async def find(visit: Visit, path: str, kind: type[T], default: T, query: Query | None = None) -> T:
    """The same for what a page can do without: `default` where it is refused or cannot be had."""
    try:
        return await get(visit, path, kind, query)
    except (Refused, Unavailable):
        return default


def problem_of(answer: Answer) -> Problem:
    try:
        return msgspec.json.decode(answer.body, type=Problem)
    except msgspec.DecodeError:
        return Problem("")
