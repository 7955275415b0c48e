"""Request targets: what a request asks for and on which host, in one form whatever was sent (RFC 9112 §3.2)."""

import re
from urllib.parse import unquote

import httptools
from starlette.types import Scope

_HOST = re.compile(rb"(?:[A-Za-z0-9._~!$&'()*+,;=%-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_ABSOLUTE = re.compile(rb"https?://([^/?#]*)([^#]*)", re.IGNORECASE)
Headers = list[tuple[bytes, bytes]]


class WrongTarget(ValueError):
    """The request does not say, or not clearly, what it is for."""


def in_origin_form(target: bytes, headers: Headers) -> bytes:
    """`target` without the host, whose name then replaces what `Host` says (§3.2.2). Raises WrongTarget."""
    found = _ABSOLUTE.fullmatch(target.partition(b"#")[0])
    if found is None:
        return target
    if _HOST.fullmatch(found[1]) is None:
        raise WrongTarget("The target of the request names no host.")
    headers[:] = [(name, found[1] if name == b"host" else value) for name, value in headers]
    return found[2] if found[2].startswith(b"/") else b"/" + found[2]


def check_host(headers: Headers, http_version: str) -> bool:
    """Whether there is a `Host`: exactly one, or with HTTP/1.0 perhaps none. Raises WrongTarget."""
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) == 1 and _HOST.fullmatch(hosts[0]) is not None:
        return True
    if hosts or http_version != "1.0":
        raise WrongTarget("A request has exactly one Host, and it is the name of one.")
    return False


def complete_scope(scope: Scope, target: bytes, parser: httptools.HttpRequestParser) -> None:
    """What the first line of a request says (ASGI's HTTP connection scope)."""
    url = httptools.parse_url(target)
    path = url.path.decode("ascii")
    scope["method"] = parser.get_method().decode("ascii")
    scope["http_version"] = parser.get_http_version()
    scope["path"] = unquote(path) if "%" in path else path
    scope["raw_path"] = url.path
    scope["query_string"] = url.query or b""
