"""The bare service, one fixed answer: the yardstick of forwarding, and its upstream where there is no nginx."""

from starlette.types import Receive, Scope, Send

ANSWER = b'{"username":"ada","nickname":"Ada","pfp":null,"online":true}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]


async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})
