"""Explanations: why something was refused, in the words of the reader, and beside which field."""

import re
from collections.abc import Callable, Mapping

from gateway.domain.items import Problem

Say = Callable[..., str]


def _later(text: str) -> str:
    """Marks a text for translation; it is translated when it is said."""
    return text


FALLBACK = _later("That did not work.")
STILL_SIGNED_IN = _later(
    "This browser is signed out, but the server could not end the session. Who has a copy of it can still use it:"
    " sign in again and end it in the settings, under devices."
)
BY_CODE = {
    "wrong_credentials": _later("Username or password are wrong."),
    "wrong_password": _later("The current password is wrong."),
    "username_taken": _later("This username is taken."),
    "too_many_messages": _later("Too many messages at once. Wait a moment, then send it again."),
    "message_empty": _later("Write something first, or add a picture."),
    "message_too_long": _later("The message is too long."),
    "invalid_message": _later("The message holds a character that cannot be kept."),
    "invalid_emoji": _later("A reaction is one emoji."),
    "recipient_is_self": _later("You cannot write to yourself."),
    "unknown_recipient": _later("There is nobody of that name."),
    "unknown_user": _later("There is nobody of that name."),
    "unknown_room": _later("There is no such room, or it is private."),
    "unknown_message": _later("This message is not there any more."),
    "unknown_session": _later("That device was signed out already."),
    "not_a_member": _later("You are not in this room."),
    "not_the_author": _later("Only who wrote a message may change it."),
    "not_the_owner": _later("Only the owner of the room may do this."),
    "owner_stays": _later("The owner cannot leave the room, only close it."),
    "room_taken": _later("There is a room of that name already."),
    "too_many_rooms": _later("That would be one room too many. Leave or close one first."),
    "room_full": _later("The room is full."),
    "too_many_invitations": _later("Too many invitations. Wait a while, then send the next."),
    "too_many_reactions": _later("That would be one reaction too many for this message."),
    "too_many_saved_chats": _later("That would be one saved chat too many."),
    "took_too_long": _later("That takes too long to find. Look for something narrower."),
    "query_empty": _later("Say what to look for."),
    "file_too_large": _later("The picture is too large: 10 MiB is the most."),
    "too_many_files": _later("Too many pictures at once: 20 is the most."),
    "picture_too_large": _later("The picture has too many pixels."),
    "quota_exceeded": _later("There is no room left for your pictures. Remove some first."),
    "not_a_picture": _later("Only pictures can be sent: JPEG, PNG, WebP or GIF."),
    "broken_picture": _later("The picture is broken."),
    "too_slow": _later("The picture did not arrive. Try again."),
    "body_too_large": _later("That is too much at once."),
    "cross_origin": _later("This form was sent from another site, so nothing was done."),
    "service_unavailable": _later("Part of Parley is away. Try again in a moment."),
    "media_unavailable": _later("Pictures cannot be sent right now. Try again in a moment."),
    "directory_unavailable": _later("It cannot be known right now who that is. Try again in a moment."),
    "not_stored": _later("The message could not be stored. Send it again."),
    "unavailable": _later("Part of Parley is away. Try again in a moment."),
}
# What scripts may be told, over a socket or after an upload, where no page is made of it.
_FOR_SCRIPTS = (
    "too_many_messages",
    "too_many_reactions",
    "message_empty",
    "message_too_long",
    "invalid_message",
    "invalid_emoji",
    "recipient_is_self",
    "unknown_recipient",
    "unknown_room",
    "unknown_message",
    "not_a_member",
    "not_the_author",
    "file_too_large",
    "too_many_files",
    "picture_too_large",
    "quota_exceeded",
    "not_a_picture",
    "broken_picture",
    "too_slow",
    "body_too_large",
    "media_unavailable",
    "directory_unavailable",
    "not_stored",
    "unavailable",
)
# What the services say of single fields.
BY_DETAIL = {
    "Only letters (A-Z), digits, and the signs _ . - are allowed.": _later(
        "Only letters (A-Z), digits, and the signs _ . - are allowed."
    ),
    "Something has to be seen.": _later("Something has to be seen."),
    "Control characters are not allowed.": _later("Control characters are not allowed."),
    "Characters that cannot be shown are not allowed.": _later("Characters that cannot be shown are not allowed."),
    "The username is no password: everyone knows it.": _later("The username is no password: everyone knows it."),
    "This is one of the commonest passwords, which are tried first.": _later(
        "This is one of the commonest passwords, which are tried first. Choose another."
    ),
    "Expected an address such as ada@example.org.": _later("An address looks like ada@example.org."),
    "Expected an http or https address of another host, or the path of a picture uploaded here.": _later(
        "Give an http or https address of a picture."
    ),
}
_BETWEEN = _later("Between %(least)s and %(most)s characters, please.")
_AT_MOST = _later("At most %(most)s characters, please.")
_NAME_RULE = _later("Only letters (A-Z), digits, and the signs _ . - are allowed, at most 64.")
_SIGN_INS = _later("Too many sign-ins; try again in %(seconds)s s.")
_PASSWORDS = _later("Too many attempts; try again in %(seconds)s s.")
_REGISTRATIONS = _later("Too many registrations; try again in %(seconds)s s.")
_AT_ONCE = _later("Too many searches at once; wait for one to end.")
_NAMES = _later("Too many names that were taken; wait a while.")
_TEMPLATES = (
    (re.compile(r"\d+ of your requests of this kind are under way already; wait for one to end\."), _AT_ONCE),
    (re.compile(r"More than \d+ names that were taken in an hour; wait a while\."), _NAMES),
    (re.compile(r"Expected the length to be (?P<least>\d+) to (?P<most>\d+), got \d+\."), _BETWEEN),
    (re.compile(r"Expected `str` of length <= (?P<most>\d+).*", re.DOTALL), _AT_MOST),
    (re.compile(r"Expected `str` (?:matching regex|of length >= 1).*", re.DOTALL), _NAME_RULE),
    (re.compile(r"Too many sign-ins; try again in (?P<seconds>\d+) s\."), _SIGN_INS),
    (re.compile(r"Too many password attempts; try again in (?P<seconds>\d+) s\."), _PASSWORDS),
    (re.compile(r"Too many registrations; try again in (?P<seconds>\d+) s\."), _REGISTRATIONS),
)
_FIELD_OF_CODE = {
    "username_taken": "username",
    "wrong_password": "current_password",
    "room_taken": "name",
    "query_empty": "query",
}


