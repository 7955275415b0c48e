"""The address of the bus: where Redis is, and what it is greeted with."""

import ssl
from urllib.parse import unquote, urlsplit


class BusAddress:
    """Where Redis is, from `redis[s]://[user:password@]host[:port][/database]` or `unix:///path`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"redis", "rediss", "unix"}:
            raise ValueError(f"{parts.scheme!r} is not a scheme of Redis")
        self.path = parts.path if parts.scheme == "unix" else None
        self.host = parts.hostname or "127.0.0.1"
        self.port = parts.port or 6379
        self.ssl = ssl.create_default_context() if parts.scheme == "rediss" else None
        self.username = unquote(parts.username or "default")
        self.password = unquote(parts.password) if parts.password else None
        self.database = 0 if self.path else int(parts.path.strip("/") or 0)

    def greeting(self) -> list[tuple[str, ...]]:
        auth = ("AUTH", self.username, self.password) if self.password else ()
        return [("HELLO", "3", *auth), ("SELECT", str(self.database))]
