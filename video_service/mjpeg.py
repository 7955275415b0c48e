"""MJPEG: a stream as an HTTP answer that goes on, each part the next picture (RFC 2046 §5.1, x-mixed-replace)."""

import asyncio
from collections.abc import AsyncIterator, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from servicekit.connection_counts import ConnectionClaim
from servicekit.tokens import Identity
from video_service.actions.watched_stream import WatchedStream
from video_service.domain.pictures import Picture
from video_service.state import State

# Without a length, which is not known when the head goes out.
_NEXT_HEAD = b"--picture\r\nContent-Type: image/jpeg\r\n\r\n"
UNREAD_S_MAX = 5.0  # in which who reads no more may take the rest of an answer that has ended
MJPEG = "multipart/x-mixed-replace; boundary=picture"


class MjpegResponse(StreamingResponse):
    """A watcher of its own. A reader who is slow gets the newest picture when they take the next."""

    is_counted = True

    def __init__(self, identity: Identity, state: State, *, headers: Mapping[str, str]) -> None:
        super().__init__(self._parts(), headers=headers, media_type=MJPEG)
        self.identity = identity
        self.username = identity.username
        self._state = state
        self._claim: ConnectionClaim | None = None
        self._watched: WatchedStream | None = None
        self._newest: Picture | None = None
        self._has_ended = False
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._cut_off: asyncio.TimerHandle | None = None

    async def enter(self, name: str, token: str) -> None:
        """Raises UnknownStream, TooManyWatchers, TooManyConnections, Unauthenticated or Unavailable."""
        self._claim = self._state["connection_counts"].claim(self.identity.username)
        try:
            await self._claim.confirm()
            self._watched = await self._state["watched_streams"].enter(name, self)
            self._state["authentication"].identify(token)  # again: the session may have ended meanwhile
            self._state["profiles"].check()
        except BaseException:
            self._leave()
            raise
        self._state["open_connections"].add(self)
        self._state["watched_streams"].greet(self._watched, self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        later = asyncio.get_running_loop().call_later
        expiry = later(self.identity.expires_at - self._state["clock"](), self.end_session)
        self._task = asyncio.current_task()
        if self._has_ended:
            self.end()
        try:
            await super().__call__(scope, receive, send)
        finally:
            expiry.cancel()
            if self._cut_off is not None:
                self._cut_off.cancel()
            self._leave()

    def _leave(self) -> None:
        if self._claim is not None:
            self._claim.release()
        self._state["open_connections"].discard(self)
        if self._watched is not None:
            self._state["watched_streams"].leave(self._watched, self)

    async def _parts(self) -> AsyncIterator[bytes]:
        """A browser shows a picture when it has read the head of the next part, so that goes along."""
        yield _NEXT_HEAD
        while (picture := await self._next()) is not None:
            part = picture.jpeg + b"\r\n" + _NEXT_HEAD
            if self._watched is not None:
                self._state["watched_streams"].sent(self._watched, len(part))
            yield part

    async def _next(self) -> Picture | None:
        while self._newest is None and not self._has_ended:
            self._changed.clear()
            await self._changed.wait()
        picture, self._newest = self._newest, None
        return None if self._has_ended else picture

    # What PublishedStreams and OpenConnections tell

    def show(self, picture: Picture) -> None:
        self._newest = picture
        self._changed.set()

    def tell(self, event: bytes) -> None:
        """There is no place for it beside pictures."""

    def end(self) -> None:
        """Also for who has stopped reading: their line would never take what ends the answer."""
        self._has_ended = True
        self._changed.set()
        if self._task is not None and self._cut_off is None:
            self._cut_off = asyncio.get_running_loop().call_later(self._state["mjpeg_unread_s_max"], self._task.cancel)

    def end_session(self) -> None:
        self.end()

    def turn_away(self) -> None:
        self.end()
