"""Error messages: why something was refused, in the reader's language, and beside which field."""

import re
from collections.abc import Callable, Mapping

from gateway.domain.api_types import Problem
from gateway.domain.languages import gettext_noop

Gettext = Callable[..., str]

FALLBACK = gettext_noop("That did not work.")
STILL_SIGNED_IN = gettext_noop(
    "This browser is signed out, but the server could not end the session. Who has a copy of it can still use it:"
    " sign in again and end it in the settings, under devices."
)
BY_CODE = {
    "wrong_credentials": gettext_noop("Username or password are wrong."),
    "wrong_password": gettext_noop("The current password is wrong."),
    "username_taken": gettext_noop("This username is taken."),
    "too_many_messages": gettext_noop("Too many messages at once. Wait a moment, then send it again."),
    "message_empty": gettext_noop("Write something first, or add a file."),
    "message_too_long": gettext_noop("The message is too long."),
    "invalid_message": gettext_noop("The message holds a character that cannot be kept."),
    "invalid_emoji": gettext_noop("A reaction is one emoji."),
    "recipient_is_self": gettext_noop("You cannot write to yourself."),
    "unknown_recipient": gettext_noop("There is nobody of that name."),
    "unknown_user": gettext_noop("There is nobody of that name."),
    "unknown_room": gettext_noop("There is no such room, or it is private."),
    "unknown_message": gettext_noop("This message is not there any more."),
    "unknown_session": gettext_noop("That device was signed out already."),
    "not_a_member": gettext_noop("You are not in this room."),
    "not_the_author": gettext_noop("Only who wrote a message may change it."),
    "not_the_owner": gettext_noop("Only the owner of the room may do this."),
    "owner_stays": gettext_noop("The owner cannot leave the room, only close it."),
    "room_taken": gettext_noop("There is a room of that name already."),
    "too_many_rooms": gettext_noop("That would be one room too many. Leave or close one first."),
    "room_full": gettext_noop("The room is full."),
    "too_many_invitations": gettext_noop("Too many invitations. Wait a while, then send the next."),
    "too_many_pins": gettext_noop("As much as can be is pinned here. Unpin something first."),
    "too_many_reactions": gettext_noop("That would be one reaction too many for this message."),
    "too_many_saved_chats": gettext_noop("That would be one saved chat too many."),
    "took_too_long": gettext_noop("That takes too long to find. Look for something narrower."),
    "query_empty": gettext_noop("Say what to look for."),
    "query_invalid": gettext_noop("Something with a colon cannot be looked for like that."),
    "file_too_large": gettext_noop("The file is too large."),
    "too_many_files": gettext_noop("Too many files at once: 20 is the most."),
    "picture_too_large": gettext_noop("The picture has too many pixels."),
    "quota_exceeded": gettext_noop("There is no room left for your files. Remove some first."),
    "not_a_picture": gettext_noop("This picture cannot be shown here. Save it as JPEG or PNG, then send that."),
    "broken_picture": gettext_noop("The picture is broken."),
    "too_slow": gettext_noop("The file did not arrive. Try again."),
    "too_many_uploads": gettext_noop("Too many uploads are unfinished. Try again later."),
    "unknown_upload": gettext_noop("The upload has ended. Try again."),
    "body_too_large": gettext_noop("That is too much at once."),
    "cross_origin": gettext_noop("This form was sent from another site, so nothing was done."),
    "service_unavailable": gettext_noop("Part of Parley is away. Try again in a moment."),
    "media_unavailable": gettext_noop("Files cannot be sent right now. Try again in a moment."),
    "directory_unavailable": gettext_noop("It cannot be known right now who that is. Try again in a moment."),
    "not_stored": gettext_noop("The message could not be stored. Send it again."),
    "unknown_report": gettext_noop("This report is not there any more."),
    "not_allowed": gettext_noop("Your role does not allow this."),
    "timed_out": gettext_noop("You are timed out in this room: you may read here, but not write."),
    "slow_mode": gettext_noop("This room is in slow mode. You can send this in %(seconds)s s."),
    "not_accepted": gettext_noop("They take no messages, calls and invitations from you."),
    "too_many_blocks": gettext_noop("You have blocked as many people as you can. Unblock somebody first."),
    "already_reported": gettext_noop("You have reported this already. The moderators will look at it."),
    "report_of_self": gettext_noop("You cannot report yourself."),
    "too_many_reports": gettext_noop("Too many reports in an hour. Wait a while, then send the next."),
    "banned": gettext_noop("This account is banned."),
    "last_owner": gettext_noop("There has to be an owner: make somebody else one before."),
    "unknown_link": gettext_noop("There is no such link. Perhaps it is not whole: look for its end."),
    "link_spent": gettext_noop("This link has been used, or has ended."),
    "registration_closed": gettext_noop("Nobody new can register here at the moment."),
    "invitation_needed": gettext_noop("An invitation is needed to register here."),
    "invitation_spent": gettext_noop("This invitation has ended. Ask for another."),
    "unavailable": gettext_noop("Part of Parley is away. Try again in a moment."),
}
# Of many kinds, which the services' own sentences tell apart: said where such a sentence is not known here.
_OF_ANY_KIND = {"too_many_requests": gettext_noop("Too often. Wait a while, then try again.")}
# What scripts may be told, over a socket or after an upload, where no page is made of it.
_FOR_SCRIPTS = (
    "too_many_messages",
    "too_many_reactions",
    "too_many_pins",
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
    "not_allowed",
    "not_accepted",
    "timed_out",
    "slow_mode",
    "file_too_large",
    "too_many_files",
    "picture_too_large",
    "quota_exceeded",
    "not_a_picture",
    "broken_picture",
    "too_slow",
    "too_many_uploads",
    "unknown_upload",
    "body_too_large",
    "media_unavailable",
    "directory_unavailable",
    "not_stored",
    "unavailable",
)
# What the services say of single fields.
BY_DETAIL = {
    "has: takes file, picture, audio, video or link.": gettext_noop("has: takes file, picture, audio, video or link."),
    "before: and after: take a day such as 2026-11-29.": gettext_noop(
        "before: and after: take a day such as 2026-11-29."
    ),
    "Only letters (A-Z), digits, and the signs _ . - are allowed.": gettext_noop(
        "Only letters (A-Z), digits, and the signs _ . - are allowed."
    ),
    "Something has to be seen.": gettext_noop("Something has to be seen."),
    "Control characters are not allowed.": gettext_noop("Control characters are not allowed."),
    "Characters that cannot be shown are not allowed.": gettext_noop(
        "Characters that cannot be shown are not allowed."
    ),
    "The username is no password: everyone knows it.": gettext_noop("The username is no password: everyone knows it."),
    "This is one of the commonest passwords, which are tried first.": gettext_noop(
        "This is one of the commonest passwords, which are tried first. Choose another."
    ),
    "Expected an address such as ada@example.org.": gettext_noop("An address looks like ada@example.org."),
    "Expected an http or https address of another host, or the path of a picture uploaded here.": gettext_noop(
        "Give an http or https address of a picture."
    ),
}
_LEAST = gettext_noop("%(least)s is the least.")
_MOST = gettext_noop("%(most)s is the most.")
_WHOLE = gettext_noop("A whole number, please.")
_OFTEN = gettext_noop("Too often; try again in %(seconds)s s.")
_ACTS = "bans|invitations|link visits|changes of your profile"
_BETWEEN = gettext_noop("Between %(least)s and %(most)s characters, please.")
_AT_MOST = gettext_noop("At most %(most)s characters, please.")
_NAME_RULE = gettext_noop("Only letters (A-Z), digits, and the signs _ . - are allowed, at most 64.")
_SIGN_INS = gettext_noop("Too many sign-ins; try again in %(seconds)s s.")
_PASSWORDS = gettext_noop("Too many attempts; try again in %(seconds)s s.")
_REGISTRATIONS = gettext_noop("Too many registrations; try again in %(seconds)s s.")
_AT_ONCE = gettext_noop("Too many searches at once; wait for one to end.")
_NAMES = gettext_noop("Too many names that were taken; wait a while.")
_TEMPLATES = (
    # Of one file of several, which may have other reasons than the first, whose code is told.
    (re.compile(r"[\d,]+ bytes are the most\."), BY_CODE["file_too_large"]),
    (re.compile(r"this is .+"), BY_CODE["not_a_picture"]),
    (re.compile(r"it cannot be decoded.*", re.DOTALL), BY_CODE["broken_picture"]),
    (re.compile(r"(?:it has|its|it is coded in) [\d,]+ (?:pixels|frames|scans).*"), BY_CODE["picture_too_large"]),
    (re.compile(r"\d+ of your requests of this kind are under way already; wait for one to end\."), _AT_ONCE),
    (re.compile(r"More than \d+ names that were taken in an hour; wait a while\."), _NAMES),
    (re.compile(r"Expected the length to be (?P<least>\d+) to (?P<most>\d+), got \d+\."), _BETWEEN),
    (re.compile(r"Expected `int` >= (?P<least>-?\d+).*", re.DOTALL), _LEAST),
    (re.compile(r"Expected `int` <= (?P<most>-?\d+).*", re.DOTALL), _MOST),
    (re.compile(r"Expected `int`.*", re.DOTALL), _WHOLE),
    (re.compile(rf"Too many (?:{_ACTS}); try again in (?P<seconds>\d+) s\."), _OFTEN),
    (re.compile(r"Expected `str` of length <= (?P<most>\d+).*", re.DOTALL), _AT_MOST),
    (re.compile(r"Expected `str` (?:matching regex|of length >= 1).*", re.DOTALL), _NAME_RULE),
    (re.compile(r"Too many sign-ins; try again in (?P<seconds>\d+) s\."), _SIGN_INS),
    (re.compile(r"Too many password attempts; try again in (?P<seconds>\d+) s\."), _PASSWORDS),
    (re.compile(r"Too many registrations; try again in (?P<seconds>\d+) s\."), _REGISTRATIONS),
)
# Where single files are to blame, their names stand in the place of fields.
_OF_FILES = frozenset({"file_too_large", "picture_too_large", "not_a_picture", "broken_picture"})
_FIELD_OF_CODE = {
    "username_taken": "username",
    "wrong_password": "current_password",
    "room_taken": "name",
    "query_empty": "query",
    "invitation_needed": "invitation",
    "invitation_spent": "invitation",
}


