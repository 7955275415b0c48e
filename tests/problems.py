"""What a refusal of a service is known by."""

import httpx


def code(response: httpx.Response) -> tuple[int, str]:
    """Its status and code; it has the shape of RFC 9457."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    body = response.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys()
    assert body["status"] == response.status_code
    return response.status_code, body["code"]
