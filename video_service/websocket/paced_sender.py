"""The paced sender: the newest picture for one connection, sent when its line has taken those before."""

from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Generic, NamedTuple, TypeVar

from video_service.websocket.roles import Socket

Item = TypeVar("Item")

ON_THE_WAY_MIN = 2
ON_THE_WAY_MAX = 8
PROMPT_S = 0.4


class _Sent(NamedTuple):
    number: int
    at_s: float


class PacedSender(Generic[Item]):
    """One slot. A probe follows each picture, and the client's answer to it says that all before has been read.

    Socket buffers, ours and the gateway's, would take megabytes without a word: many seconds of video on a slow line.
    So what counts is not whether they take more, but how many pictures are on their way: ON_THE_WAY_MIN, and one more
    for each that was answered within PROMPT_S, so that a long line is filled too.
    """

    def __init__(
        self, socket: Socket, encode: Callable[[Item], bytes], *, clock: Callable[[], float] = monotonic
    ) -> None:
        """`encode` makes the WebSocket frame of what is about to be sent."""
        self.skipped = 0
        self._socket = socket
        self._encode = encode
        self._waiting: Item | None = None
        self._on_the_way: deque[_Sent] = deque()
        self._room = ON_THE_WAY_MIN
        self._number = 0
        self._clock = clock

    def offer(self, item: Item) -> None:
        """Send `item` as soon as it may be, unless a newer one comes before."""
        if self._waiting is not None:
            self.skipped += 1
        self._waiting = item
        self.flush()

    def flush(self) -> None:
        """Send what waits, if it may be."""
        if self._waiting is not None and self._socket.is_writable and self._has_room():
            item, self._waiting = self._waiting, None
            self._socket.send(self._encode(item))
            self._number += 1
            self._socket.probe(b"%d" % self._number)
            self._on_the_way.append(_Sent(self._number, self._clock()))

    def answered(self, probe: bytes) -> None:
        """The client has answered that probe, and so those before it (RFC 6455 §5.5.3)."""
        if probe.isdigit():
            number = int(probe)
            while self._on_the_way and self._on_the_way[0].number <= number:
                self._learn(self._on_the_way.popleft())
            self.flush()

    def _learn(self, sent: _Sent) -> None:
        is_prompt = self._clock() - sent.at_s < PROMPT_S
        self._room = min(self._room + 1, ON_THE_WAY_MAX) if is_prompt else ON_THE_WAY_MIN

    def _has_room(self) -> bool:
        count = len(self._on_the_way)
        if count < ON_THE_WAY_MIN:
            return True
        return count < self._room and self._clock() - self._on_the_way[0].at_s < PROMPT_S
