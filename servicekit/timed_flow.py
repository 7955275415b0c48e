"""Flow control that tells the clock of a request when it is we who do not read."""

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl

from servicekit.deadlines import RequestClock


class TimedFlow(FlowControl):
    def __init__(self, transport: asyncio.Transport, clock: RequestClock, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(transport)
        self._clock = clock
        self._loop = loop

    def pause_reading(self) -> None:
        if not self.read_paused:
            self._clock.hold_up(self._loop.time())
        super().pause_reading()

    def resume_reading(self) -> None:
        if self.read_paused:
            self._clock.go_on(self._loop.time())
        super().resume_reading()