def explain(problem: Problem, gettext: Gettext) -> tuple[str, dict[str, str]]:
    """What to say above a form, if anything, and beside which field what."""
    if problem.errors and problem.code not in _OF_FILES:
        return "", {error.field: detail(error.detail, gettext) for error in problem.errors}
    text = in_short(problem, gettext)
    field = _FIELD_OF_CODE.get(problem.code)
    return ("", {field: text}) if field else (text, {})


def in_short(problem: Problem, gettext: Gettext) -> str:
    """One sentence, or a few."""
    if problem.code in _OF_FILES and problem.errors:
        of_all = gettext(BY_CODE[problem.code])
        return " ".join(f"{error.field}: {_known(error.detail, gettext) or of_all}" for error in problem.errors)
    if problem.errors:
        return " ".join(detail(error.detail, gettext) for error in problem.errors)
    if problem.code in BY_CODE:
        values = {} if problem.retry_after_s is None else {"seconds": problem.retry_after_s}
        return gettext(BY_CODE[problem.code], **values)
    if (known := _known(problem.detail, gettext)) is not None:
        return known
    if problem.code in _OF_ANY_KIND:
        return gettext(_OF_ANY_KIND[problem.code])
    return problem.detail or gettext(FALLBACK)


def script_error_messages(gettext: Gettext) -> dict[str, str]:
    """For what scripts may be told, by code."""
    return {code: gettext(BY_CODE[code]) for code in _FOR_SCRIPTS}


def detail(text: str, gettext: Gettext) -> str:
    return _known(text, gettext) or text


def _known(text: str, gettext: Gettext) -> str | None:
    if text in BY_DETAIL:
        return gettext(BY_DETAIL[text])
    for pattern, template in _TEMPLATES:
        if (match := pattern.fullmatch(text)) is not None:
            return gettext(template, **match.groupdict())
    return None


def errors_of_other_fields(field_errors: Mapping[str, str], shown: tuple[str, ...]) -> str:
    """What is wrong with fields that the form does not show."""
    return " ".join(text for field, text in field_errors.items() if field not in shown)
