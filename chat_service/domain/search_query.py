"""Search queries: words and phrases, and operators that say whose messages, where, with what, and of which days."""

import re
from datetime import date

import msgspec

from chat_service.domain.refusals import QueryInvalid
from servicekit.texts import folded_username, is_visible

WORDS_MAX = 10
ME = "me"  # shorter than any username
KINDS = ("file", "picture", "audio", "video", "link")
# In quotes up to the next one, or to the end where there is none; else up to a blank.
_QUOTED = r'"(?P<{0}>[^"]*)(?:"|\Z)'
_TOKEN = re.compile(
    rf"(?P<operator>from|in|has|before|after):(?:{_QUOTED.format('phrase')}|(?P<value>[^\s\"]\S*))"
    rf"|{_QUOTED.format('quoted')}|(?P<word>\S+)",
    re.IGNORECASE,
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a message has to be.

    It holds all `words`, and has all of `kinds`. Of `senders` (small usernames) and `places` (small names, with or
    without their sign) it is enough that it is of one. It is of a day before `before` and after `after`, both in UTC as
    `YYYY-MM-DD`.
    """

    words: tuple[str, ...] = ()
    senders: frozenset[str] = frozenset()
    places: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    before: str | None = None
    after: str | None = None

    @property
    def is_empty(self) -> bool:
        return self == SearchQuery()

    @property
    def labels(self) -> frozenset[str]:
        """What the places may be called in small letters; `in:engines` is a room or a person."""
        return frozenset(label for place in self.places for label in _labels(place))


def parsed(text: str, *, asker: str) -> SearchQuery:
    """The first WORDS_MAX words, and all operators. Raises QueryInvalid for a day or a kind that there is not.

    What stands in quotes is no operator, and neither is what looks like one that there is not.
    """
    words: list[str] = []
    values: dict[str, set[str]] = {"from": set(), "in": set(), "has": set(), "before": set(), "after": set()}
    for token in _TOKEN.finditer(text):
        operator, value = token["operator"], token["phrase"] or token["value"] or ""
        if operator and is_visible(value):
            values[operator.lower()].add(value)
        elif is_visible(word := token["quoted"] or token["word"] or token[0]):
            words.append(word)
    return SearchQuery(
        words=tuple(words[:WORDS_MAX]),
        senders=frozenset(_sender(value, asker) for value in values["from"]),
        places=frozenset(map(folded_username, values["in"])),
        kinds=frozenset(_kind(value) for value in values["has"]),
        before=min(map(_day, values["before"]), default=None),
        after=max(map(_day, values["after"]), default=None),
    )


def _labels(place: str) -> tuple[str, ...]:
    return (place,) if place[0] in "@#" else (f"@{place}", f"#{place}")


def _sender(value: str, asker: str) -> str:
    name = folded_username(value.removeprefix("@"))
    return folded_username(asker) if name == ME else name


def _kind(value: str) -> str:
    if (kind := value.lower()) not in KINDS:
        raise QueryInvalid(f"has: takes {', '.join(KINDS[:-1])} or {KINDS[-1]}.")
    return kind


def _day(value: str) -> str:
    try:
        if _DAY.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise QueryInvalid("before: and after: take a day such as 2026-11-29.")
