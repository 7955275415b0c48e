"""Responses of a service: JSON, and the `Link` to other pages of a list."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.responses import Response

NOT_KEPT = {"Cache-Control": "no-store"}  # by nobody between us and the client: nearly every answer is one person's


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(body), status, {**NOT_KEPT, **(headers or {})}, "application/json")


def link(path: str, rel: str, **query: str | int) -> dict[str, str]:
    """The header that leads to another page of a list (RFC 8288)."""
    return {"Link": f'<{path}?{urlencode(query)}>; rel="{rel}"'}
