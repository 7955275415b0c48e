"""A frame source: the role of a connection whose frames are processed, and published if it names a stream."""

from time import monotonic
from typing import Annotated, NamedTuple

import msgspec

from servicekit.frames import Opcode, encode, text_frame
from servicekit.problems import Refusal
from video_service.actions.published_stream import PublishedStream
from video_service.domain import events
from video_service.domain.commands import Configure, Form, Look, Ping, RawFrame, parse
from video_service.domain.pictures import Picture
from video_service.domain.rates import FrameRate
from video_service.domain.refusals import TooManyFrames, VideoRefusal
from video_service.domain.stream_session import StreamSession
from video_service.pipeline.frame_processor import FrameJob, FrameResult
from video_service.websocket.paced_sender import PacedSender
from video_service.websocket.roles import Socket


class FrameSourceQuery(Look, frozen=True, kw_only=True):
    """The look to begin with, the name under which to publish, and for which conversation if not for everybody."""

    stream: str | None = None
    audience: Annotated[str, msgspec.Meta(pattern=r"^[@#][A-Za-z0-9_.-]{1,64}$(?!\n)")] | None = None

    @property
    def look(self) -> Look:
        return Look(**{name: getattr(self, name) for name in Look.__struct_fields__})


class PictureReply(NamedTuple):
    """A picture on its way back to who sent the frame, in the form in which that came."""

    form: Form
    picture: Picture


class FrameSource:
    """Frames come in here, and pictures come back."""

    def __init__(self, socket: Socket, query: FrameSourceQuery) -> None:
        self._socket = socket
        self._state = socket.state
        self._look = query.look
        self._name = query.stream
        self._audience = query.audience
        self._frames_per_second = self._state["frames_per_second"]
        self._rate = FrameRate(self._frames_per_second)
        self._published: PublishedStream | None = None
        self._stream_session: StreamSession | None = None
        self._number = 0
        self.frame_processor = self._state["new_frame_processor"]()
        self.paced_sender: PacedSender[PictureReply] = PacedSender(socket, self._encode_and_count)

    async def enter(self) -> None:
        """Raises Invalid, StreamTaken, TooManyStreams, UnknownAudience or Unavailable."""
        if self._name is not None:
            username = self._socket.identity.username
            self._published = await self._state["published_streams"].publish(self._name, username, self, self._audience)

    def opened(self) -> None:
        self._stream_session = self._state["stream_log"].begin(self._socket.identity.username, self._name)

    def closed(self) -> None:
        self._state["workers"].leave(self)
        if self._published is not None:
            self._state["published_streams"].end(self._published)
        if self._stream_session is not None:
            self._state["stream_log"].end(self._stream_session)

    # In

    def received(self, payload: bytes, *, is_text: bool) -> None:
        """Raises a Refusal."""
        assert self._stream_session is not None
        self._stream_session.bytes_in += len(payload)
        try:
            command = parse(payload, is_text=is_text)
        except Refusal:
            self._rate.take(monotonic())  # it costs as much as a frame
            raise
        if isinstance(command, Configure):
            self._look = command.apply(self._look)
            self._socket.tell(events.configured(self._look))
        elif isinstance(command, Ping):
            self._socket.tell(events.PONG)
        else:
            self._take(command, self._stream_session)

    def _take(self, raw: RawFrame, stream_session: StreamSession) -> None:
        """Let the frame wait for its turn, in place of the one that waits already."""
        self._number += 1
        stream_session.frames_received += 1
        if not self._rate.take(monotonic()):
            stream_session.frames_dropped += 1
            raise TooManyFrames(self._frames_per_second)
        if self._state["workers"].submit(self, FrameJob(raw, self._look, self._number)) is not None:
            stream_session.frames_dropped += 1

    # Out

    def processed(self, result: FrameResult) -> None:
        """What became of a frame; pictures in the order of the frames."""
        if self._stream_session is None or self._stream_session.ended_at is not None:
            return
        if result.refusal is not None:
            self._socket.tell_refusal(result.refusal, result.sequence)
        elif result.picture is not None:
            self._stream_session.frames_processed += 1
            if self._published is not None:
                self._state["published_streams"].show(self._published, result.picture)
            self.paced_sender.offer(PictureReply(result.form, result.picture))

    def _encode_and_count(self, reply: PictureReply) -> bytes:
        frame = self._encode(reply)
        self.sent(len(frame))
        return frame

    def _encode(self, reply: PictureReply) -> bytes:
        form, picture = reply
        if form is Form.BINARY:
            return encode(Opcode.BINARY, picture.jpeg)
        if form is Form.JSON:
            return text_frame(events.frame(picture, self._dropped))
        return text_frame(picture.base64 if form is Form.BASE64 else events.DATA_URL + picture.base64)

    @property
    def _dropped(self) -> int:
        return self.paced_sender.skipped + (self._stream_session.frames_dropped if self._stream_session else 0)

    def sent(self, size_bytes: int) -> None:
        if self._stream_session is not None:
            self._stream_session.bytes_out += size_bytes

    def lost(self, refusal: VideoRefusal) -> None:
        """The stream is somebody else's now, or over; the frames are still processed."""
        self._published = None
        self._socket.tell_refusal(refusal)
