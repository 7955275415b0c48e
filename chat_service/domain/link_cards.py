"""Link cards: what is shown of the pages that a message links to."""

import re
from html import unescape

import msgspec

LINKS_MAX = 3
URL_LENGTH_MAX = 2_000
_SPOILER = 'class="spoiler"'
_LINK = re.compile(r'<a href="(?P<href>[^"]*)"')
_TAG = re.compile(r'<(?:a href="(?P<href>[^"]*)"|span(?P<spoiler> class="spoiler")?|(?P<end>/)span\b)')


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What a page says of itself; `picture` is a path of ours."""

    title: str
    description: str
    site: str
    picture: str | None = None


class Card(Page, frozen=True, kw_only=True):
    """The same, with the link as it stands in the message."""

    url: str


class StoredCards(msgspec.Struct, frozen=True):
    """The cards of a message, and the links that were looked at: they may have none, or its author wants none."""

    links: tuple[str, ...]
    cards: tuple[Card, ...] = ()


def links_in(html: str | None) -> tuple[str, ...]:
    """The first LINKS_MAX pages that the HTML of a message links to, each once. In spoilers and code there is none."""
    found: dict[str, None] = {}
    if html is None or "<a " not in html:
        return ()
    spans: list[bool] = []  # those that are open, and whether they are spoilers
    for tag in (_TAG if _SPOILER in html else _LINK).finditer(html):
        if tag["href"] is None:
            if not tag["end"]:
                spans.append(tag["spoiler"] is not None)
            elif spans:
                spans.pop()
        elif not any(spans) and _is_page(url := unescape(tag["href"])):
            found[url] = None
            if len(found) == LINKS_MAX:
                break
    return tuple(found)


def _is_page(url: str) -> bool:
    return len(url) <= URL_LENGTH_MAX and url.lower().startswith(("http://", "https://"))


def shown_cards(stored: str | None, html: str | None) -> tuple[Card, ...]:
    """Of what is stored, the cards of links that the message still has."""
    if not stored:
        return ()
    links = links_in(html)
    return tuple(card for card in decode(stored).cards if card.url in links)


def decode(stored: str) -> StoredCards:
    return _decoder.decode(stored)


def encode(cards: StoredCards) -> str:
    return msgspec.json.encode(cards).decode()


def told(cards: tuple[Card, ...]) -> str:
    """What the event `cards` says of them."""
    return msgspec.json.encode({"cards": cards}).decode()


_decoder = msgspec.json.Decoder(StoredCards)
