"""People as a page shows them: a name, a picture, or letters on a colour."""

import unicodedata
from urllib.parse import quote

import msgspec

from gateway.domain.conversations import Conversation
from servicekit.etags import version_of

HUES = 12


class Person(msgspec.Struct, frozen=True):
    """Somebody as everyone may see them; `pfp` is the address that they gave, and `status` what they say of themselves,
    or empty. `nickname` is what they call themselves, where the reader calls them otherwise.
    """

    username: str
    name: str
    pfp: str = ""
    status: str = ""
    nickname: str = ""

    @property
    def conversation(self) -> Conversation:
        """The chat with them."""
        return Conversation.with_person(self.username)

    @property
    def picture(self) -> str:
        """Where a page finds their picture, another path for each other `pfp`; empty for none.

        Never the address itself: what is there may be endless, and would tell its host who reads when.
        """
        return f"/api/avatars/{quote(self.username, safe='')}?v={version_of(self.pfp)}" if self.pfp else ""

    @property
    def handle(self) -> str:
        """`@username`, to be shown beside every name but one that can be nobody else's username; else empty.

        A nickname may be another's username, or look like it. Only one's own, in any case, is unmistakable.
        """
        return "" if likeness(self.name) == likeness(self.username) else f"@{self.username}"

    @property
    def for_scripts(self) -> dict[str, str]:
        named = {"nickname": self.nickname} if self.nickname else {}
        return {"name": self.name, "picture": self.picture, **named}

    @property
    def initials(self) -> str:
        return initials(self.name or self.username)

    @property
    def hue(self) -> int:
        return hue(self.username)


def named_person(person: Person | None, named: Person | None) -> Person | None:
    """By the name that the reader gave them, if they gave one."""
    if person is None or named is None:
        return person or named
    is_same = person.name == named.name
    return person if is_same else msgspec.structs.replace(person, name=named.name, nickname=person.name)


def likeness(name: str) -> str:
    """The form in which the scripts compare names too: without width and case (NFKC), and what is not seen (Cf)."""
    seen = "".join(char for char in unicodedata.normalize("NFKC", name) if unicodedata.category(char) != "Cf")
    return seen.strip().lower()


def initials(name: str) -> str:
    """The first letters of the first and of the last word."""
    words = [word for word in name.split() if word[0].isalnum()] or name.split()
    letters = [word[0] for word in (words[:1] + words[1:][-1:])]
    return "".join(letters).upper() or "?"


def hue(username: str) -> int:
    """Which of the colours is theirs, always the same; scripts count alike."""
    return sum(map(ord, username.lower())) % HUES
