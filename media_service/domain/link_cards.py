"""Link cards: what a message shows of a page that it links to, in the page's own words."""

from collections.abc import Mapping
from urllib.parse import urldefrag, urljoin, urlsplit

import msgspec

from servicekit.texts import as_one_line, is_visible

URL_LENGTH_MAX = 2_000
TITLE_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 300
SITE_LENGTH_MAX = 60
# The first of these that says something: Open Graph (https://ogp.me), Twitter's, HTML's own.
_TITLES = ("og:title", "twitter:title", "title")
_DESCRIPTIONS = ("og:description", "twitter:description", "description")
_SITES = ("og:site_name", "application-name")
_PICTURES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src", "image_src")
WANTED = frozenset((*_TITLES, *_DESCRIPTIONS, *_SITES, *_PICTURES))


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """`picture` is a path of ours."""

    title: str
    description: str
    site: str
    picture: str | None = None


class KnownCard(msgspec.Struct, frozen=True):
    """What an address gave when it was last asked, at `tried_at`."""

    tried_at: float
    card: Card | None


class CardPicture(msgspec.Struct, frozen=True):
    """A small WebP. `seen_at` is when it was last asked for, to the day."""

    id: str
    seen_at: float
    data: bytes


def page_of(url: str) -> str | None:
    """The address of the page that a link leads to, whichever part of it; None for what is none of the Web's."""
    if len(url) > URL_LENGTH_MAX or not url.lower().startswith(("http://", "https://")):
        return None
    try:
        return urldefrag(url).url
    except ValueError:  # what only looks like an address of IPv6, say
        return None


def card_of(said: Mapping[str, str], url: str) -> Card | None:
    """Of what a page at `url` says of itself, by name; None where it has no title. Its picture is still elsewhere."""
    title = _first(said, _TITLES, TITLE_LENGTH_MAX)
    if not title:
        return None
    return Card(
        title=title,
        description=_first(said, _DESCRIPTIONS, DESCRIPTION_LENGTH_MAX),
        site=_first(said, _SITES, SITE_LENGTH_MAX) or _host(url),
    )


def picture_address(said: Mapping[str, str], url: str) -> str | None:
    """Where the page's picture is, if that may be asked at all."""
    found = next((said[name].strip() for name in _PICTURES if said.get(name, "").strip()), "")
    if not found:
        return None
    try:
        return page_of(urljoin(url, found))
    except ValueError:
        return None


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _first(said: Mapping[str, str], names: tuple[str, ...], length_max: int) -> str:
    lines = (_line(said.get(name, ""), length_max) for name in names)
    return next((line for line in lines if line), "")


def _line(text: str, length_max: int) -> str:
    """As it may stand in one line; empty where nothing of it is seen."""
    line = as_one_line(" ".join(text[: 8 * length_max].split()))
    if not is_visible(line):
        return ""
    return line if len(line) <= length_max else line[: length_max - 1].rstrip() + "…"
