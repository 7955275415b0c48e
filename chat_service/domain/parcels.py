"""Parcels: what is stored, packed for the channels of those concerned."""

import msgspec

from chat_service.domain import events
from chat_service.domain.changes import Change, Entry, Kind
from chat_service.domain.conversations import is_room, label_for, label_of_person, people_in
from chat_service.domain.envelopes import seal, seal_for_room
from chat_service.domain.messages import StoredMessage


def person(username: str) -> str:
    """The channel of a person."""
    return f"person:{username}"


def room(label: str) -> str:
    """The channel of a room."""
    return f"room:{label}"


class Parcel(msgspec.Struct, frozen=True):
    """Envelopes, and the channel that each goes to."""

    envelopes: tuple[tuple[str, bytes], ...]


class Letter(Parcel, frozen=True):
    """A 1:1 message: first the envelope for its reader, then the sender's, with `delivered` still null."""


def pack(entry: Entry) -> Parcel:
    if is_room(entry.conversation):
        return _for_room(entry)
    if isinstance(entry, Change):
        labels = [(name, label_for(name, entry.conversation)) for name in people_in(entry.conversation)]
        return Parcel(
            tuple((person(name), seal(label, entry.seq, events.change(entry, label))) for name, label in labels)
        )
    return _letter(entry)


def _letter(stored: StoredMessage) -> Letter:
    sender, receiver = stored.sender_username, stored.receiver_username or ""
    to_reader, to_sender = label_of_person(sender), label_of_person(receiver)
    return Letter(
        (
            (person(receiver), seal(to_reader, stored.seq, events.message(stored, to_reader))),
            (person(sender), seal(to_sender, stored.seq, events.sent(stored, to_sender))),
        )
    )


def _for_room(entry: Entry) -> Parcel:
    label = entry.conversation
    if isinstance(entry, StoredMessage):
        for_them, for_others = events.sent(entry, label), events.message(entry, label)
        envelope = seal_for_room(
            label,
            entry.seq,
            epoch=entry.epoch,
            username=entry.sender_username,
            for_them=for_them,
            for_others=for_others,
        )
        return Parcel(((room(label), envelope),))
    event = events.change(entry, label)
    envelopes = [(room(label), seal_for_room(label, entry.seq, epoch=entry.epoch, for_others=event))]
    if entry.kind == Kind.JOINED:  # their instance may not follow the room yet
        envelopes.append((person(entry.value), seal(label, entry.seq, event)))
    return Parcel(tuple(envelopes))
