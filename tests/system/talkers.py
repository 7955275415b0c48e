"""Talkers: people who write to each other as fast as they are answered, and come back whenever they are cut off.

They keep account of all they wrote and were told.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import pairwise

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from tests.system.parleys import Parley
from tests.system.people import WHISPER, Event, Person
from tests.waiting import eventually

UNANSWERED_MAX = 16
RETRY_S = 0.02


class Talker:
    """One person on one device, in one conversation."""

    def __init__(self, person: Person, other: str) -> None:
        self.person = person
        self.other = other
        self.label = f"@{other}"
        self.position = 0
        self.epoch: dict[str, str] = {}  # by the label; none before it is told
        self.written: list[str] = []
        self.unanswered: dict[str, str] = {}  # nonce: text
        self.acknowledged: dict[str, Event] = {}  # by nonce
        self.told: list[Event] = []  # the conversation, as it came
        self.surprises: list[object] = []  # what must not come at all
        self.cuts = 0
        self.sent_again = 0
        self.is_writing = True

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                async with self.person.connect() as socket:
                    with suppress(ConnectionClosed):
                        await self._talk(socket)
                    self.cuts += 1
            except InvalidStatus as refused:
                if refused.response.status_code not in {502, 503}:
                    self.surprises.append(refused.response)
            except (OSError, EOFError, WebSocketException):
                pass
            await asyncio.sleep(RETRY_S)

    async def _talk(self, socket: ClientConnection) -> None:
        is_resumed = False
        positions = {self.label: self.position}
        await socket.send(json.dumps({"type": "resume", "positions": positions, "epochs": self.epoch}))
        async for frame in socket:
            event: Event = json.loads(frame)
            if event["type"] in {"message", "sent"}:
                self._take(event)
            elif event["type"] == "resumed":
                is_resumed = True
                self.epoch = {label: epoch for label, epoch in event["epochs"].items() if label == self.label}
                self.surprises += event["truncated"]
                await self._send_again(socket)
            elif event["type"] == "error" and event["code"] != "recipient_offline":
                self.surprises.append(event)
            if is_resumed:
                await self._write(socket)

    def _take(self, event: Event) -> None:
        """The next of the conversation, or the answer to what was sent again; nothing twice, nothing out of order."""
        is_answer = event["type"] == "sent" and event["nonce"] in self.unanswered
        if event["seq"] == self.position + 1:
            self.position += 1
            self.told.append(event)
        elif not is_answer:
            self.surprises.append((self.position, event))
        if event["type"] == "sent":
            self.unanswered.pop(event["nonce"], None)
            self.acknowledged[event["nonce"]] = event

    async def _send_again(self, socket: ClientConnection) -> None:
        self.sent_again += len(self.unanswered)
        for nonce, text in tuple(self.unanswered.items()):
            await socket.send(json.dumps({"to": self.other, "message": text, "nonce": nonce}))

    async def _write(self, socket: ClientConnection) -> None:
        while self.is_writing and len(self.unanswered) < UNANSWERED_MAX:
            number = len(self.written)
            nonce, text = f"{self.other}-{number}", f"{WHISPER} {self.person.name} {number}"
            self.written.append(text)
            self.unanswered[nonce] = text
            await socket.send(json.dumps({"to": self.other, "message": text, "nonce": nonce}))


class Crowd:
    """Pairs of talkers."""

    def __init__(self, pairs: Sequence[tuple[Talker, Talker]]) -> None:
        self.pairs = pairs
        self.talkers = [talker for pair in pairs for talker in pair]

    @property
    def acknowledged(self) -> int:
        return sum(len(talker.acknowledged) for talker in self.talkers)

    async def until_acknowledged(self, messages: int) -> None:
        """Return when that many more have been acknowledged."""
        goal = self.acknowledged + messages
        await eventually(lambda: self.acknowledged >= goal)

    async def settle(self) -> None:
        """Stop writing, and return when everyone has every answer and every message."""
        for talker in self.talkers:
            talker.is_writing = False
        await eventually(lambda: all(map(_is_settled, self.pairs)))

    async def check(self) -> str:
        """Compare everything written, acknowledged and told with the history; the counts, as a line for the report."""
        for pair in self.pairs:
            await _check(*pair)
        return (
            f"{self.acknowledged} acknowledged, 0 lost, 0 doubled, 0 out of order; {len(self.talkers)} devices,"
            f" cut off {sum(talker.cuts for talker in self.talkers)} times,"
            f" {sum(talker.sent_again for talker in self.talkers)} sent again"
        )


@asynccontextmanager
async def crowd(parley: Parley, pairs: int) -> AsyncIterator[Crowd]:
    """So many pairs, talking."""
    people = await parley.people(*["talker"] * (2 * pairs))
    talking = Crowd([_pair(one, other) for one, other in list(pairwise(people))[::2]])
    tasks = [asyncio.create_task(talker.run()) for talker in talking.talkers]
    try:
        yield talking
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


def _pair(one: Person, other: Person) -> tuple[Talker, Talker]:
    return Talker(one, other.name), Talker(other, one.name)


def _is_settled(pair: tuple[Talker, Talker]) -> bool:
    messages = sum(len(talker.written) for talker in pair)
    return all(not talker.unanswered and talker.position >= messages for talker in pair)


async def _check(one: Talker, other: Talker) -> None:
    history = await one.person.history(other.person.name)
    assert [message["seq"] for message in history] == list(range(1, len(history) + 1))
    assert len({message["id"] for message in history}) == len(history)
    for talker in (one, other):
        own = [message for message in history if message["sender_username"] == talker.person.name]
        assert [message["message"] for message in own] == talker.written  # once, and in the order of writing
        assert {event["id"] for event in talker.acknowledged.values()} == {message["id"] for message in own}
        assert [event["id"] for event in talker.told] == [message["id"] for message in history]
        assert not talker.surprises, talker.surprises[:3]
