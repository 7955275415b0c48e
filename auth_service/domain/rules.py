"""What people may choose: usernames, passwords, nicknames, addresses of e-mail and of pictures."""

import re
import unicodedata
from collections.abc import Callable

import msgspec

from auth_service.domain.account import Registration, fold_username
from auth_service.domain.instance import InstanceChange
from servicekit.problems import FieldError, Invalid
from servicekit.texts import (
    NO_CONTROLS,
    SEEN_LINE_PATTERN,
    UNFIT_IN_PATTERNS,
    fits_one_line,
    is_visible,
    name_fault,
    trimmed,
)
from servicekit.web_addresses import leads_elsewhere

_USERNAME = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9_.-]+")  # "." and ".." are places in a path, not names
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_ADDRESS_PART = rf"[^\s\\<>\"{UNFIT_IN_PATTERNS}]+"
_EMAIL_PART = rf"[^@\s{UNFIT_IN_PATTERNS}]+"
# Our own files and nothing beside them: no other path of ours is a picture.
_OWN_FILE = re.compile(r"/api/files/[A-Za-z0-9_-]+(/thumbnail)?(\?[A-Za-z0-9_=&-]*)?")
# Composing takes the square of the number of marks in a row: what is longer than this is left as it is.
_COMPOSED_LENGTH_MAX = 1_024
INSTANCE_NAME_LENGTH_MAX = 64
DESCRIPTION_LENGTH_MAX = 1_000
STATUS_LENGTH_MAX = 100
USERNAMES_MAX = 100  # that are looked up together
_REPLACEMENT = "\ufffd"  # stands where bytes were not UTF-8


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Each method returns the value as it is kept, or raises Invalid, naming the field.

    Lengths are in characters (code points).
    """

    username_length_min: int
    username_length_max: int
    password_length_min: int
    password_length_max: int
    nickname_length_max: int
    email_length_max: int
    avatar_url_length_max: int
    users_found_max: int
    is_common_password: Callable[[str], bool]

    @property
    def username_limits(self) -> dict[str, object]:
        """As JSON Schema, as is what else says `limits` here."""
        return {
            "minLength": self.username_length_min,
            "maxLength": self.username_length_max,
            "pattern": f"^{_USERNAME.pattern}$",
        }

    @property
    def password_limits(self) -> dict[str, object]:
        return {
            "minLength": self.password_length_min,
            "maxLength": self.password_length_max,
            "pattern": SEEN_LINE_PATTERN,
        }

    @property
    def nickname_limits(self) -> dict[str, object]:
        return {"minLength": 1, "maxLength": self.nickname_length_max, "pattern": SEEN_LINE_PATTERN}

    @property
    def part_limits(self) -> dict[str, object]:
        return {"minLength": 1, "maxLength": self.part_length_max, "pattern": SEEN_LINE_PATTERN}

    @property
    def email_limits(self) -> dict[str, object]:
        return {
            "maxLength": self.email_length_max,
            "pattern": rf"^\s*({_EMAIL_PART}@{_EMAIL_PART})?\s*$",
        }

    @property
    def avatar_url_limits(self) -> dict[str, object]:
        return {
            "maxLength": self.avatar_url_length_max,
            "pattern": rf"^\s*([Hh][Tt][Tt][Pp][Ss]?://{_ADDRESS_PART}|{_OWN_FILE.pattern})?\s*$",
        }

    @property
    def part_length_max(self) -> int:
        return max(self.username_length_max, self.nickname_length_max)

    def registration(self, *, username: str, password: str, email: str | None) -> Registration:
        username, email = username.strip(), (email or "").strip()
        _accept(
            username=self._username_fault(username),
            password=self._password_fault(password, username),
            email=self._email_fault(email) if email else None,
        )
        return Registration(username, password, email or None)

    def email(self, email: str) -> str | None:
        """None for an empty one."""
        email = email.strip()
        _accept(email=self._email_fault(email) if email else None)
        return email or None

    def reset_password(self, password: str, *, username: str) -> str:
        """As a new one, which is called otherwise."""
        _accept(password=self._password_fault(password, username))
        return password

    def new_password(self, password: str, *, username: str) -> str:
        """The password as given: nothing is trimmed, and whoever hashes it composes it."""
        _accept(new_password=self._password_fault(password, username))
        return password

    def nickname(self, nickname: str) -> str:
        """Trimmed and composed (NFC), so that names that look alike are more often the same characters."""
        nickname = _composed(trimmed(nickname))
        _accept(nickname=self._nickname_fault(nickname))
        return nickname

    def status(self, status: str) -> str:
        """As a nickname is kept, but empty for none."""
        status = _composed(trimmed(status))
        _accept(status=_one_line_fault(status, STATUS_LENGTH_MAX) if status else None)
        return status

    def instance(self, change: InstanceChange) -> InstanceChange:
        """With the texts trimmed; the description may have lines, and may be empty."""
        name = None if change.name is None else _composed(trimmed(change.name))
        description = None if change.description is None else change.description.strip()
        _accept(
            name=None if name is None else _one_line_fault(name, INSTANCE_NAME_LENGTH_MAX),
            description=_outside("the length", len(description or ""), 0, DESCRIPTION_LENGTH_MAX),
        )
        return msgspec.structs.replace(change, name=name, description=description)

    def avatar_url(self, url: str, *, own_host: str) -> str:
        """The address of a picture, of another host or the path of a file of ours; empty for none."""
        url = url.strip()
        _accept(avatar_url=self._avatar_url_fault(url, own_host) if url else None)
        return url

    def users_wanted(self, limit: int | None, default: int = 20) -> int:
        wanted = min(default, self.users_found_max) if limit is None else limit
        _accept(limit=_outside("the number", wanted, 1, self.users_found_max))
        return wanted

    def usernames(self, listed: str) -> tuple[str, ...]:
        """Of people who are looked up together, each once."""
        usernames = tuple(dict.fromkeys(filter(None, map(str.strip, listed.split(",")))))
        _accept(usernames=_outside("the number", len(usernames), 1, USERNAMES_MAX))
        return usernames

    def part_of_name(self, query: str) -> str:
        """Of a username or nickname that is looked for."""
        query = trimmed(query)
        _accept(query=_outside("the length", len(query), 1, self.part_length_max) or _text_fault(query))
        return query

    def _username_fault(self, username: str) -> str | None:
        if not _USERNAME.fullmatch(username):
            return "Only letters (A-Z), digits, and the signs _ . - are allowed."
        return _outside("the length", len(username), self.username_length_min, self.username_length_max)

    def _password_fault(self, password: str, username: str) -> str | None:
        password = composed_password(password)
        fault = _outside("the length", len(password), self.password_length_min, self.password_length_max)
        if fault := fault or _text_fault(password):
            return fault
        if not is_visible(password):
            return "Something has to be seen."
        if fold_username(password) == fold_username(username):
            return "The username is no password: everyone knows it."
        if self.is_common_password(password):
            return "This is one of the commonest passwords, which are tried first."
        return None

    def _nickname_fault(self, nickname: str) -> str | None:
        return _one_line_fault(nickname, self.nickname_length_max)

    def _email_fault(self, email: str) -> str | None:
        if not _EMAIL.fullmatch(email) or not all(map(is_visible, email.split("@"))):
            return "Expected an address such as ada@example.org."
        return _outside("the length", len(email), 3, self.email_length_max) or _text_fault(email)

    def _avatar_url_fault(self, url: str, own_host: str) -> str | None:
        fault = _outside("the length", len(url), 1, self.avatar_url_length_max) or _text_fault(url)
        if fault or _OWN_FILE.fullmatch(url) or leads_elsewhere(url, own_host=own_host):
            return fault
        return "Expected an http or https address of another host, or the path of a picture uploaded here."


def composed_password(password: str) -> str:
    """The form in which a password is hashed and compared (RFC 8265 §4.2): the same from every keyboard."""
    return _composed(password)


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text) if len(text) <= _COMPOSED_LENGTH_MAX else text


def _accept(**faults: str | None) -> None:
    errors = [FieldError(field, fault) for field, fault in faults.items() if fault is not None]
    if errors:
        raise Invalid(*errors)


def _outside(what: str, value: int, least: int, most: int) -> str | None:
    return None if least <= value <= most else f"Expected {what} to be {least} to {most}, got {value}."


def _one_line_fault(name: str, length_max: int) -> str | None:
    return name_fault(name) or _outside("the length", len(name), 1, length_max) or _text_fault(name)


def _text_fault(text: str) -> str | None:
    if not fits_one_line(text):
        return NO_CONTROLS
    return "Characters that cannot be shown are not allowed." if _REPLACEMENT in text else None
