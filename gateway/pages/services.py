"""Services: what pages ask of them, on behalf of a visitor."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from gateway.domain.items import Problem
from gateway.domain.refusals import ServiceAway, ServiceBroken, ServiceTooSlow
from gateway.domain.route_table import Service
from gateway.pages.visits import SignInFirst, Visit
from gateway.upstreams import UpstreamConnection
from servicekit.answers import chunk
from servicekit.problems import Refusal, Unavailable

T = TypeVar("T")
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


async def ask(
    visit: Visit,
    service: Service,
    method: str,
    path: str,
    *,
    query: Mapping[str, Any] | None = None,
    json: Any = None,
    form: Mapping[str, str] | None = None,
    content: AsyncIterator[bytes] | None = None,
    content_type: str = "",
    browser: str = "",
) -> Answer:
    """The answer of a service for this visitor, whatever it is. Raises Unavailable.

    The body is JSON, a form, `content` as it comes, or none.
    """
    body = b""
    if json is not None:
        body, content_type = msgspec.json.encode(json), "application/json"
    elif form is not None:
        body, content_type = urlencode(form).encode(), "application/x-www-form-urlencoded"
    framing = f"content-length: {len(body)}" if content is None else "transfer-encoding: chunked"
    target = quote(path, safe=_SAFE_IN_PATH) + (f"?{urlencode(query)}" if query else "")
    lines = [f"{method} {target} HTTP/1.1", *_header_lines(visit, service), framing]
    if browser:
        lines.append(f"x-parley-browser: {browser}")
    if content_type:
        lines.append(f"content-type: {content_type}")
    # As the browser's own came, they may hold any byte (RFC 9110 §5.5).
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    upstream = visit.state["upstreams"][service]
    try:
        if content is not None:  # whoever sends it takes their time
            return await _answer(await upstream.ask_with_body(method, head, _in_chunks(content)))
        async with asyncio.timeout(ANSWER_S_MAX):
            return await _answer(await upstream.ask(method, head + body))
    except (ServiceAway, ServiceBroken, ServiceTooSlow, TimeoutError):
        raise Unavailable(f"The {service.value} service does not answer.") from None


def _header_lines(visit: Visit, service: Service) -> list[str]:
    request = visit.request
    lines = [
        f"host: {service.value}",
        f"x-forwarded-host: {request.headers.get('host', '')}",
        f"x-request-id: {request.scope['parley.request_id']}",
        f"x-forwarded-for: {visit.address}",
        f"user-agent: {request.headers.get('user-agent', '')}",
    ]
    if visit.token is not None:
        lines.append(f"authorization: Bearer {visit.token}")
    return lines


async def _in_chunks(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    async for piece in content:
        yield chunk(piece, is_last=False)
    yield chunk(b"", is_last=True)


async def _answer(connection: UpstreamConnection) -> Answer:
    try:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in connection.headers}
        return Answer(connection.status, headers, await connection.whole_body())
    finally:
        connection.done()


async def tell(visit: Visit, service: Service, method: str, path: str, **body: Any) -> Answer:
    """The answer of a service that did as it was asked. Raises Refused, SignInFirst, Unavailable."""
    answer = await ask(visit, service, method, path, **body)
    if answer.status < 300:
        return answer
    if answer.status == 401:  # revoked since it was checked at the door
        raise SignInFirst(visit.path)
    problem = problem_of(answer)
    if answer.status >= 500 and not problem.code:
        raise ServiceFailed(f"The {service.value} service failed.")
    raise Refused(answer.status, problem, answer.headers)


async def get(visit: Visit, service: Service, path: str, kind: type[T], **query: Any) -> T:
    """What a service has there, as `kind`. Raises Refused, SignInFirst, Unavailable."""
    wanted = {name: value for name, value in query.items() if value is not None}
    answer = await tell(visit, service, "GET", path, query=wanted)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError:
        raise ServiceFailed(f"The {service.value} service answered what nobody understands.") from None


async def find(visit: Visit, service: Service, path: str, kind: type[T], default: T, **query: Any) -> T:
    """The same for what a page can do without: `default` where it is refused or cannot be had."""
    try:
        return await get(visit, service, path, kind, **query)
    except (Refused, Unavailable):
        return default


def problem_of(answer: Answer) -> Problem:
    try:
        return msgspec.json.decode(answer.body, type=Problem)
    except msgspec.DecodeError:
        return Problem("")
