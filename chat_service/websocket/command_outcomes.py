"""Replies to a socket: what became of a command that it sent."""

from typing import Protocol

from chat_service.domain import events
from chat_service.domain.changes import Entry
from chat_service.domain.events import EncodedEvent
from chat_service.domain.messages import StoredMessage
from chat_service.domain.readers import Connection, Reader
from servicekit.problems import Refusal


class Device(Connection, Protocol):
    """The connection that a command came from."""

    reader: Reader

    def answered(self) -> None:
        """One command less has no reply yet."""

    def tell_refusal(self, refusal: Refusal, nonce: str | None) -> None: ...


class CommandOutcome:
    """The event itself comes to all of the person's devices, and so to this one."""

    __slots__ = ("_device", "_nonce")

    def __init__(self, device: Device, nonce: str | None) -> None:
        self._device = device
        self._nonce = nonce

    def stored(self, entry: Entry | None) -> None:
        self._device.answered()

    def repeated(self, message: StoredMessage) -> None:
        """What is still on its way to all of the sender's devices comes to this one with them; of a room that they have
        left nothing comes.
        """
        self._device.answered()
        reader = self._device.reader
        label = message.conversation.label_for(reader.username)
        on_way_from = message.seq if label.is_room else 0
        if self._device in reader.connections and message.seq <= reader.positions.get(label, on_way_from):
            self._device.send_event(label, EncodedEvent(events.sent(message, label)))

    def refused(self, refusal: Refusal) -> None:
        self._device.answered()
        self.noted(refusal)

    def noted(self, refusal: Refusal) -> None:
        self._device.tell_refusal(refusal, self._nonce)
