"""Deliveries: what is stored, in the envelopes for those concerned."""

import msgspec

from chat_service.domain import change_events, events, personal_events
from chat_service.domain.changes import Change, Entry, Kind
from chat_service.domain.conversations import Conversation, Label
from chat_service.domain.envelopes import EVERYBODY, Envelope, RoomEnvelope, room_channel, to_person
from chat_service.domain.messages import StoredMessage
from chat_service.domain.unread import Unread


class Delivery(msgspec.Struct, frozen=True):
    envelopes: tuple[Envelope, ...]


class DirectDelivery(Delivery, frozen=True):
    """A 1:1 message: first the envelope for its reader, then the sender's, with `delivered` still null."""

    @property
    def to_reader(self) -> Envelope:
        return self.envelopes[0]

    def delivered(self) -> Delivery:
        """The same where the reader is known to have a connection."""
        to_reader, to_sender = self.envelopes
        return Delivery((to_reader, msgspec.structs.replace(to_sender, event=events.sent_delivered(to_sender.event))))


def delivery_of(entry: Entry) -> Delivery:
    if entry.conversation.is_room:
        label = Label(entry.conversation.name)
        if isinstance(entry, StoredMessage):
            return Delivery((_said_in_room(entry, label),))
        return Delivery(_changed_in_room(entry, label))
    if isinstance(entry, StoredMessage):
        return _direct(entry)
    labels = [(username, entry.conversation.label_for(username)) for username in entry.conversation.people]
    return Delivery(
        tuple(to_person(name, label, entry.seq, change_events.change(entry, label, name)) for name, label in labels)
    )


def unmarked(username: str, conversation: Conversation, counts: Unread) -> Envelope:
    """That the person's conversation is no longer marked as unread."""
    label = conversation.label_for(username)
    return to_person(username, label, event=personal_events.unread(label, None, counts))


def _direct(stored: StoredMessage) -> DirectDelivery:
    sender, receiver = stored.sender_username, stored.conversation.other_than(stored.sender_username)
    from_sender, from_receiver = Label.of_person(receiver), Label.of_person(sender)
    return DirectDelivery(
        (
            to_person(receiver, from_receiver, stored.seq, events.message(stored, from_receiver)),
            to_person(sender, from_sender, stored.seq, events.sent(stored, from_sender)),
        )
    )


def _said_in_room(stored: StoredMessage, label: Label) -> RoomEnvelope:
    return RoomEnvelope(
        channel=room_channel(label),
        label=label,
        seq=stored.seq,
        epoch=stored.epoch,
        author=stored.sender_username,
        for_author=events.sent(stored, label),
        event=events.message(stored, label),
    )


def _changed_in_room(change: Change, label: Label) -> tuple[Envelope, ...]:
    event = change_events.change(change, label)
    departures: dict[str, str] = {Kind.LEFT: change.value, Kind.CLOSED: EVERYBODY}
    to_room = RoomEnvelope(
        channel=room_channel(label),
        label=label,
        seq=change.seq,
        epoch=change.epoch,
        author=change.username if change.counts else "",
        for_author=change_events.change(change, label, change.username) if change.counts else b"",
        event=event,
        departed=departures.get(change.kind),
    )
    if change.kind == Kind.JOINED:  # their instance may not follow the room yet
        return to_room, to_person(change.value, label, change.seq, event)
    return (to_room,)
