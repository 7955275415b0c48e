"""Notices: what a page says once after a form has done its work. The cookie carries the key, never a text."""

from gateway.domain.languages import gettext_noop

NOTICES = {
    "signed-up": gettext_noop("Welcome! Sign in with your new account."),
    "saved": gettext_noop("Saved."),
    "password-changed": gettext_noop("Your password is changed. All other devices were signed out."),
    "device-ended": gettext_noop("That device is signed out."),
    "room-made": gettext_noop("The room is there. Say something!"),
    "room-left": gettext_noop("You have left the room."),
    "room-closed": gettext_noop("The room is closed."),
    "member-added": gettext_noop("Added to the room."),
    "member-removed": gettext_noop("Removed from the room."),
    "chat-saved": gettext_noop("Saved among your chats."),
}
