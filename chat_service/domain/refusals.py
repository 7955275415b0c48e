"""Why chat refuses: each a fact, with the data that belongs to it."""

from servicekit.problems import FieldError, Refusal


class ChatRefusal(Refusal):
    """Base of the tree."""


class InvalidCommand(ChatRefusal):
    """The frame is not a command."""


class UnknownRecipient(ChatRefusal):
    def __init__(self, username: str) -> None:
        super().__init__(f"There is no {username!r}.")


class RecipientIsSelf(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("A message to oneself is not possible.")


class RecipientOffline(ChatRefusal):
    """Not a failure: the message is stored, and read when they come."""

    def __init__(self, username: str) -> None:
        super().__init__(f"{username} is not connected; the message is kept for them.")


class MessageEmpty(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("A message needs at least one character that can be seen.")


class MessageTooLong(ChatRefusal):
    def __init__(self, length: int, length_max: int) -> None:
        super().__init__(f"The message has {length} characters; {length_max} is the most.")


class InvalidMessage(ChatRefusal):
    """Text that no store or screen can hold."""


class UnknownMessage(ChatRefusal):
    def __init__(self, message_id: int) -> None:
        super().__init__(f"There is no message {message_id} in this conversation.")


class NotTheAuthor(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("Only who wrote a message may change it.")


class InvalidEmoji(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("A reaction is one emoji.")


class UnknownRoom(ChatRefusal):
    """It does not exist, or is private and the asker not in it: who is not told cannot guess."""

    def __init__(self, room: str) -> None:
        super().__init__(f"There is no room {room!r} for you.")


class NotAMember(ChatRefusal):
    def __init__(self, room: str, username: str = "") -> None:
        """Without a `username` it is who asks."""
        who = f"{username} is" if username else "You are"
        super().__init__(f"{who} not a member of {room!r}.")


class NotTheOwner(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("Only the owner of the room may do this.")


class NotAllowed(ChatRefusal):
    """By what they are, or what who it would concern is."""

    def __init__(self) -> None:
        super().__init__("You may not do this here, or not to this person.")


class TimedOut(ChatRefusal):
    def __init__(self, room: str, retry_after_s: int) -> None:
        super().__init__(f"You may write in {room!r} again in {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class SlowMode(ChatRefusal):
    def __init__(self, room: str, slow_mode_s: int, retry_after_s: int) -> None:
        super().__init__(f"In {room!r} one message in {slow_mode_s} s is the most; wait {retry_after_s} s.")
        self.retry_after_s = retry_after_s


class NotAccepted(ChatRefusal):
    """The other one has blocked them, or is banned: which, and whether, is not told."""

    def __init__(self, username: str) -> None:
        super().__init__(f"{username} takes no messages, calls and invitations from you.")


class TooManyBlocks(ChatRefusal):
    def __init__(self, blocks_max: int) -> None:
        super().__init__(f"{blocks_max} people are the most that one person can block.")
        self.retry_after_s = 60


class DraftsTooFast(ChatRefusal):
    def __init__(self, per_second_max: int) -> None:
        super().__init__(f"More than {per_second_max} drafts a second; wait a moment.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}


class TooManyDrafts(ChatRefusal):
    def __init__(self, drafts_max: int) -> None:
        super().__init__(f"{drafts_max} drafts are the most that one person can keep.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "60"}


class TooManyNotificationLevels(ChatRefusal):
    def __init__(self, levels_max: int) -> None:
        super().__init__(f"Of {levels_max} conversations one person can choose what to be notified of.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "60"}


class AlreadyReported(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("You have reported this already.")


class TooManyReports(ChatRefusal):
    def __init__(self, per_hour_max: int, retry_after_s: int) -> None:
        super().__init__(f"More than {per_hour_max} reports an hour; wait a while.")
        self.retry_after_s = retry_after_s


class ReportOfSelf(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("A report is about somebody else.")


class UnknownReport(ChatRefusal):
    def __init__(self, report_id: int) -> None:
        super().__init__(f"There is no report {report_id}.")


class OwnerStays(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("The owner cannot leave the room; they may delete it.")


class RoomTaken(ChatRefusal):
    def __init__(self, room: str) -> None:
        super().__init__(f"There is a room {room!r} already.")


class TooManyRooms(ChatRefusal):
    """Of those that one person may own, or join."""

    def __init__(self, rooms_max: int) -> None:
        super().__init__(f"{rooms_max} rooms are the most for one person.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "60"}  # when a room was left or closed, say


class RoomFull(ChatRefusal):
    def __init__(self, members_max: int) -> None:
        super().__init__(f"{members_max} members are the most that a room can have.")


class TooManyPins(ChatRefusal):
    def __init__(self, pins_max: int) -> None:
        super().__init__(f"{pins_max} messages are the most that can be pinned in a conversation.")


class TooManyReactions(ChatRefusal):
    """Of one person to a message, or of all."""

    def __init__(self, reactions_max: int) -> None:
        super().__init__(f"{reactions_max} reactions are the most for this message.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "60"}


class TooManySavedChats(ChatRefusal):
    def __init__(self, saved_max: int) -> None:
        super().__init__(f"{saved_max} saved chats are the most for one person.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "60"}


class TooManyInvitations(ChatRefusal):
    def __init__(self, per_hour_max: int) -> None:
        super().__init__(f"More than {per_hour_max} invitations an hour; wait a while.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "120"}


class TooManyNamesTried(ChatRefusal):
    """Of rooms that were taken: else one could find out which private ones there are."""

    def __init__(self, per_hour_max: int) -> None:
        super().__init__(f"More than {per_hour_max} names in an hour that were taken, or might be; wait a while.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "120"}


class QueryEmpty(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("Say what to search for: ?query=")


class QueryInvalid(ChatRefusal):
    """An operator has a value that it cannot have."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.errors = (FieldError("query", detail),)


class NoCall(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("There is no call to answer or to end in this conversation.")


class StreamTaken(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("Somebody else has a stream of that name, or it is part of another call.")


class CallsUnavailable(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("Nobody can be called now.")


class MediaUnavailable(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("The media service does not answer, so nothing can be attached now.")


class UnknownAttachment(ChatRefusal):
    def __init__(self) -> None:
        super().__init__("A file named in `attachments` does not exist or is not yours.")


class TooManyMessages(ChatRefusal):
    def __init__(self, per_second_max: int) -> None:
        super().__init__(f"More than {per_second_max} messages a second; wait a moment.")


class TooManyConnections(ChatRefusal):
    def __init__(self, connections_max: int) -> None:
        super().__init__(f"{connections_max} connections are open already, or too many were opened just now.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "5"}


class NotStored(ChatRefusal):
    """The disk refused; nothing was acknowledged, nothing kept."""

    def __init__(self) -> None:
        super().__init__("Nothing was stored, and nothing has changed. Send it again, a message with the same nonce.")


class DirectoryUnavailable(ChatRefusal):
    """Whether the other person exists cannot be known now."""

    def __init__(self) -> None:
        super().__init__("The auth service does not answer, and this person is not known here yet. Try again.")

    @property
    def headers(self) -> dict[str, str]:
        return {"Retry-After": "1"}
