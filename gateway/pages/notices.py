"""Notices: what a page says once after a form has done its work. The cookie carries the key, never a text."""


def _later(text: str) -> str:
    """Marks a text for translation; it is translated when it is said."""
    return text


NOTICES = {
    "signed-up": _later("Welcome! Sign in with your new account."),
    "saved": _later("Saved."),
    "password-changed": _later("Your password is changed. All other devices were signed out."),
    "device-ended": _later("That device is signed out."),
    "room-made": _later("The room is there. Say something!"),
    "room-left": _later("You have left the room."),
    "room-closed": _later("The room is closed."),
    "member-added": _later("Added to the room."),
    "member-removed": _later("Removed from the room."),
    "chat-saved": _later("Saved among your chats."),
}