def explain(problem: Problem, say: Say) -> tuple[str, dict[str, str]]:
    """What to say above a form, if anything, and beside which field what."""
    if problem.errors:
        return "", {error.field: detail(error.detail, say) for error in problem.errors}
    text = in_short(problem, say)
    field = _FIELD_OF_CODE.get(problem.code)
    return ("", {field: text}) if field else (text, {})


def in_short(problem: Problem, say: Say) -> str:
    """One sentence, or a few."""
    if problem.errors:
        return " ".join(detail(error.detail, say) for error in problem.errors)
    if problem.code in BY_CODE:
        return say(BY_CODE[problem.code])
    return detail(problem.detail, say) if problem.detail else say(FALLBACK)


def for_scripts(say: Say) -> dict[str, str]:
    """The words for what scripts may be told, by code."""
    return {code: say(BY_CODE[code]) for code in _FOR_SCRIPTS}


def detail(text: str, say: Say) -> str:
    if text in BY_DETAIL:
        return say(BY_DETAIL[text])
    for pattern, template in _TEMPLATES:
        if (match := pattern.fullmatch(text)) is not None:
            return say(template, **match.groupdict())
    return text


def not_shown(faults: Mapping[str, str], fields: tuple[str, ...]) -> str:
    """What is wrong with fields that the form does not show."""
    return " ".join(text for field, text in faults.items() if field not in fields)
