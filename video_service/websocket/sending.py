"""Sending: the role of a connection whose frames are developed, and published if it names a stream."""

from time import monotonic
from typing import Annotated, NamedTuple

import msgspec

from servicekit.frames import Opcode, encode, text_frame
from servicekit.problems import Refusal
from video_service.actions.broadcasts import Broadcast
from video_service.domain import events
from video_service.domain.commands import Configure, Form, Look, Ping, SealedFrame, parse
from video_service.domain.pictures import Picture
from video_service.domain.rates import FrameRate
from video_service.domain.refusals import TooManyFrames, VideoRefusal
from video_service.domain.transmissions import Transmission
from video_service.pipeline.lens import Developed, Shot
from video_service.websocket.outlet import Outlet
from video_service.websocket.roles import Socket


class SendingQuery(Look, frozen=True, kw_only=True):
    """The look to begin with, the name under which to publish, and for which conversation if not for everybody."""

    stream: str | None = None
    audience: Annotated[str, msgspec.Meta(pattern=r"^[@#][A-Za-z0-9_.-]{1,64}$(?!\n)")] | None = None

    @property
    def look(self) -> Look:
        return Look(**{name: getattr(self, name) for name in Look.__struct_fields__})


class Answer(NamedTuple):
    """A picture on its way back to who sent the frame, in the form in which that came."""

    form: Form
    picture: Picture


class Sending:
    """Frames come in here, and pictures come back."""

    def __init__(self, socket: Socket, query: SendingQuery) -> None:
        self._socket = socket
        self._state = socket.state
        self._look = query.look
        self._name = query.stream
        self._audience = query.audience
        self._frames_per_second = self._state["frames_per_second"]
        self._rate = FrameRate(self._frames_per_second)
        self._broadcast: Broadcast | None = None
        self._transmission: Transmission | None = None
        self._number = 0
        self.lens = self._state["new_lens"]()
        self.outlet: Outlet[Answer] = Outlet(socket, self._seal)

    async def enter(self) -> None:
        """Raises Invalid, StreamTaken, TooManyStreams, UnknownAudience or Unavailable."""
        if self._name is not None:
            username = self._socket.identity.username
            self._broadcast = await self._state["streams"].publish(self._name, username, self, self._audience)

    def opened(self) -> None:
        self._transmission = self._state["ledger"].begin(self._socket.identity.username, self._name)

    def closed(self) -> None:
        self._state["workers"].leave(self)
        if self._broadcast is not None:
            self._state["streams"].end(self._broadcast)
        if self._transmission is not None:
            self._state["ledger"].end(self._transmission)

    # In

    def received(self, payload: bytes, *, is_text: bool) -> None:
        """Raises a Refusal."""
        assert self._transmission is not None
        self._transmission.bytes_in += len(payload)
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
            self._take(command, self._transmission)

    def _take(self, sealed: SealedFrame, transmission: Transmission) -> None:
        """Let the frame wait for its turn, in place of the one that waits already."""
        self._number += 1
        transmission.frames_received += 1
        if not self._rate.take(monotonic()):
            transmission.frames_dropped += 1
            raise TooManyFrames(self._frames_per_second)
        if self._state["workers"].submit(self, Shot(sealed, self._look, self._number)) is not None:
            transmission.frames_dropped += 1

    # Out

    def developed(self, developed: Developed) -> None:
        """What became of a frame; pictures in the order of the frames."""
        if self._transmission is None or self._transmission.ended_at is not None:
            return
        if developed.refusal is not None:
            self._socket.tell_refusal(developed.refusal, developed.sequence)
        elif developed.picture is not None:
            self._transmission.frames_processed += 1
            if self._broadcast is not None:
                self._state["streams"].show(self._broadcast, developed.picture)
            self.outlet.offer(Answer(developed.form, developed.picture))

    def _seal(self, answer: Answer) -> bytes:
        frame = self._encode(answer)
        self.sent(len(frame))
        return frame

    def _encode(self, answer: Answer) -> bytes:
        form, picture = answer
        if form is Form.BINARY:
            return encode(Opcode.BINARY, picture.jpeg)
        if form is Form.JSON:
            return text_frame(events.frame(picture, self._dropped))
        return text_frame(picture.base64 if form is Form.BASE64 else events.DATA_URL + picture.base64)

    @property
    def _dropped(self) -> int:
        return self.outlet.skipped + (self._transmission.frames_dropped if self._transmission else 0)

    def sent(self, size_bytes: int) -> None:
        if self._transmission is not None:
            self._transmission.bytes_out += size_bytes

    def lost(self, refusal: VideoRefusal) -> None:
        """The stream is somebody else's now, or over; the frames are still developed."""
        self._broadcast = None
        self._socket.tell_refusal(refusal)
