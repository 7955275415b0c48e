"""The forwarded request: what its head becomes on the way to a service, and a whole answer on the way back."""

from time import perf_counter

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from gateway.domain import route_table
from gateway.domain.headers import Headers, RequestHeaders, answer_headers, as_lines
from gateway.domain.origins import SAFE_METHODS, is_same_origin
from gateway.domain.paths import is_page_with_files
from gateway.domain.refusals import CrossOrigin
from gateway.domain.route_table import Access
from gateway.domain.tokens import find_browser
from gateway.state import State
from gateway.upstream_connection import UpstreamConnection
from servicekit.logs import bind_request_id
from servicekit.middleware import new_request_id, record
from servicekit.response_writer import WITHOUT_BODY, write_response

FORWARDED_REQUEST = "parley.forwarded_request"  # its key in the scope, from the protocol to the proxy
SECURITY_HEADERS: Headers = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
]
HSTS = (b"strict-transport-security", b"max-age=31536000")
NO_STORE = (b"cache-control", b"no-store")
_USER = Access.USER  # each look into an Enum is a call
_SECURITY_LINES = b"\r\n".join(as_lines([*SECURITY_HEADERS, (b"referrer-policy", b"same-origin")]))
_HSTS_LINE = b": ".join(HSTS)
_NO_STORE_LINE = b": ".join(NO_STORE)


def takes_files(path: str) -> bool:
    """Whether files are sent to there."""
    route = route_table.find(path)
    return is_page_with_files(path) if route is None else route.takes_files


class ForwardedRequest:
    """One request of a client, and its answer. Nothing in here waits: what has to is the proxy's."""

    __slots__ = (
        "client_address",
        "connection",
        "head",
        "headers",
        "request_id",
        "route",
        "scope",
        "started_s",
        "state",
    )

    def __init__(self, scope: Scope, headers: RequestHeaders, client_address: str) -> None:
        """`headers` are those of the scope."""
        self.scope = scope
        self.state: State = scope["state"]
        self.started_s = perf_counter()
        self.request_id = new_request_id()
        self.headers = headers
        self.route = route_table.find(scope["path"])
        self.client_address = client_address
        self.connection: UpstreamConnection | None = None  # that was asked at once
        self.head = b""  # of the request, as it was asked

    def send_at_once(self) -> UpstreamConnection | None:
        """Send the request to its service; None: something has to be waited for before."""
        route, headers = self.route, self.headers
        if route is None or route.rate or headers.announces_body or self.is_options:
            return None
        if self.state["allowed_origins"] and headers.get(b"origin") is not None:
            return None  # a page of another site asks, perhaps one that may read the answer (CORS)
        token = None
        if route.access is _USER:
            try:
                token = self.token()
            except CrossOrigin:
                return None
            if token is None or not self.state["authentication"].knows(token):
                return None
        self.connection = connection = self.state["upstreams"][route.service].idle_connection()
        if connection is not None:
            self.head = self.request_head(token)
            connection.ask(self.scope["method"], self.head)
        return connection

    @property
    def is_options(self) -> bool:
        """Whether it is only asked what may be done here. A browser asks so without a token, and does nothing yet."""
        return bool(self.scope["method"] == "OPTIONS")

    def token(self) -> str | None:
        """The token that the client shows. Raises CrossOrigin."""
        headers = self.headers
        if headers.token_is_cookie and self.scope["method"] not in SAFE_METHODS:
            self._check_origin()
        return headers.token

    @property
    def browser(self) -> str:
        return find_browser(self.headers.text(b"cookie"))

    def _check_origin(self) -> None:
        if not is_same_origin(
            site=self.headers.text(b"sec-fetch-site"),
            origin=self.headers.text(b"origin"),
            scheme=self.scope["scheme"],
            host=self.headers.text(b"host"),
            allowed_origins=self.state["allowed_origins"],
        ):
            raise CrossOrigin

    def request_head(self, token: str | None, body_length: int | None = None, *, browser: str = "") -> bytes:
        """As the service gets it; `body_length` where the body was read whole, whatever framed it before."""
        scope, headers = self.scope, self.headers
        query, fields = scope["query_string"], headers.lines
        if body_length is not None:
            fields = b"\r\n".join(as_lines([field for field in headers.passed if field[0] != b"content-length"]))
        target = scope["raw_path"] + (b"?" + query if query else b"")
        lines = [
            scope["method"].encode() + b" " + target + b" HTTP/1.1",
            f"x-request-id: {self.request_id}".encode(),
            f"x-forwarded-proto: {scope['scheme']}\r\nx-forwarded-for: {self.client_address}".encode(),
        ]
        if fields:
            lines.append(fields)
        if token is not None:
            lines.append(b"authorization: Bearer " + token.encode())
        if browser:
            lines.append(b"x-parley-browser: " + browser.encode())
        if body_length is not None:
            lines.append(b"content-length: %d" % body_length)
        elif headers.get(b"transfer-encoding") is not None:
            lines.append(b"transfer-encoding: chunked")
        if headers.get(b"host") is None:  # HTTP/1.0
            lines.append(b"host: parley")
        lines.append(b"\r\n")
        return b"\r\n".join(lines)

    def record(self, status: int) -> None:
        """Count the answer, and log it if it is a refusal or an error."""
        record(self.scope, status, perf_counter() - self.started_s, self.headers.token)

    def answer_at_once(self, cycle: RequestResponseCycle) -> bool:
        """Pass the answer on; False: not all of it is here, or not all of it can go."""
        connection = self.connection
        if connection is None or not connection.status or not connection.is_complete or cycle.flow.write_paused:
            return False
        status, body = connection.status, connection.body_so_far()
        lines = as_lines(answer_headers(connection.headers))
        lines.append(_SECURITY_LINES)
        if self.scope["scheme"] == "https":
            lines.append(_HSTS_LINE)
        if not connection.says_how_kept:
            lines.append(_NO_STORE_LINE)
        lines.append(b"x-request-id: " + self.request_id.encode())
        if not connection.has_length and status not in WITHOUT_BODY and self.scope["method"] != "HEAD":
            lines.append(b"content-length: %d" % len(body))
        connection.done()
        if status >= 400:  # which is logged
            bind_request_id(self.request_id)
        self.record(status)
        write_response(cycle, status, lines, body)
        return True
