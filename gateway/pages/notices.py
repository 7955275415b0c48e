"""Notices: what a page says once after a form has done its work. The cookie carries the key, never a text."""

from gateway.domain.languages import gettext_noop

NOTICES = {
    "signed-up": gettext_noop("Welcome! Sign in with your new account."),
    "signed-in": gettext_noop("Welcome! Your account is there."),
    "welcome": gettext_noop("Welcome! This is the lobby, where everybody is. Say hello!"),
    "password-reset": gettext_noop("Your password is changed. Sign in with it."),
    "marked-unread": gettext_noop("Marked as unread."),
    "not-all-read": gettext_noop("Not everything could be marked as read at once. Once more marks the rest."),
    "saved": gettext_noop("Saved."),
    "password-changed": gettext_noop("Your password is changed. All other devices were signed out."),
    "device-ended": gettext_noop("That device is signed out."),
    "invitation-made": gettext_noop("The invitation is made. Send its link to whom you like."),
    "invitation-ended": gettext_noop("The invitation has ended: nobody comes in by it any more."),
    "banned": gettext_noop("Banned. All their devices are signed out."),
    "ban-ended": gettext_noop("The ban has ended."),
    "report-handled": gettext_noop("What became of the report is noted."),
    "reported": gettext_noop("Reported. The moderators will look at it."),
    "blocked": gettext_noop("Blocked. They cannot write to you, call you or invite you any more."),
    "unblocked": gettext_noop("Blocked no longer."),
    "timed-out": gettext_noop("Timed out: they may read here, but not write."),
    "timeout-ended": gettext_noop("The timeout has ended."),
    "role-changed": gettext_noop("The role is changed."),
    "email-changed": gettext_noop("Your e-mail address is changed."),
    "account-erased": gettext_noop("Your account is erased."),
    "room-made": gettext_noop("The room is there. Say something!"),
    "room-left": gettext_noop("You have left the room."),
    "room-closed": gettext_noop("The room is closed."),
    "member-added": gettext_noop("Added to the room."),
    "member-removed": gettext_noop("Removed from the room."),
    "chat-saved": gettext_noop("Saved among your chats."),
}
