"""The contract of the whole: the services' parts, joined into one OpenAPI 3.1 document."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.domain.route_table import WEBSOCKET_ROUTES, find
from gateway.domain.tokens import COOKIE
from servicekit.contract import SCHEMAS, Contract, Schema, problem_answer
from servicekit.version import __version__

GATEWAY = "gateway"
_ABOUT: Mapping[str, str] = {
    "auth": "Accounts, sessions, profiles",
    "chat": "Conversations, rooms, messages",
    "media": "Files and pictures",
    "video": "Live video",
    GATEWAY: "The system as a whole",
}
_DESCRIPTION = """\
Bodies are JSON in UTF-8, or forms where that is stated. GET paths answer HEAD too. No text holds the character
NUL. Refusals are problems (RFC 9457) with a `code` that does not change.

There are WebSockets at {sockets}, which OpenAPI cannot describe. Their commands and events are in docs/protocol.md."""


def joined(parts: Mapping[str, Contract], missing: Iterable[str] = ()) -> dict[str, Any]:
    """The document, of parts by service. A name that two give to different schemas gets its service before it."""
    contested = _contested(parts.values())
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for service, part in parts.items():
        names = {name: service.capitalize() + name for name in contested & part.schemas.keys()}
        schemas |= {names.get(name, name): _renamed(schema, names) for name, schema in part.schemas.items()}
        paths |= {path: _of_service(service, path, methods, names) for path, methods in part.paths.items()}
    absent = sorted(missing)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Parley", "version": __version__, "description": _description()},
        "tags": [{"name": service, "description": _ABOUT[service]} for service in parts],
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items())), "securitySchemes": _SECURITY_SCHEMES},
        **({"x-missing": absent} if absent else {}),
    }


_SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": COOKIE,
        "description": "What changes something must then come from a page of this site.",
    },
}


def _description() -> str:
    paths = [f"`{route.path}{'…' if route.path.endswith('/') else ''}`" for route in WEBSOCKET_ROUTES]
    return _DESCRIPTION.format(sockets=", ".join(paths))


def _contested(parts: Iterable[Contract]) -> set[str]:
    known: dict[str, Schema] = {}
    contested = set()
    for part in parts:
        for name, schema in part.schemas.items():
            if known.setdefault(name, schema) != schema:
                contested.add(name)
    return contested


def _of_service(service: str, path: str, methods: Mapping[str, Schema], names: Mapping[str, str]) -> Schema:
    return {
        method: {"tags": [service], **_limited(path, method, _renamed(operation, names))}
        for method, operation in methods.items()
    }


def _limited(path: str, method: str, operation: Schema) -> Schema:
    """With the refusal that is the gateway's own: too many attempts."""
    route = find(re.sub(r"[{}]", "", path))
    if route is None or route.rate_of(method.upper()) is None:
        return operation
    refusal = problem_answer("Too Many Requests", ["too_many_requests"])
    return {**operation, "responses": {**operation["responses"], "429": refusal}}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """`value` with its references to the schemas `names` led to their new ones."""
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    renamed = {key: _renamed(one, names) for key, one in value.items()}
    reference = value.get("$ref")
    if isinstance(reference, str) and (name := names.get(reference.removeprefix(SCHEMAS))) is not None:
        renamed["$ref"] = SCHEMAS + name
    return renamed
