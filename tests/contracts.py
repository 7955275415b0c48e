"""What a service answers in any test, held against what its contract says: the same types, statuses and codes."""

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any

import httpx
import jsonschema
import msgspec
from starlette.routing import BaseRoute

from servicekit.contract import SCHEMAS, contract_of, operations
from servicekit.problems import CONTENT_TYPE, RefusalTable
from servicekit.routing import MethodsRoute
from tests.unwatched import unwatched

AT_ANY_PATH = {405, 500, 502, 503, 504}
Hook = Callable[[httpx.Response], Awaitable[None]]


def public(routes: Iterable[BaseRoute]) -> Iterator[tuple[MethodsRoute, str]]:
    """Each route that the gateway may lead to, with each of its methods."""
    for route in routes:
        path = getattr(route, "path", "")
        if not path.startswith("/internal/") and path not in {"/healthz", "/readyz"}:
            assert isinstance(route, MethodsRoute), path
            yield from ((route, method) for method in route.endpoints)


class Contracts:
    """The contract of one service, with every object closed: a field that it does not name is a fault."""

    def __init__(self, routes: Iterable[BaseRoute], refusals: RefusalTable) -> None:
        self._routes = {(method, route.path): route for route, method, *_ in operations(routes)}
        part = contract_of(routes, refusals)
        self.paths = part.paths
        self._schemas = {SCHEMAS + name: closed(one) for name, one in part.schemas.items()}
        self._validators: dict[str, jsonschema.Draft202012Validator] = {}

    async def check(self, answer: httpx.Response) -> None:
        """A hook of httpx, for answers to a client of the service."""
        operation = self._operation(answer.request)
        if operation is None or answer.status_code in AT_ANY_PATH:
            return
        await answer.aread()
        told = operation["responses"].get(str(answer.status_code))
        assert told is not None, (answer.request, answer.status_code, answer.text[:200])
        content_type = answer.headers.get("content-type", "").partition(";")[0]
        if content_type in {"application/json", CONTENT_TYPE} and answer.request.method != "HEAD":
            self.validate(answer.json(), told["content"][content_type]["schema"])
        elif answer.is_success and answer.status_code != 206:
            assert matches(content_type, told.get("content", {})), (answer.request, content_type)
        if "link" in answer.headers:
            assert "Link" in told["headers"], answer.request

    def validate(self, value: Any, schema: dict[str, Any]) -> None:
        """Raises jsonschema.ValidationError."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            self._validators[key] = jsonschema.Draft202012Validator(inlined(schema, self._schemas))
        with unwatched():
            self._validators[key].validate(value)

    def _operation(self, request: httpx.Request) -> Any:
        path = request.url.raw_path.decode().partition("?")[0]
        scope = {"type": "http", "method": request.method, "path": request.url.path, "raw_path": path, "root_path": ""}
        for route in self._routes.values():
            if route.matches(scope)[0].name == "FULL":
                told = self.paths[route.path_format]
                return told.get(request.method.lower()) or (told.get("get") if request.method == "HEAD" else None)
        return None


def closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    shut = {"additionalProperties": False} if "properties" in schema and schema.get("type") == "object" else {}
    return {**{key: closed(one) for key, one in schema.items()}, **shut}


def inlined(schema: Any, schemas: dict[str, Any]) -> Any:
    """With what it refers to in place of each reference, which takes long to follow. None refers to itself."""
    if isinstance(schema, list):
        return [inlined(one, schemas) for one in schema]
    if not isinstance(schema, dict):
        return schema
    own = {key: inlined(one, schemas) for key, one in schema.items() if key != "$ref"}
    if "$ref" not in schema:
        return own
    meant = inlined(schemas[schema["$ref"]], schemas)
    return {**own, "allOf": [meant]} if own else meant


def matches(content_type: str, contents: dict[str, Any]) -> bool:
    if not contents:
        return content_type == ""
    return any(one in {"*/*", content_type} or content_type.startswith(one.removesuffix("*")) for one in contents)


def checked(routes: Iterable[BaseRoute], refusals: RefusalTable) -> dict[str, list[Hook]]:
    """`event_hooks` for a client."""
    return {"response": [Contracts(list(routes), refusals).check]}


def example_of(operation: dict[str, Any]) -> Any:
    contents = operation["requestBody"]["content"]
    return msgspec.to_builtins(next(iter(contents.values())).get("example"))
