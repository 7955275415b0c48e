"""The clients of the video benchmarks: a moving picture as JPEGs, and a WebSocket that sends it and counts answers."""

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import cv2
import msgspec
import numpy as np
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from bench.people import Person
from bench.rounds import WrongResult

ON_THE_WAY = 2
PATH = "/api/ws/video"


def scene(size: tuple[int, int], frames: int) -> list[bytes]:
    """A moving picture, as detailed as a camera's, as JPEGs of quality 80."""
    width, height = size
    chance = np.random.default_rng(1)
    rough = chance.integers(0, 256, (height // 24, width // 24, 3), dtype=np.uint8)
    ground = cv2.resize(rough, size, interpolation=cv2.INTER_CUBIC)
    noise = chance.integers(0, 12, (height, width, 3), dtype=np.uint8)
    return [_encode(_draw(cv2.add(ground, noise), number, frames)) for number in range(frames)]


def _draw(frame: "cv2.typing.MatLike", number: int, frames: int) -> "cv2.typing.MatLike":
    height, width = frame.shape[:2]
    middle = (width * (number + 1) // (frames + 1), height // 2)
    return cv2.circle(np.roll(frame, number * 3, axis=1), middle, height // 6, (40, 60, 220), -1)


def _encode(frame: "cv2.typing.MatLike") -> bytes:
    return cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


class Sender(WSListener):
    """Sends frames again and again: as many as it is asked for, or the next whenever one comes back."""

    transport: WSTransport

    def __init__(self, messages: Sequence[bytes], kind: WSMsgType) -> None:
        self.answered = 0
        self.is_pushing = False
        self.on_answer: Callable[[memoryview], None] = _ignore
        self._messages = messages
        self._kind = kind
        self._sent = 0

    def push(self) -> None:
        """Keep ON_THE_WAY frames on the way from now on."""
        self.is_pushing = True
        for _ in range(ON_THE_WAY):
            self.send_next()

    def send_next(self) -> None:
        self.transport.send(self._kind, self._messages[self._sent % len(self._messages)])
        self._sent += 1

    def on_ws_connected(self, transport: WSTransport) -> None:
        self.transport = transport

    def on_ws_frame(self, _transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            return
        payload = frame.get_payload_as_memoryview()
        if frame.msg_type == WSMsgType.TEXT and bytes(payload[:15]) == b'{"type":"error"':
            raise WrongResult(bytes(payload).decode())
        self.answered += 1
        self.on_answer(payload)
        if self.is_pushing:
            self.send_next()


def _ignore(_payload: memoryview) -> None: ...


@asynccontextmanager
async def connected(
    url: str, people: Sequence[Person], path: str, messages: Sequence[bytes], kind: WSMsgType
) -> AsyncIterator[list[Sender]]:
    async with AsyncExitStack() as stack:
        senders = []
        for person in people:
            address = f"{url}{PATH}{path}{'&' if '?' in path else '?'}token={person.key}"
            transport, sender = await ws_connect(lambda: Sender(messages, kind), address)
            stack.callback(transport.disconnect)
            assert isinstance(sender, Sender)
            senders.append(sender)
        yield senders


def as_json(jpeg: bytes) -> bytes:
    return msgspec.json.encode({"type": "frame", "image": data_url(jpeg)})


def data_url(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
