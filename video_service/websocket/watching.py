"""Watching: the role of a connection that is shown a stream."""

from typing import Literal

import msgspec

from servicekit.frames import CloseCode, Opcode, encode, text_frame
from video_service.actions.watched_stream import WatchedStream
from video_service.domain import events
from video_service.domain.commands import Ping, parse
from video_service.domain.pictures import Picture
from video_service.domain.refusals import InvalidCommand
from video_service.websocket.paced_sender import PacedSender
from video_service.websocket.roles import Socket


class WatchingQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How pictures are to come: as JPEG, or as JSON with a data URL and the caption."""

    format: Literal["binary", "json"] = "binary"


class Watching:
    """Pictures go out here, the newest as soon as the line has taken those before."""

    is_counted = True

    def __init__(self, socket: Socket, name: str, query: WatchingQuery) -> None:
        self._socket = socket
        self.username = socket.identity.username
        self._watched_streams = socket.state["watched_streams"]
        self._name = name
        self._as_json = query.format == "json"
        self._watched: WatchedStream | None = None
        self.paced_sender: PacedSender[Picture] = PacedSender(socket, self._encode)

    async def enter(self) -> None:
        """Raises UnknownStream, TooManyWatchers or Unavailable."""
        self._watched = await self._watched_streams.enter(self._name, self)

    def opened(self) -> None:
        assert self._watched is not None
        self._watched_streams.greet(self._watched, self)
        self.paced_sender.flush()

    def closed(self) -> None:
        if self._watched is not None:
            self._watched_streams.leave(self._watched, self)

    def received(self, payload: bytes, *, is_text: bool) -> None:
        """Raises InvalidCommand."""
        if not isinstance(parse(payload, is_text=is_text), Ping):
            raise InvalidCommand("Who watches a stream sends nothing but pings.")
        self._socket.tell(events.PONG)

    # What PublishedStreams tells

    def show(self, picture: Picture) -> None:
        self.paced_sender.offer(picture)

    def tell(self, event: bytes) -> None:
        self._socket.tell(event)

    def end(self) -> None:
        self._socket.close(CloseCode.NORMAL, "the stream has ended")

    def _encode(self, picture: Picture) -> bytes:
        if self._as_json:
            frame = text_frame(events.frame(picture, self.paced_sender.skipped))
        else:
            frame = encode(Opcode.BINARY, picture.jpeg)
        if self._watched is not None:
            self._watched_streams.sent(self._watched, len(frame))
        return frame
